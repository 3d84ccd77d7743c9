"""OpenAI's Responses API in background mode: an answer that goes on while nobody is connected.

After a drop, a crash or a takeover it is read on, exactly behind the last event that was stored.
OpenAI keeps what is asked and answered this way (``store``), which is why it has to be switched on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx2

from ..prompt import Prompt
from .base import ProviderError
from .continuing import continued
from .failures import cursor_lost
from .openai import OpenAIProvider, refused_field, thinks
from .payload import mapping, words
from .response_stream import Cursor, ResponseReader
from .upstream import Call, Response

if TYPE_CHECKING:
    from openai import AsyncOpenAI

logger = logging.getLogger(__name__)

#: Options of ours -> fields of the request. The others are not part of this API.
_OPTIONS = {"temperature": "temperature", "top_p": "top_p", "max_tokens": "max_output_tokens"}
#: Fields that a call can do without.
_SPARE = ("background", *_OPTIONS.values(), "reasoning")
#: How a server answers when it does not have the response, or does not stream it any more: OpenAI
#: refuses with 400 what is older than five minutes.
_LOST = (400, 404, 405, 409, 410, 422)
#: Seconds to tell it that nobody wants the rest.
CANCEL_S = 5.0


class BackgroundProvider(OpenAIProvider):
    """``base_url`` ends where ``/responses`` begins."""

    def stream(self, prompt: Prompt, resume: str = "") -> Call:
        if not resume:
            return super().stream(prompt)
        model = prompt.model.partition("/")[2] or prompt.model
        cursor = _cursor(resume)

        async def send() -> Response:
            client = await self._client()
            return await self._guarded(lambda: self._go_on(client, cursor), model)

        return Call(send, self._reader(model, cursor), self._service, model)

    async def cancel(self, resume: str) -> None:
        if not (id := _cursor(resume).response):
            return
        try:
            async with asyncio.timeout(CANCEL_S):
                client = await self._client()
                await self._guarded(lambda: self._cancel(client, id), "")
        except (ProviderError, TimeoutError) as error:
            logger.warning("%s was not told to stop an answer: %s", self._service.label, error)

    def _make_client(self, http: httpx2.AsyncClient) -> AsyncOpenAI:
        client = super()._make_client(http)
        # It imports what it needs when it is asked first, which took 0.15 s on the event loop.
        _ = client.responses.with_streaming_response
        return client

    def _reader(self, model: str, at: Cursor | None = None) -> ResponseReader:
        return ResponseReader(self._service, model, at)

    async def _send(self, client: AsyncOpenAI, prompt: Prompt, model: str) -> Response:
        from openai import BadRequestError, UnprocessableEntityError

        refused = self._refused.setdefault(model, set())
        while True:
            body = self._body(prompt, model, refused)
            try:
                call = client.responses.with_streaming_response.create(
                    model=model,
                    input=[],
                    stream=True,
                    extra_body=body,
                    extra_headers=self._headers(),
                )
                return await call.__aenter__()
            except (BadRequestError, UnprocessableEntityError) as error:
                field = _refused_field(body, mapping(error.body))
                if field is None:
                    raise
                refused.add(field)

    async def _go_on(self, client: AsyncOpenAI, at: Cursor) -> Response:
        from openai import APIStatusError

        if not at.response:
            raise cursor_lost(self._service)
        try:
            call = client.responses.with_streaming_response.retrieve(
                at.response, stream=True, starting_after=at.after, extra_headers=self._headers()
            )
            return await call.__aenter__()
        except APIStatusError as error:
            if error.status_code not in _LOST:
                raise
            if error.status_code != 404:
                # It cannot be read any more, but it may be running still and be paid for.
                await self.cancel(at.text())
            raise cursor_lost(self._service) from None

    async def _cancel(self, client: AsyncOpenAI, id: str) -> None:
        call = client.responses.with_streaming_response.cancel(id, extra_headers=self._headers())
        async with call:
            pass

    def _body(self, prompt: Prompt, model: str, refused: set[str]) -> dict[str, Any]:
        background = "background" not in refused
        body: dict[str, Any] = {
            "input": [{"role": role, "content": text} for role, text in continued(prompt)],
            "background": background,
            "store": background,
        }
        if prompt.system:
            body["instructions"] = prompt.system
        for option, field in _OPTIONS.items():
            if prompt.options.get(option) is not None:
                body[field] = prompt.options[option]
        reasoning = {}
        if effort := prompt.options.get("reasoning_effort"):
            reasoning["effort"] = effort
        if self._official and thinks(model) and "summary" not in refused:
            # Without it a model thinks in silence, and silence looks like a stall.
            reasoning["summary"] = "auto"
        if reasoning:
            body["reasoning"] = reasoning
        return {field: value for field, value in body.items() if field not in refused}


def _refused_field(body: Mapping[str, Any], error: Mapping[str, Any]) -> str | None:
    """What a 400 is about that the call can do without."""
    # Who may have summaries is a matter of the account, and told in many words.
    told = words(error.get("param")) + words(error.get("message"))
    if "summary" in mapping(body.get("reasoning")) and "summar" in told:
        return "summary"
    return refused_field(body, error, _SPARE)


def _cursor(text: str) -> Cursor:
    """One that names no response when the text is no cursor of this provider."""
    try:
        return Cursor.from_text(text)
    except ValueError:
        return Cursor()
