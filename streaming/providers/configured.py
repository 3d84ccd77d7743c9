"""The providers of this deployment, as its settings name them. A new one is a line here."""

from __future__ import annotations

from django.conf import settings

from ..catalogue import Catalogue
from .anthropic import AnthropicProvider
from .background import BackgroundProvider
from .base import Provider
from .demo import DemoProvider
from .openai import OpenAIProvider

#: Well-known addresses of servers that speak OpenAI's wire, by the names they are asked for by.
LOCAL_SERVERS = {
    "ollama": ("Ollama", "http://127.0.0.1:11434/v1"),
    "lmstudio": ("LM Studio", "http://127.0.0.1:1234/v1"),
    "llamacpp": ("llama.cpp", "http://127.0.0.1:8080/v1"),
}


def catalogue() -> Catalogue:
    """Who is configured, which local servers to look for, and the demo when there is nobody."""
    configured: list[Provider] = []
    if settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL:
        provider = BackgroundProvider if settings.OPENAI_BACKGROUND else OpenAIProvider
        configured.append(
            provider(api_key=settings.OPENAI_API_KEY, **_address(settings.OPENAI_BASE_URL))
        )
    if settings.ANTHROPIC_API_KEY or settings.ANTHROPIC_BASE_URL:
        configured.append(
            AnthropicProvider(
                api_key=settings.ANTHROPIC_API_KEY, **_address(settings.ANTHROPIC_BASE_URL)
            )
        )
    return Catalogue(
        configured,
        local=[
            OpenAIProvider(name=name, label=label, base_url=base_url)
            for name, (label, base_url) in LOCAL_SERVERS.items()
            if name in settings.LOCAL_SERVERS
        ],
        demo=DemoProvider(tokens_per_second=settings.DEMO_TOKENS_PER_SECOND),
        chosen=settings.CHAT_MODELS,
        default=settings.DEFAULT_MODEL,
    )


def _address(base_url: str) -> dict[str, str]:
    """The vendor's own address is the provider's default."""
    return {"base_url": base_url} if base_url else {}
