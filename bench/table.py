"""The table: medians of the rounds with their spread, and how far the two are apart."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from .loads import Figures

#: ``[{"ours": {"single": figures, …}, "peer": …}, …]``, one for every round.
Rounds = list[dict[str, dict[str, Figures]]]

ROWS = (
    ("added time to first token, 1 stream, p50", "ms", "single", "first_token_p50"),
    ("lag of a token, 1 stream, p50", "ms", "single", "lag_p50"),
    ("added time to first token, 200 streams, p50", "ms", "many", "first_token_p50"),
    ("added time to first token, 200 streams, p99", "ms", "many", "first_token_p99"),
    ("lag of a token, 200 streams, p50", "ms", "many", "lag_p50"),
    ("lag of a token, 200 streams, p99", "ms", "many", "lag_p99"),
    ("tokens per CPU second, 200 streams", "", "many", "tokens_per_cpu_second"),
    ("tokens per CPU second, full speed", "", "full", "tokens_per_cpu_second"),
    ("memory a stream, 500 open", "KiB", "held", "kib_per_stream"),
    ("memory before the first stream", "MiB", "held", "resident_mib"),
)


def table(rounds: Rounds) -> str:
    """``ours`` and ``peer`` as median (least to most); ``ours/peer`` as a ratio of medians."""
    lines = list(_lines(rounds))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _lines(rounds: Rounds) -> Iterator[tuple[str, ...]]:
    subjects = list(rounds[0])
    both = subjects == ["ours", "peer"]
    yield ("", *subjects, *(["ours/peer"] if both else []))
    for label, unit, load, figure in ROWS:
        values = [[one[subject][load][figure] for one in rounds] for subject in subjects]
        medians = [statistics.median(found) for found in values]
        ratio = [f"{medians[0] / medians[1]:.2f}"] if both else []
        yield (f"{label} {unit}".rstrip(), *map(_spread, values), *ratio)


def _spread(values: list[float]) -> str:
    if len(values) == 1:
        return _number(values[0])
    return (
        f"{_number(statistics.median(values))} ({_number(min(values))} to {_number(max(values))})"
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"
