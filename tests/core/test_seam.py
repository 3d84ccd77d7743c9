"""Where a model goes on with a broken answer, nothing is said twice and nothing gets lost."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streaming.said import LEAST, WINDOW
from streaming.seam import GAP, REMARK, Seam
from tests.simulator.alphabet import first_tokens, whole

FOX = "A fable.\n\nThe quick brown fox jumps over"
CODE = "Here it is:\n\n```python\ndef double(x):\n"
BARE = "Here it is:\n\n```\nfirst comes this line\nsecond comes th"


def seam(said: str, new: str) -> str:
    """What is handed on of it: the same for every way to cut it."""
    results = set()
    for size in (1, 2, 3, 7, len(new) or 1):
        joint = Seam(said)
        pieces = [joint.feed(new[at : at + size]) for at in range(0, len(new), size)]
        results.add("".join(pieces) + joint.end())
    (result,) = results
    return result


# ------------------------------------------------------------------------ what is left out
@pytest.mark.parametrize(
    ("said", "new", "rest"),
    [
        (FOX, "brown fox jumps over the dog", " the dog"),
        (FOX, "ick brown fox jumps over the dog", " the dog"),
        (FOX, FOX + " the dog", " the dog"),
        (FOX, "The quick  brown\nfox jumps over the dog", " the dog"),
        (FOX, "\n\n quick brown fox jumps over the dog", " the dog"),
        (FOX + " ", "quick brown fox jumps over the dog", "the dog"),
        (FOX + " ", "quick brown fox jumps over\n\nThe dog", "\n\nThe dog"),
        (FOX + "\n\n", "quick brown fox jumps over\n\nThe dog", "The dog"),
        (FOX + "\n", "quick brown fox jumps over\n\nThe dog", "\nThe dog"),
        ("All is so. The fox runs", "The fox runs away", " away"),
        ("One\n\nThe fox runs", "The fox runs away", " away"),
        ("The fox ran", "The fox ran away", " away"),  # all of it
        ("The", "The fox", "The fox"),  # too short to tell
        ("So it is: the fox ran", "the fox ran away", "the fox ran away"),
        (FOX + " ", "quick brown fox jumps over   the dog", "  the dog"),
        ("a = f(x, yz)\nb = 1\n\na = f(x, yz)\n", "a = f(x, yz)\nb = 2", "b = 2"),
    ],
)
def test_an_end_that_is_said_again_is_left_out(said: str, new: str, rest: str) -> None:
    assert seam(said, new) == rest


@pytest.mark.parametrize(
    "remark",
    [
        "Sure, here is the rest: ",
        "Continuing:\n\n",
        "Certainly! Here's the continuation of the text:\n\n",
        "(continued…) ",
        "Hier geht es weiter: ",
    ],
)
def test_a_remark_before_it_goes_too(remark: str) -> None:
    assert seam(FOX, f"{remark}quick brown fox jumps over the dog") == " the dog"
    assert seam(FOX, f"{remark}The dog is lazy.") == f"{remark}The dog is lazy."


@pytest.mark.parametrize(
    ("said", "new", "rest"),
    [
        (CODE, "```python\n    return 2 * x\n```\n", "    return 2 * x\n```\n"),
        (CODE, "Continuing:\n\n```python\n    return 2 * x\n", "    return 2 * x\n"),
        (CODE, "```python\ndef double(x):\n    return 2 * x\n", "    return 2 * x\n"),
        (CODE + "    retur", "```python\n    return 2 * x\n", "n 2 * x\n"),
        (CODE + "    retur", "```python\nn 2 * x\n", "n 2 * x\n"),
        (CODE + "    retur", "return 2 * x\n", "n 2 * x\n"),
        (CODE, "```\n\nThat is all.", "```\n\nThat is all."),  # its end
        (BARE, "```\n\n" + BARE[13:], "```\n\n" + BARE[13:]),  # and another one like it
        (BARE, "```\nfirst comes this line\nsecond comes the other", "e other"),
        (BARE, "```\nThat is all.", "```\nThat is all."),
        ("Look:\n\n```pyth", "```python\nx = 1\n", "on\nx = 1\n"),
        (CODE + "    return\n```\n", "```python\nx = 1\n", "```python\nx = 1\n"),  # another one
    ],
)
def test_a_code_fence_is_not_opened_twice(said: str, new: str, rest: str) -> None:
    assert seam(said, new) == rest


@pytest.mark.parametrize(
    ("said", "new", "rest"),
    [
        ("The quick bro", "brown fox", "wn fox"),
        ("The quick bro", "wn fox", "wn fox"),
        ("The quick bro", "bro", "bro"),
        ("The fox in the", "theory", "theory".removeprefix("the")),
        ("The fox and the fox", "foxes", "foxes"),
        ("It costs 100", "1000", "1000"),
    ],
)
def test_a_broken_word_is_not_begun_twice(said: str, new: str, rest: str) -> None:
    assert seam(said, new) == rest


# ---------------------------------------------------------------------------- what stays
@pytest.mark.parametrize(
    ("said", "new"),
    [
        ("in the", "the end"),
        ("very, very,", " very, very good"),
        ("- one\n- one\n- one\n", "- one\n- one\n- two"),
        ("- the first\n- the first\n", "- the first\n- the first\n- two"),
        ("It was so. Sing it out loud! Sing it out loud!", " Sing it out loud! It is."),
        ("| a | b |\n| --- | --- |\n", "| --- | --- |\n"),
        ("-" * 40, "-" * 40),
        ("la la la la la la la la ", "la la la la la la la la"),
        ("The end of it all is near.\n\nAnd the end of it all", " is near. The end of it all"),
        ("", "anything"),
        (" \n", "anything"),
        (FOX, ""),
        (FOX, " \n "),
        (FOX, "    indented"),
        (FOX, "brown fox jumps"),  # it broke off again before it was new
        (FOX, "Sure"),
        (FOX, "Surely not"),
        (CODE, "```py"),
    ],
)
def test_what_may_be_meant_stays(said: str, new: str) -> None:
    assert seam(said, new) == new


def test_it_holds_back_no_longer_than_needed() -> None:
    joint = Seam(FOX)
    assert joint.feed("quick brown fox jumps ov") == ""
    assert joint.feed("er") == ""
    assert joint.feed(" ") == " "
    assert joint.settled
    assert Seam(FOX).feed("z") == "z"
    joint = Seam(FOX)
    assert joint.feed("quick red") == "quick red"
    joint = Seam(FOX)
    assert joint.feed("Sure, " + "x" * (REMARK - 6)) != ""


def test_a_whole_answer_said_again_is_left_out_however_long() -> None:
    said = whole("".join(first_tokens(1, "plain", 5000)))
    assert len(said) > 4 * WINDOW
    joint = Seam(said)
    new = said + " That is new."
    rest = "".join(joint.feed(new[at : at + 5]) for at in range(0, len(new), 5))
    assert rest + joint.end() == " That is new."


# ------------------------------------------------------------------------------ its costs
MONSTERS: dict[str, Callable[[int], str]] = {
    "a letter": lambda n: "a" * n,
    "a word and its end": lambda n: "a" * n + ".",
    "a word and others": lambda n: "a" * n + "bcdefg",
    "spaces": lambda n: " " * n,
    "lines": lambda n: "\n" * n,
    "Chinese": lambda n: "漢" * n + "。",
    "backticks": lambda n: "`" * n,
    "fences": lambda n: "```\n" * (n // 4),
    "a fence and spaces": lambda n: "```" + " " * n,
    "a fence and a word": lambda n: "```" + "a" * n,
    "a block of spaces": lambda n: "```py\n" + " " * n + "x",
    "a remark and spaces": lambda n: "Sure:" + " " * n,
    "a remark's ends": lambda n: "sure" + ")" * n,
    "bullets": lambda n: "- " * (n // 2),
    "an alphabet": lambda n: "abcdefgh" * (n // 8),
}


def _cost(said: str, new: str, size: int) -> float:
    """In seconds, the least of three."""
    times = []
    for _ in range(3):
        began = time.process_time()
        joint = Seam(said)
        for at in range(0, len(new), size):
            joint.feed(new[at : at + size])
            if joint.settled:
                break
        joint.end()
        times.append(time.process_time() - began)
    return min(times)


@pytest.mark.parametrize("said", MONSTERS)
def test_no_text_takes_long_to_look_at(said: str) -> None:
    """Twenty times the text takes about twenty times as long: not 400 times."""
    for new in MONSTERS.values():
        for size in (50, 10**6):
            small = _cost(MONSTERS[said](1_000), new(1_000), size)
            assert _cost(MONSTERS[said](20_000), new(20_000), size) < 120 * small + 0.1


@pytest.mark.parametrize("spaces", [GAP - 1, GAP, GAP + 1, 3 * GAP])
def test_nothing_is_looked_for_behind_a_long_gap(spaces: int) -> None:
    new = "brown fox" + " " * spaces + "jumps over the dog"
    joint = Seam(FOX)
    rest = "".join(joint.feed(letter) for letter in new) + joint.end()
    assert rest == Seam(FOX).feed(new) == (" the dog" if spaces < GAP else new)


# ------------------------------------------------------------------------------- any text
prose = st.integers(0, 10_000).map(lambda seed: whole("".join(first_tokens(seed, "plain", 60))))
sizes = st.lists(st.integers(1, 40), min_size=1, max_size=30)


def cut(text: str, sizes: list[int]) -> list[str]:
    pieces, at = [], 0
    for size in sizes * (len(text) // sum(sizes) + 1):
        pieces.append(text[at : at + size])
        at += size
    return [piece for piece in pieces if piece]


@given(
    st.text(alphabet="ab. \n`", max_size=40) | prose,
    st.text(alphabet="ab. \n`", max_size=60) | prose,
    st.sampled_from(["", "Sure: ", "Continuing:\n", "```python\n", "here", " \n"]),
    sizes,
)
def test_it_is_the_same_however_it_is_cut(
    said: str, new: str, before: str, sizes: list[int]
) -> None:
    new = before + new
    joint = Seam(said)
    rest = "".join([joint.feed(piece) for piece in cut(new, sizes)]) + joint.end()
    other = Seam(said)
    assert rest == other.feed(new) + other.end()
    assert new.endswith(rest) or rest.strip() in new
    assert "\n" in new or len(rest) <= len(new)


@given(prose, st.integers(1, 200), st.integers(LEAST + 4, 300), sizes)
def test_any_repetition_is_left_out(text: str, at: int, overlap: int, sizes: list[int]) -> None:
    said, new = text[: len(text) - at], text[len(text) - at :]
    again = said[-overlap:].lstrip()
    stripped = " ".join(again.split())
    assume(len(stripped) >= LEAST and len(set(stripped)) > 8)
    joint = Seam(said)
    rest = "".join([joint.feed(piece) for piece in cut(again + new, sizes)]) + joint.end()
    assert said + rest == text


@given(prose, prose, sizes)
def test_a_new_text_is_left_alone(said: str, new: str, sizes: list[int]) -> None:
    tail, head = " ".join(said.split()), " ".join(new.split())
    assume(not any(tail.endswith(head[:length]) for length in range(10, len(head))))
    joint = Seam(said + " xyzzy")
    assert "".join([joint.feed(piece) for piece in cut(new, sizes)]) + joint.end() == new


@given(prose, st.integers(1, 200))
def test_what_goes_on_exactly_stays_exact(text: str, at: int) -> None:
    """The words are few here, so that they do recur: and yet it takes no coincidence for more."""
    said, new = text[:-at], text[-at:]
    joint = Seam(said)
    assert said + joint.feed(new) + joint.end() == text
