"""What went wrong with a call, as a :class:`ProviderError` in words that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .base import ProviderError
from .payload import Malformed, mapping, parse, words
from .retry_after import retry_after_s


@dataclass(frozen=True, slots=True)
class Service:
    """Whom we talk to, as messages about it need it."""

    label: str
    #: ``host:port``, without what else an address may hold.
    host: str
    #: The settings that a person would look at; empty when there is none.
    key_setting: str
    url_setting: str
    #: Only to keep it out of messages.
    key: str = field(default="", repr=False)


#: The vendors' error codes and types that say more than the status does.
_CODES = {
    "authentication_error": "unauthorized",
    "invalid_api_key": "unauthorized",
    "permission_error": "forbidden",
    "model_not_found": "model_not_found",
    "not_found_error": "model_not_found",
    "context_length_exceeded": "context_length",
    "exceed_context_size_error": "context_length",
    "request_too_large": "context_length",
    "rate_limit_error": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
    "insufficient_quota": "quota",
    "billing_error": "quota",
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota",
    "overloaded": "overloaded",
    "overloaded_error": "overloaded",
    "server_is_overloaded": "overloaded",
    "slow_down": "overloaded",
    "timeout_error": "server_error",
    "bio_policy": "bad_request",
    "data_residency_mismatch": "bad_request",
    "invalid_prompt": "bad_request",
    "misalignment_policy_violation": "bad_request",
}

#: What a 400 tells only in words. The first is Gemini's; then OpenAI's, vLLM's and llama.cpp's;
#: the last two are Anthropic's.
_WORDS = (
    ("unauthorized", re.compile(r"api key not valid|(invalid|incorrect) api key")),
    ("context_length", re.compile(r"context (length|size|window|limit)")),
    ("context_length", re.compile(r"(prompt|input) is too long")),
    ("quota", re.compile(r"credit balance is too low")),
)

_STATUSES = {
    401: "unauthorized",
    402: "quota",
    403: "forbidden",
    404: "model_not_found",
    408: "server_error",
    409: "server_error",
    413: "context_length",
    425: "server_error",
    429: "rate_limited",
    503: "overloaded",
    529: "overloaded",
}

_RECOVERABLE = {"rate_limited", "overloaded", "server_error", "unreachable", "malformed"}

_SENTENCES = {
    "forbidden": "{label} does not allow this with {its_key}. Choose another model, or ask whoever "
    "runs this server.",
    "model_not_found": "{label} does not offer the model “{model}” here. Choose another model.",
    "context_length": "This conversation is longer than the model can read. Start a new "
    "conversation, or choose a model with a larger context window.",
    "rate_limited": "{label} is getting too many requests from this server. Try again {when}.",
    "quota": "The account behind {its_key} at {label} has no credit left. Choose another model, or "
    "ask whoever runs this server to add some.",
    "overloaded": "{label} is overloaded. Try again {when}, or choose another model.",
    "server_error": "{label} had an internal error. Try again {when}.",
    "malformed": "{label} sent something that this server cannot read. Try again; if it happens "
    "again, choose another model.",
}


def refused(
    service: Service, status: int, headers: Mapping[str, str], body: bytes, model: str = ""
) -> ProviderError:
    """For an answer that is no stream: any status, also 200."""
    error = _error_object(body)
    if 300 <= status < 400:
        return wrong_address(service, "a redirect instead of something")
    if words(error.get("code")) == "unknown_url" or (not error and status in (200, 404, 405)):
        return wrong_address(service, "nothing")
    if status == 200 and "message" not in error:
        return malformed(service)
    return _error(service, max(status, 400), error, model, retry_after_s(headers))


def reported(service: Service, error: Any, model: str = "") -> ProviderError:
    """For an error that came inside the stream; ``error`` is the vendor's, of any type."""
    about = mapping(error) or {"message": words(error)}
    return _error(service, _stream_status(about), about, model, None)


def _stream_status(about: Mapping[str, Any]) -> int:
    code = about.get("code")
    if isinstance(code, int) and 400 <= code < 600:
        return code
    return 400 if about.get("type") == "invalid_request_error" else 500


def _error_object(body: bytes) -> Mapping[str, Any]:
    """The vendor's error in a body, wherever it is; empty when there is none."""
    text = body.decode("utf-8", "replace").strip()
    if text.startswith("["):  # Gemini's come in a list
        text = text[1:].removesuffix("]")
    try:
        data = parse(text)
    except Malformed:
        return {}
    error = data.get("error", data)
    return mapping(error) or ({"message": error} if words(error) else {})


