"""Anthropic's messages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import httpx2

from ..prompt import Prompt
from .base import Model
from .continuing import continued, dialogue, said
from .failures import Service
from .message_stream import MessageReader
from .payload import count, mapping, words
from .sdk import SdkProvider
from .upstream import Response

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

OFFICIAL = "https://api.anthropic.com"

#: ``max_tokens`` must be said: enough for a long answer and what is thought before it.
MAX_TOKENS = 32_000
#: For a model of which we know nothing, what every model takes.
MAX_TOKENS_UNKNOWN = 8192

#: The last models that go on with a partial answer that is put into their mouth.
_PREFILLS = re.compile(r"claude-(3-|(opus|sonnet|haiku)-4-(0|1|5|\d{8})\b)")


class AnthropicProvider(SdkProvider):
    """``base_url`` ends where ``/v1/messages`` begins."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str = OFFICIAL,
        name: str = "anthropic",
        label: str = "Anthropic",
        key_setting: str = "ANTHROPIC_API_KEY",
        url_setting: str = "ANTHROPIC_BASE_URL",
    ) -> None:
        host = httpx2.URL(base_url).netloc.decode()
        service = Service(label, host, key_setting, url_setting, api_key.strip())
        super().__init__(service, base_url)
        self.name = name
        #: What the list of models says of each.
        self._known: dict[str, Mapping[str, Any]] = {}
        #: Model -> what it has refused: ``prefill``, ``thinking``, ``output_config``.
        self._refused: dict[str, set[str]] = {}

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        from anthropic import AnthropicError

        return (AnthropicError,)

    async def models(self) -> Sequence[Model]:
        client: AsyncAnthropic = await self._client()
        listed = await self._listed(
            lambda: client.models.with_streaming_response.list(limit=1000).__aenter__()
        )
        entries = {words(mapping(entry).get("id")): mapping(entry) for entry in listed}
        self._known = {
            name: entry
            for name, entry in entries.items()
            if name and entry.get("lifecycle") != "retired"
        }
        return [self._model(name, entry) for name, entry in self._known.items()]

    def _model(self, name: str, entry: Mapping[str, Any]) -> Model:
        able = mapping(entry.get("capabilities"))
        return Model(
            id=f"{self.name}/{name}",
            label=words(entry.get("display_name")) or name,
            capabilities={
                "reasoning": _supported(able, "thinking"),
                "vision": _supported(able, "image_input"),
                "prefill": bool(_PREFILLS.match(name)),
            },
            context_window=count(entry.get("max_input_tokens")),
        )

    def _make_client(self, http: httpx2.AsyncClient) -> AsyncAnthropic:
        from anthropic import AsyncAnthropic, Omit

        headers: dict[str, Any] = {} if self._service.key else {"Authorization": Omit()}
        return AsyncAnthropic(
            api_key=self._service.key or "none",
            default_headers=headers,
            base_url=self._base_url,
            max_retries=0,
            timeout=http.timeout,
            http_client=http,
        )

    def _reader(self, model: str) -> MessageReader:
        return MessageReader(self._service, model)

    async def _send(self, client: AsyncAnthropic, prompt: Prompt, model: str) -> Response:
        from anthropic import BadRequestError

        refused = self._refused.setdefault(model, set())
        while True:
            body = self._body(prompt, model, refused)
            try:
                # As `extra_body` the messages skip the SDK's transformation of typed parameters,
                # which takes its time for many of them and holds up every other stream.
                call = client.messages.with_streaming_response.create(
                    model=model,
                    messages=[],
                    max_tokens=body["max_tokens"],
                    stream=True,
                    extra_body=body,
                )
                return await call.__aenter__()
            except BadRequestError as error:
                field = _refused_field(body, error.api_message or "")
                if field is None:
                    raise
                refused.add(field)

    def _body(self, prompt: Prompt, model: str, refused: set[str]) -> dict[str, Any]:
        known = self._known.get(model, {})
        body: dict[str, Any] = {
            "messages": _messages(prompt, "prefill" not in refused and _PREFILLS.match(model)),
            "max_tokens": _max_tokens(prompt.options.get("max_tokens"), known),
        }
        if prompt.system:
            body["system"] = prompt.system
        if stop := prompt.options.get("stop"):
            body["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
        able = mapping(known.get("capabilities"))
        if _supported(mapping(mapping(able.get("thinking")).get("types")), "adaptive"):
            # Without it some models think in silence, and silence looks like a stall.
            body["thinking"] = {"type": "adaptive", "display": "summarized"}
        if _supported(able, "effort") and (effort := prompt.options.get("reasoning_effort")):
            body["output_config"] = {"effort": effort}
        return {field: value for field, value in body.items() if field not in refused}


def _supported(capabilities: Mapping[str, Any], name: str) -> bool:
    return mapping(capabilities.get(name)).get("supported") is True


def _max_tokens(asked: Any, known: Mapping[str, Any]) -> int:
    most = count(known.get("max_tokens"))
    if (wanted := count(asked)) is not None:
        return wanted if most is None else min(wanted, most)
    return MAX_TOKENS_UNKNOWN if most is None else min(MAX_TOKENS, most)


def _messages(prompt: Prompt, prefill: object) -> list[dict[str, str]]:
    turns = continued(prompt)
    text = said(prompt.partial)
    # White space at the end of a prefill is refused.
    if prefill and text and not text[-1].isspace():
        turns = [*dialogue(prompt), ("assistant", text)]
    return [{"role": role, "content": content} for role, content in turns]


def _refused_field(body: Mapping[str, Any], message: str) -> str | None:
    """What a 400 is about that the call can do without."""
    if body["messages"][-1]["role"] == "assistant":
        return "prefill"
    for field in ("thinking", "output_config"):
        if field in body and field in message:
            return field
    return None
