"""Answers that are not a stream: the vendors' error bodies, redirects, a proxy's page."""

from __future__ import annotations

from typing import Any

from .script import Script

_OPENAI: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", "context_length_exceeded", "maximum context length is 8192"),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided: sk-abc***xyz."),
    403: ("request_forbidden", "unsupported_country_region_territory", "Country not supported"),
    404: ("invalid_request_error", "model_not_found", "The model does not exist"),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached in organization org-canary"),
    500: ("server_error", None, "The server had an error processing your request"),
    503: ("server_error", "slow_down", "The engine is currently overloaded"),
}

_ANTHROPIC: dict[int, tuple[str, str]] = {
    400: ("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
    401: ("authentication_error", "invalid x-api-key"),
    402: ("billing_error", "Your organization has run out of credit"),
    403: ("permission_error", "Your API key does not have permission"),
    404: ("not_found_error", "model: claude-nowhere"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit"),
    500: ("api_error", "Internal server error"),
    529: ("overloaded_error", "Overloaded"),
}


def error_body(wire: str, script: Script) -> dict[str, Any]:
    """The vendor's JSON for the script's ``status``, ``code`` and ``message``."""
    if wire == "anthropic":
        type, words = _ANTHROPIC.get(script.status, ("api_error", "Something happened"))
        error = {"type": script.code or type, "message": script.message or words}
        return {"type": "error", "error": error, "request_id": "req_simulator"}
    kind, code, words = _OPENAI.get(script.status, ("server_error", None, "Something happened"))
    return {
        "error": {
            "message": script.message or words,
            "type": kind,
            "param": None,
            "code": script.code or code,
        }
    }


def refused_field(wire: str, script: Script, body: dict[str, Any]) -> dict[str, Any] | None:
    """The 400 for the first field of the request that the script refuses, if there is one."""
    for field in script.refuse:
        if field == "prefill":
            if (body.get("messages") or body["input"])[-1]["role"] == "assistant":
                return _invalid(wire, field, "This model does not support assistant prefill.")
        elif _has(body, field):
            return _invalid(wire, field, f"Unsupported parameter: '{field}' is not supported.")
    if wire == "anthropic":
        return _anthropic_rules(body)
    return None


def _has(body: Any, field: str) -> bool:
    """Whether the request has it; ``a.b`` is a field of a field."""
    outer, _, inner = field.partition(".")
    return outer in body and (not inner or _has(body[outer], inner))


def _anthropic_rules(body: dict[str, Any]) -> dict[str, Any] | None:
    """What API version 2026-10-21 refuses of every model."""
    for field in ("temperature", "top_p", "top_k"):
        if field in body:
            return _invalid("anthropic", field, f"{field}: Extra inputs are not permitted")
    if "max_tokens" not in body:
        return _invalid("anthropic", "max_tokens", "max_tokens: Field required")
    for message in body["messages"]:
        content = message["content"]
        if not (content if isinstance(content, str) else content[0]["text"]).strip():
            return _invalid("anthropic", "messages", "text content blocks must be non-empty")
    return None


def _invalid(wire: str, field: str, words: str) -> dict[str, Any]:
    if wire == "anthropic":
        return {"type": "error", "error": {"type": "invalid_request_error", "message": words}}
    return {
        "error": {
            "message": words,
            "type": "invalid_request_error",
            "param": field,
            "code": "unsupported_parameter",
        }
    }


def unknown_response(id: str) -> dict[str, Any]:
    """OpenAI's 404 for a response that it does not have."""
    words = f"Response with id '{id}' not found."
    about = {"message": words, "type": "invalid_request_error", "param": None, "code": None}
    return {"error": about}


PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