def wrong_address(service: Service, found: str) -> ProviderError:
    """Something answers there, and it is not what we look for."""
    return ProviderError(
        "unreachable",
        f"At {service.host} there is {found} that answers as {service.label} would. Ask whoever "
        f"runs this server to check {_setting(service.url_setting, 'the address')}.",
        recoverable=False,
    )


def unreachable(service: Service, why: str) -> ProviderError:
    """No connection, or none any more. ``why`` is a clause in plain words."""
    return ProviderError(
        "unreachable",
        f"{service.label} at {service.host} {why}. Try again in a moment; if it stays so, ask "
        f"whoever runs this server to check {_setting(service.url_setting, 'the address')}.",
        recoverable=True,
    )


def lost(service: Service) -> ProviderError:
    """The connection broke before an answer or in the middle of it."""
    return ProviderError(
        "unreachable",
        f"{service.label} broke off the connection. Try again in a moment.",
        recoverable=True,
    )


def cursor_lost(service: Service) -> ProviderError:
    """A call that was to be gone on with is not known there any more, or cannot be asked for."""
    return ProviderError(
        "cursor_lost",
        f"{service.label} no longer has the rest of this answer. Try again.",
        recoverable=False,
    )


def bad_key(service: Service) -> ProviderError:
    """The key holds characters that no key has, and was not sent."""
    setting = _setting(service.key_setting, "its setting")
    return ProviderError(
        "unauthorized",
        f"The key in {setting} holds characters that cannot be sent. Ask whoever runs this server "
        "to check it.",
        recoverable=False,
    )


def malformed(service: Service) -> ProviderError:
    return _said(service, "malformed", "", None)


def _error(
    service: Service,
    status: int,
    about: Mapping[str, Any],
    model: str,
    retry_after: float | None,
) -> ProviderError:
    message = words(about.get("message"))
    code = _classify(status, about, message.lower())
    if code == "bad_request":
        return ProviderError(code, _quoting(service, message), recoverable=False)
    if code == "unauthorized":
        return ProviderError(code, _about_key(service), recoverable=False)
    return _said(service, code, model, retry_after)


def _classify(status: int, about: Mapping[str, Any], message: str) -> str:
    for name in ("code", "type"):
        if (known := _CODES.get(words(about.get(name)))) is not None:
            return known
    if status in (400, 422):
        for code, pattern in _WORDS:
            if pattern.search(message):
                return code
    if status in _STATUSES:
        return _STATUSES[status]
    return "server_error" if status >= 500 else "bad_request"


def _said(service: Service, code: str, model: str, retry_after: float | None) -> ProviderError:
    sentence = _SENTENCES[code].format(
        label=service.label,
        model=model,
        its_key=_setting(service.key_setting, "the key"),
        when=_when(retry_after),
    )
    recoverable = code in _RECOVERABLE
    asked = retry_after if recoverable else None
    return ProviderError(code, sentence, recoverable=recoverable, retry_after_s=asked)


def _setting(name: str, otherwise: str) -> str:
    return name or otherwise


def _about_key(service: Service) -> str:
    setting = _setting(service.key_setting, "its setting")
    if service.key:
        return (
            f"{service.label} refused the key in {setting}. Ask whoever runs this server to "
            "check it."
        )
    return (
        f"{service.label} wants a key, and there is none in {setting}. Ask whoever runs this "
        "server to set it."
    )


def _when(seconds: float | None) -> str:
    if seconds is None or seconds < 1:
        return "in a moment"
    if seconds < 100:
        return f"in {round(seconds)} s"
    if seconds < 5400:
        return f"in {round(seconds / 60)} minutes"
    return f"in {round(seconds / 3600)} hours" if seconds < 172_800 else "another day"


_SECRETS = re.compile(r"\b(sk|key|api|org|proj|req)[-_][\w*.-]{4,}|\bBearer\s+\S+", re.IGNORECASE)


def _quoting(service: Service, message: str) -> str:
    """Only here a vendor's words are passed on: they say which part of the request it was."""
    if service.key:
        message = message.replace(service.key, "…")
    message = _SECRETS.sub("…", " ".join(message.split()))[:300].rstrip(". ")
    if not message:
        return f"{service.label} did not accept the request. Choose another model."
    return f"{service.label} did not accept the request: {message}."
