"""Imports point one way: chatsite, conversations, streaming, and under them the pure core."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

from . import ROOT, files, name

LAYERS = ["streaming", "conversations", "chatsite"]  # each may import those before it, and itself
CORE = {
    "accounts",
    "events",
    "fold",
    "parts",
    "prompt",
    "said",
    "seam",
    "splice",
    "sse",
}  # of streaming
CORE_MAY = {"__future__", "abc", "codecs", "collections", "dataclasses", "enum", "functools"}
CORE_MAY |= {"itertools", "json", "math", "re", "types", "typing", "unicodedata"}


def imported(path: Path) -> Iterator[str]:
    """The full names of all that the module imports, relative ones resolved, late ones included."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def strays(paths: list[Path], is_stray: Callable[[str], bool]) -> dict[str, list[str]]:
    return {name(path): hits for path in paths if (hits := [*filter(is_stray, imported(path))])}


def test_it_never_imports_a_layer_above() -> None:
    for index, layer in enumerate(LAYERS):
        above = {*LAYERS[index + 1 :], "tests", "bench"}
        assert strays(files(f"{layer}/*.py"), lambda what: what.split(".")[0] in above) == {}  # noqa: B023 - called at once


def test_it_keeps_urls_and_people_out_of_streaming() -> None:
    unknown = ("django.urls", "django.contrib", "django.shortcuts")
    assert strays(files("streaming/*.py"), lambda what: what.startswith(unknown)) == {}


def test_it_keeps_the_core_pure() -> None:
    ours = tuple(f"streaming.{sibling}." for sibling in CORE)
    core = [path for path in files("streaming/*.py") if name(path)[10:-3] in CORE]
    assert len(core) == len(CORE)
    impure = strays(core, lambda what: what.split(".")[0] not in CORE_MAY | {"streaming"})
    outside = strays(core, lambda what: what.startswith("streaming.") and not what.startswith(ours))
    assert impure == outside == {}
