"""The peer: what one writes on the first day. The SDK's typed chunks, relayed, nothing stored."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI
from pydantic import BaseModel

app = FastAPI()
client = AsyncOpenAI()


class Question(BaseModel):
    text: str
    model: str


@app.post("/messages")
async def messages(question: Question) -> StreamingResponse:
    async def events() -> AsyncIterator[str]:
        stream = await client.chat.completions.create(
            model=question.model,
            messages=[{"role": "user", "content": question.text}],
            stream=True,
        )
        async for chunk in stream:
            if chunk.choices and (text := chunk.choices[0].delta.content):
                yield f"data: {json.dumps({'text': text})}\n\n"
        yield "data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")
