"""The demo: honest, different for different questions, and continued to the letter."""

from __future__ import annotations

import asyncio
import time

import pytest

from streaming.parts import Part
from streaming.prompt import Prompt, Turn
from streaming.providers.demo import LABEL, SECTIONS, TOUR, DemoProvider, answer, tokens

from .listening import Heard, listen

QUESTIONS = {
    "connect": "How do I connect a real model?",
    "crash": "What happens in a crash?",
    "code": "Show me some Python",
    "table": "Draw a table",
    "maths": "I like formulas",
    "greeting": "Hello there!",
    "tour": "Who won the cup in 1954?",
}


@pytest.fixture
def demo() -> DemoProvider:
    return DemoProvider(tokens_per_second=0)


def prompt(text: str, *partial: Part) -> Prompt:
    return Prompt("demo/tour", (Turn("user", (Part("text", text),)),), partial=partial)


async def hear(demo: DemoProvider, text: str, *partial: Part) -> Heard:
    return await listen(demo, prompt(text, *partial))


async def test_it_offers_itself_as_what_it_is(demo: DemoProvider) -> None:
    [model] = await demo.models()
    assert model.id == "demo/tour"
    assert "Demo" in model.label


def test_every_page_of_the_tour_is_told() -> None:
    assert {page.stem for page in TOUR.glob("*.md")} == QUESTIONS.keys()
    assert SECTIONS.keys() < QUESTIONS.keys()


async def test_it_answers_different_questions_differently(demo: DemoProvider) -> None:
    heard = [await hear(demo, text) for text in QUESTIONS.values()]
    assert len({one.text() for one in heard}) == len(QUESTIONS)
    assert all(one.reason == "stop" for one in heard)


async def test_every_answer_says_that_no_model_is_connected(demo: DemoProvider) -> None:
    for text in QUESTIONS.values():
        assert (await hear(demo, text)).text().startswith(LABEL)


async def test_it_thinks_before_it_speaks(demo: DemoProvider) -> None:
    heard = await hear(demo, QUESTIONS["crash"])
    assert [part.type for part in heard.parts] == ["reasoning", "text"]


def test_it_shows_what_a_page_can_hold() -> None:
    shown = {name: answer(question)[1] for name, question in QUESTIONS.items()}
    assert "```python" in shown["code"]
    assert "| ---" in shown["table"]
    assert "$$" in shown["maths"]
    assert "OPENAI_API_KEY=" in shown["connect"]


def test_it_tells_two_things_when_two_are_asked() -> None:
    text = answer("a table, and code")[1]
    assert "```python" in text
    assert "What a reader pays for" in text


def test_it_joins_its_tokens_to_the_text() -> None:
    for question in QUESTIONS.values():
        text = answer(question)[1]
        assert "".join(tokens(text)) == text


async def test_it_continues_at_the_character_where_it_stopped(demo: DemoProvider) -> None:
    question = QUESTIONS["table"]
    whole = answer(question)[1]
    for at in range(1, len(whole) + 1, 29):
        heard = await hear(demo, question, Part("reasoning", "A t"), Part("text", whole[:at]))
        assert whole[:at] + heard.text() == whole
        assert heard.text("reasoning") == ""


async def test_it_says_all_of_it_after_text_that_is_not_its_own(demo: DemoProvider) -> None:
    heard = await hear(demo, "Hello", Part("text", "Guten Tag"))
    assert heard.text() == "\n\n" + answer("Hello")[1]


async def test_it_counts_its_tokens(demo: DemoProvider) -> None:
    heard = await hear(demo, "Hello")
    thoughts, text = answer("Hello")
    assert heard.usage is not None
    assert heard.usage.exact
    assert heard.usage.output_tokens == len(tokens(thoughts)) + len(tokens(text))
    assert heard.usage.reasoning_tokens == len(tokens(thoughts))
    assert heard.usage.input_tokens == 1


async def test_it_keeps_its_pace() -> None:
    start = time.monotonic()
    heard = await hear(DemoProvider(tokens_per_second=1000), "Hello")
    assert heard.usage is not None
    assert time.monotonic() - start >= (heard.usage.output_tokens - 1) / 1000


async def test_it_ends_when_it_is_left() -> None:
    slow = DemoProvider(tokens_per_second=0.01)
    listening = asyncio.create_task(hear(slow, "Hello"))
    await asyncio.sleep(0)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
