"""The vendors' lists of models."""

from __future__ import annotations

from typing import Any

OPENAI_MODELS = ("sim-one", "sim-two", "text-embedding-3-small", "whisper-1", "dall-e-3", "tts-1")
ANTHROPIC_MODELS = ("claude-sim-1", "claude-haiku-4-5", "claude-retired-1")


def listed(wire: str) -> dict[str, Any]:
    """What ``GET /models`` answers."""
    if wire == "anthropic":
        data = [_anthropic(name) for name in ANTHROPIC_MODELS]
        return {"data": data, "has_more": False, "first_id": data[0]["id"]}
    data = [
        {"id": name, "object": "model", "created": 1, "owned_by": "simulator"}
        for name in OPENAI_MODELS
    ]
    return {"object": "list", "data": data}


def _anthropic(name: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": name,
        "display_name": name.replace("-", " ").title(),
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "retired" if "retired" in name else "active",
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
        "capabilities": {
            "image_input": {"supported": True},
            "thinking": {"supported": True, "types": {"adaptive": {"supported": True}}},
            "effort": {"supported": False},
        },
    }
