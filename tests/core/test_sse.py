"""Server-sent events: any text, any chunking, the same frames."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.events import dumps
from streaming.sse import Decoder, Frame, FrameTooLong, comment, encode

from .stories import HOSTILE, texts


def decode(stream: bytes, *cuts: int) -> list[Frame]:
    decoder = Decoder()
    edges = [0, *sorted(cuts), len(stream)]
    return [f for a, b in pairwise(edges) for f in decoder.feed(stream[a:b])]


@given(st.lists(texts, min_size=1, max_size=4), st.data())
def test_any_json_survives_any_chunking(some: list[str], data: st.DataObject) -> None:
    stream = "".join(
        encode(dumps({"text": text}), event="delta", id=str(n)) for n, text in enumerate(some)
    ).encode()
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6))
    frames = decode(stream, *cuts)
    assert frames == [Frame(dumps({"text": text}), "delta", str(n)) for n, text in enumerate(some)]


@given(texts, st.data())
def test_raw_text_keeps_its_lines(text: str, data: st.DataObject) -> None:
    stream = encode(text).encode()
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6))
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    assert [frame.data for frame in decode(stream, *cuts)] == [lines]


@given(
    st.lists(st.sampled_from([*HOSTILE, "data: a", "event: b", "id: c", "retry: 5", "\n\n"])),
    st.data(),
)
def test_any_bytes_decode_the_same_however_they_are_cut(
    some: list[str], data: st.DataObject
) -> None:
    stream = "".join(some).encode()
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    assert decode(stream, *cuts) == decode(stream)


def test_it_reads_what_the_standard_shows() -> None:
    stream = (
        b": test\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\r\rdata\n\n"
        b"data\ndata\n\ndata:"
    )
    assert decode(stream) == [
        Frame("first", id="1"), Frame("second"), Frame(" third"), Frame(""), Frame("\n"),
    ]  # fmt: skip


def test_a_byte_order_mark_and_unknown_fields_are_passed_over() -> None:
    assert decode("\ufeffdata: x\nfoo: bar\n\n".encode()) == [Frame("x")]


def test_an_id_with_a_nul_is_not_one() -> None:
    assert decode(b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n") == [
        Frame("a", id="1"),
        Frame("b", id="1"),
    ]


def test_invalid_utf8_becomes_replacement_characters() -> None:
    assert decode(b"data: \xff\xfe\n\n") == [Frame("\ufffd\ufffd")]


def test_retry_is_kept() -> None:
    decoder = Decoder()
    decoder.feed(b"retry: 250\nretry: x\n\n")
    assert decoder.retry_ms == 250


def test_an_unfinished_frame_is_not_dispatched() -> None:
    assert decode(b"data: x\n") == []


@pytest.mark.parametrize(
    "chunk", [b"x" * 101, b"data: " + b"x" * 60 + b"\ndata: " + b"x" * 60 + b"\n"]
)
def test_what_is_too_long_is_refused(chunk: bytes) -> None:
    with pytest.raises(FrameTooLong):
        Decoder(limit=100).feed(chunk)


def test_a_comment_is_no_frame() -> None:
    assert decode(comment("ping").encode()) == []
