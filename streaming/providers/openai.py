"""OpenAI's chat completions, and every server that speaks them.

Ollama, vLLM, llama.cpp, LM Studio, OpenRouter and Gemini's compatible endpoint are this provider
with another name and address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import httpx2

from ..prompt import Prompt
from .base import Model
from .chat_completions import ChatReader
from .continuing import continued
from .failures import Service, unreachable
from .local import answers, is_local
from .payload import mapping, words
from .sdk import SdkProvider
from .upstream import Reader, Response

if TYPE_CHECKING:
    from openai import AsyncOpenAI

OFFICIAL = "https://api.openai.com/v1"

#: Options of ours that are passed on under the same name.
_OPTIONS = (
    *("temperature", "top_p", "presence_penalty", "frequency_penalty"),
    *("seed", "stop", "reasoning_effort"),
)
#: Models of the official list that answer here, and what they are for when it is something else.
_CHATS = re.compile(r"(gpt-|chatgpt-|o\d|codex-|ft:(gpt-|o\d))")
_SPECIAL = re.compile(r"audio|realtime|transcribe|image|instruct|search-preview|live")
#: In any list: models that are no good for a conversation.
_OTHER = re.compile(r"embed|rerank|whisper|tts|dall-e|imagen|veo-|moderation|stable-diffusion")
#: Official models that think before they answer.
_THINKS = re.compile(r"(ft:)?(o\d|gpt-[5-9]|codex-)(?!.*chat)")
#: How the servers say that they do not know a field of the request.
_UNKNOWN_FIELD = re.compile(
    r"unsupported|not support|unrecognized|unknown|unexpected|extra|not permitted|forbidden"
)
#: Fields that a call can do without, and the one that stands in for another.
_SPARE = (*_OPTIONS, "stream_options", "max_tokens", "max_completion_tokens")
_INSTEAD = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}


class OpenAIProvider(SdkProvider):
    """``base_url`` ends where ``/chat/completions`` begins. Without a key none is sent."""

    def __init__(
        self,
        *,
        api_key: str = "",
        base_url: str = OFFICIAL,
        name: str = "openai",
        label: str = "OpenAI",
        key_setting: str = "",
        url_setting: str = "",
    ) -> None:
        if name == "openai":
            key_setting = key_setting or "OPENAI_API_KEY"
            url_setting = url_setting or "OPENAI_BASE_URL"
        url = httpx2.URL(base_url)
        service = Service(label, url.netloc.decode(), key_setting, url_setting, api_key.strip())
        super().__init__(service, base_url)
        self.name = name
        self._official = url.host == "openai.com" or url.host.endswith(".openai.com")
        #: Model -> fields of the request that it has refused.
        self._refused: dict[str, set[str]] = {}

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        from openai import OpenAIError

        return (OpenAIError,)

    async def models(self) -> Sequence[Model]:
        if is_local(self._base_url) and not await answers(self._base_url):
            raise unreachable(self._service, "is not running")  # known without the SDK
        client: AsyncOpenAI = await self._client()
        listed = await self._listed(
            lambda: client.models.with_streaming_response.list(
                extra_headers=self._headers()
            ).__aenter__()
        )
        names = sorted({words(mapping(entry).get("id")) for entry in listed} - {""})
        return [self._model(name) for name in names if chats(name, official=self._official)]

    def _model(self, name: str) -> Model:
        able = {"reasoning": True} if self._official and thinks(name) else {}
        # Gemini's list says "models/gemini-…", its other calls take both.
        label = name.removeprefix("models/")
        return Model(id=f"{self.name}/{name}", label=label, capabilities=able)

    def _make_client(self, http: httpx2.AsyncClient) -> AsyncOpenAI:
        from openai import AsyncOpenAI

        return AsyncOpenAI(
            api_key=self._service.key or "none",
            base_url=self._base_url,
            max_retries=0,
            timeout=http.timeout,
            http_client=http,
        )

    def _headers(self) -> dict[str, Any]:
        """What the SDK would send and must not: a key that there is not, and the account's name.

        It reads the latter from the environment, and it is nobody's business but OpenAI's.
        """
        from openai import Omit

        omitted = [] if self._official else ["OpenAI-Organization", "OpenAI-Project"]
        if not self._service.key:
            omitted.append("Authorization")
        return dict.fromkeys(omitted, Omit())

    def _reader(self, model: str) -> Reader:
        return ChatReader(self._service, model)

    async def _send(self, client: AsyncOpenAI, prompt: Prompt, model: str) -> Response:
        from openai import BadRequestError, UnprocessableEntityError

        refused = self._refused.setdefault(model, set())
        while True:
            body = self._body(prompt, model, refused)
            try:
                # As `extra_body` the messages skip the SDK's transformation of typed parameters,
                # which takes 33 ms for 200 of them and holds up every other stream.
                call = client.chat.completions.with_streaming_response.create(
                    model=model,
                    messages=[],
                    stream=True,
                    extra_body=body,
                    extra_headers=self._headers(),
                )
                return await call.__aenter__()
            except (BadRequestError, UnprocessableEntityError) as error:
                field = refused_field(body, mapping(error.body))
                if field is None:
                    raise
                refused.add(field)

    def _body(self, prompt: Prompt, model: str, refused: set[str]) -> dict[str, Any]:
        messages: list[dict[str, str]] = []
        if prompt.system:
            messages.append({"role": "system", "content": prompt.system})
        messages += ({"role": role, "content": text} for role, text in continued(prompt))
        body: dict[str, Any] = {"messages": messages, "stream_options": {"include_usage": True}}
        for name in _OPTIONS:
            if prompt.options.get(name) is not None:
                body[name] = prompt.options[name]
        if (most := prompt.options.get("max_tokens")) is not None:
            # The official API knows the older name only for older models, the others only that.
            field = "max_completion_tokens" if self._official else "max_tokens"
            body[_INSTEAD[field] if field in refused else field] = most
        return {field: value for field, value in body.items() if field not in refused}


def chats(name: str, *, official: bool) -> bool:
    """Whether a model of this name answers chat completions, as far as its name tells."""
    if _OTHER.search(name):
        return False
    return not official or bool(_CHATS.match(name) and not _SPECIAL.search(name))


def thinks(name: str) -> bool:
    """Whether an official model of this name thinks before it answers."""
    return bool(_THINKS.match(name))


def refused_field(
    body: Mapping[str, Any], error: Mapping[str, Any], spare: Sequence[str] = _SPARE
) -> str | None:
    """The spare field of the request that a 400 says the model does not know."""
    message = f"{words(error.get('code'))} {words(error.get('message'))}".lower()
    if not _UNKNOWN_FIELD.search(message.replace("_", " ")):
        return None
    named = words(error.get("param"))
    for field in spare:
        if field in body and (field == named or re.search(rf"\b{field}\b", message)):
            return field
    return None
