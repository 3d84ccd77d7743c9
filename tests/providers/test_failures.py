"""The sentences: which error a body means, and that each of them says what to do."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.providers.failures import Service, refused, reported

OPENAI = Service("OpenAI", "api.openai.com", "OPENAI_API_KEY", "OPENAI_BASE_URL", "sk-canary-1")
LOCAL = Service("Ollama", "127.0.0.1:11434", "", "")


def body(message: str = "", **error: object) -> bytes:
    return json.dumps({"error": {"message": message, **error}}).encode()


@pytest.mark.parametrize(
    ("status", "sent", "code"),
    [
        # OpenAI
        (429, body("quota", type="insufficient_quota", code="insufficient_quota"), "quota"),
        (403, body("Project has no access", code="model_not_found"), "model_not_found"),
        (404, body("Unknown request URL: POST /x", code="unknown_url"), "unreachable"),
        (400, body("maximum context length", code="context_length_exceeded"), "context_length"),
        # Anthropic
        (400, body("prompt is too long: 9 > 8", type="invalid_request_error"), "context_length"),
        (400, body("Your credit balance is too low", type="invalid_request_error"), "quota"),
        (400, body("max_tokens: 9 > 8, the maximum", type="invalid_request_error"), "bad_request"),
        (529, body("Overloaded", type="overloaded_error"), "overloaded"),
        # Ollama, llama.cpp, vLLM, LM Studio
        (404, body('model "x" not found, try pulling it first'), "model_not_found"),
        (503, body("Loading model", code=503, type="unavailable_error"), "overloaded"),
        (400, body("too big", code=400, type="exceed_context_size_error"), "context_length"),
        (
            400,
            b'{"object":"error","message":"maximum context length","code":400}',
            "context_length",
        ),
        (400, b'{"error":"plain words"}', "bad_request"),
        # Gemini
        (400, b'[{"error":{"code":400,"message":"API key not valid."}}]', "unauthorized"),
        # Something else altogether
        (404, b'{"detail":"Not Found"}', "model_not_found"),
        (404, b"<html>", "unreachable"),
        (405, b"", "unreachable"),
        (301, b"", "unreachable"),
        (200, b"<html>", "unreachable"),
        (200, b'{"choices":[]}', "malformed"),
        (200, body("no", type="server_error"), "bad_request"),
        (418, b"", "bad_request"),
        (500, b"\xff\xfe", "server_error"),
        (504, b"", "server_error"),
        (599, b"[" * 100_000, "server_error"),
    ],
)
def test_it_tells_what_a_refusal_means(status: int, sent: bytes, code: str) -> None:
    assert refused(OPENAI, status, {}, sent).code == code


def test_it_names_the_setting_to_look_at() -> None:
    assert "OPENAI_API_KEY" in refused(OPENAI, 401, {}, b"").message
    assert "OPENAI_BASE_URL" in refused(OPENAI, 307, {}, b"").message
    assert "OPENAI_API_KEY" in refused(OPENAI, 402, {}, b"").message


def test_it_names_no_setting_where_there_is_none() -> None:
    for status in (301, 400, 401, 402, 403, 404, 429, 500, 503):
        message = refused(LOCAL, status, {}, b"").message
        assert "OPENAI" not in message
        assert "  " not in message
        assert "{" not in message


def test_it_names_the_model_that_is_not_there() -> None:
    assert "“gpt-9”" in refused(OPENAI, 404, {}, body("no"), "gpt-9").message


@pytest.mark.parametrize(
    ("seconds", "words"),
    [("0", "in a moment"), ("20", "in 20 s"), ("600", "in 10 minutes"), ("7200", "in 2 hours")],
)
def test_it_says_when_to_come_back(seconds: str, words: str) -> None:
    error = refused(OPENAI, 429, {"retry-after": seconds}, b"")
    assert f"Try again {words}." in error.message


def test_it_quotes_what_was_wrong_with_a_request_without_secrets() -> None:
    said = "bad\n\nfield for sk-canary-1 in org-abcdefgh with Bearer abcdef"
    message = refused(OPENAI, 400, {}, body(said)).message
    assert "bad field" in message
    assert "canary" not in message
    assert "org-abc" not in message
    assert "abcdef" not in message


@given(
    st.integers(200, 599),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(
            ["error", "message", "code", "type", "status"]), inner),
    ),
)  # fmt: skip
def test_it_survives_any_body(status: int, data: object) -> None:
    for error in (refused(OPENAI, status, {}, json.dumps(data).encode()), reported(OPENAI, data)):
        assert error.message
        assert "canary" not in error.message
