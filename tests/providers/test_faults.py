"""What goes wrong on the other side becomes one kind of error, or an answer without an end."""

from __future__ import annotations

import pytest

from streaming.providers.anthropic import AnthropicProvider
from streaming.providers.base import Provider, ProviderError
from streaming.providers.openai import OpenAIProvider
from tests.simulator import Script, Simulator

from .conftest import KEY
from .listening import listen, question

BEFORE = [
    # script, code, recoverable, wires
    (Script(fault="status", status=401), "unauthorized", False),
    (Script(fault="status", status=403), "forbidden", False),
    (Script(fault="status", status=404), "model_not_found", False),
    (Script(fault="status", status=400), "context_length", False),
    (Script(fault="status", status=400, message="n: too small", code="x"), "bad_request", False),
    (Script(fault="status", status=413), "context_length", False),
    (Script(fault="status", status=422, message="no", code="y"), "bad_request", False),
    (Script(fault="status", status=429), "rate_limited", True),
    (Script(fault="status", status=429, code="insufficient_quota"), "quota", False),
    (Script(fault="status", status=500), "server_error", True),
    (Script(fault="status", status=503), "overloaded", True),
    (Script(fault="status", status=529), "overloaded", True),
    (Script(fault="html"), "server_error", True),
    (Script(fault="html", status=404), "unreachable", False),
    (Script(fault="page"), "unreachable", False),
    (Script(fault="redirect", to="http://localhost:9/v1"), "unreachable", False),
    (Script(fault="drop"), "unreachable", True),
]


@pytest.mark.parametrize(
    ("script", "code", "recoverable"),
    BEFORE,
    ids=[f"{script.fault}{script.status or ''}-{code}" for script, code, _ in BEFORE],
)
async def test_it_names_what_was_wrong_before_the_first_byte(
    provider: Provider, script: Script, code: str, recoverable: bool
) -> None:
    error = (await listen(provider, script)).error
    assert error is not None
    assert (error.code, error.recoverable) == (code, recoverable)


@pytest.mark.parametrize("fault", ["eof", "no_stop"])
async def test_a_clean_end_of_file_is_no_end(anthropic: AnthropicProvider, fault: str) -> None:
    script = Script(tokens=9, fault=fault, at=5)
    heard = await listen(anthropic, script)
    assert heard.text() == script.text(5 if fault == "eof" else 9)
    assert (heard.reason, heard.error) == ("", None)


async def test_an_end_of_file_before_a_finish_reason_is_no_end(openai: OpenAIProvider) -> None:
    script = Script(tokens=9, fault="eof", at=5)
    heard = await listen(openai, script)
    assert heard.text() == script.text(5)
    assert (heard.reason, heard.error) == ("", None)


