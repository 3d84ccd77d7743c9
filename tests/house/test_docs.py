"""The docs name every command, provider and wire; a link in them leads somewhere."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import streaming.providers
import streaming.wire
from streaming.bells import KINDS
from streaming.providers.base import Provider
from streaming.providers.configured import LOCAL_SERVERS
from streaming.wire.base import Wire

from . import ROOT, files, name

LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)#\s]+)(?:#[^)]*)?\)")


def pages() -> list[Path]:
    return files("README.md", "docs/*.md")


def missing(names: set[str]) -> set[str]:
    docs = "\n".join(path.read_text() for path in pages()).lower()
    assert names
    return {one for one in names if not re.search(rf"\b{re.escape(one.lower())}\b", docs)}


def members(package: ModuleType, base: type[Any]) -> Iterator[Any]:
    """The classes of a family, from every file of its package."""
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(found, base) and not inspect.isabstract(found):
                yield found


def test_it_names_every_command() -> None:
    commands = files("*/management/commands/*.py")
    assert missing({path.stem for path in commands if not path.stem.startswith("_")}) == set()


def test_it_names_every_provider() -> None:
    providers = {
        one.__module__.rpartition(".")[2] for one in members(streaming.providers, Provider)
    }
    assert missing(providers | set(LOCAL_SERVERS)) == set()


def test_it_names_every_bell() -> None:
    assert missing(set(KINDS)) == set()


def test_it_names_every_wire() -> None:
    assert missing({wire.content_type for wire in members(streaming.wire, Wire)}) == set()


def test_it_links_to_what_is_there() -> None:
    broken = [
        f"{name(page)}: {target}"
        for page in pages()
        for target in LINK.findall(page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_it_says_what_every_make_target_is_for() -> None:
    makefile = (ROOT / "Makefile").read_text()
    told = set(re.findall(r"^([a-z]+):.*  ## ", makefile, re.MULTILINE))
    assert told >= {"run", "test", "check", "bench", "format", "lock", "clean"}
    assert missing({f"make {target}" for target in ("run", "test", "bench")}) == set()