@pytest.mark.parametrize("fault", ["no_stop", "hang"])
async def test_a_finish_reason_is_enough_where_it_is_the_end_marker(
    openai: OpenAIProvider, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("streaming.providers.upstream.GRACE", 0.05)
    heard = await listen(openai, Script(tokens=9, fault=fault))
    assert heard.text() == Script(tokens=9).text()
    assert heard.reason == "stop"
    assert heard.usage is not None


@pytest.mark.parametrize("fault", ["reset", "cut"])
@pytest.mark.parametrize("at", [0, 1, 8])
async def test_a_cut_connection_keeps_what_came_before(
    provider: Provider, fault: str, at: int
) -> None:
    # One token a round trip: RST may overtake what was sent with it.
    script = Script(tokens=9, tps=200, fault=fault, at=at)
    heard = await listen(provider, script)
    assert heard.error is not None
    assert (heard.error.code, heard.error.recoverable) == ("unreachable", True)
    assert script.text(at).startswith(heard.text())
    if fault == "cut":
        assert heard.text() == script.text(at)


@pytest.mark.parametrize(
    ("wire", "code", "expected"),
    [
        ("openai", "server_error", "server_error"),
        ("openai", "overloaded", "overloaded"),
        ("openai", "rate_limit_exceeded", "rate_limited"),
        ("openai", "insufficient_quota", "quota"),
        ("openai", "invalid_request_error", "bad_request"),
        ("anthropic", "overloaded_error", "overloaded"),
        ("anthropic", "api_error", "server_error"),
        ("anthropic", "rate_limit_error", "rate_limited"),
        ("anthropic", "invalid_request_error", "bad_request"),
        ("anthropic", "timeout_error", "server_error"),
        ("anthropic", "a_new_error", "server_error"),
    ],
)
async def test_an_error_inside_the_stream_comes_after_its_text(
    providers: dict[str, Provider], wire: str, code: str, expected: str
) -> None:
    script = Script(tokens=9, fault="error", at=5, code=code)
    heard = await listen(providers[wire], script)
    assert heard.text() == script.text(5)
    assert heard.error is not None
    assert heard.error.code == expected


@pytest.mark.parametrize("fault", ["malformed", "not_an_object"])
async def test_a_broken_frame_comes_after_the_text_before_it(
    provider: Provider, fault: str
) -> None:
    script = Script(tokens=9, fault=fault, at=5)
    heard = await listen(provider, script)
    assert heard.text() == script.text(5)
    assert heard.error is not None
    assert (heard.error.code, heard.error.recoverable) == ("malformed", True)


async def test_a_line_without_an_end_is_not_kept_for_ever(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streaming.sse.Decoder.__init__.__defaults__", (1024 * 1024,))
    heard = await listen(provider, Script(tokens=3, fault="huge_line", at=2, size=2_000_000))
    assert heard.error is not None
    assert heard.error.code == "malformed"


async def test_an_endless_error_page_is_not_read_to_its_end(provider: Provider) -> None:
    script = Script(fault="status", status=400, code="x", message="no " * 1_000_000)
    error = (await listen(provider, script)).error
    assert error is not None
    assert len(error.message) < 500


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("20", 20), ("0", 0), ("1000000000", 1e9), ("-3", None), ("soon", None), (None, None)],
)
async def test_it_passes_on_how_long_to_wait(
    provider: Provider, value: str | None, seconds: float | None
) -> None:
    script = Script(fault="status", status=429, retry_after=value)
    error = (await listen(provider, script)).error
    assert error is not None
    assert error.retry_after_s == seconds


async def test_nobody_listening_is_unreachable_and_may_be_tried_again() -> None:
    for provider in (
        OpenAIProvider(api_key=KEY, base_url="http://127.0.0.1:1/v1"),
        AnthropicProvider(api_key=KEY, base_url="http://127.0.0.1:1"),
    ):
        error = (await listen(provider, Script())).error
        assert error is not None
        assert (error.code, error.recoverable) == ("unreachable", True)
        assert "127.0.0.1:1" in error.message
        assert provider.name.upper() in error.message
        await provider.close()


async def test_no_message_and_no_chain_of_errors_holds_the_key(
    provider: Provider, simulator: Simulator
) -> None:
    leak = f"Incorrect API key provided: {KEY}. Bearer {KEY} sk-other-1234567890"
    for status in (400, 401, 404, 500):
        script = Script(fault="status", status=status, code="x", message=leak)
        with pytest.raises(ProviderError) as caught:
            async with provider.stream(question(script)):
                pass
        assert "canary" not in caught.value.message
        assert "sk-other" not in caught.value.message
        assert caught.value.__suppress_context__
        assert caught.value.__cause__ is None


@pytest.mark.parametrize("key", ["sk with space", "sk-\nnew-line", "schlüssel"])
async def test_a_key_that_cannot_be_sent_is_said_so(simulator: Simulator, key: str) -> None:
    provider = OpenAIProvider(api_key=key, base_url=simulator.base_url_openai)
    error = (await listen(provider, Script())).error
    assert error is not None
    assert error.code == "unauthorized"
    assert key not in error.message
    assert "OPENAI_API_KEY" in error.message
    assert simulator.calls() == []


@pytest.mark.parametrize("times", [1, 2])
async def test_the_same_call_may_succeed_later(provider: Provider, times: int) -> None:
    script = Script(id=f"later-{times}", fault="status", status=529, times=times)
    for _ in range(times):
        assert (await listen(provider, script)).error is not None
    assert (await listen(provider, script)).text() == script.text()
