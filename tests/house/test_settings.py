"""Every setting is explained in .env.example, with its default, and named in the docs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from . import ROOT

SETTINGS = ROOT / "chatsite" / "settings.py"
#: A setting and its default, commented out; a setting without a default is empty.
LINE = re.compile(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)


def read() -> Iterator[tuple[str, ast.expr | None]]:
    """The name and the default of every ``env.kind("NAME", default=…)``."""
    for node in ast.walk(ast.parse(SETTINGS.read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="env")),
                args=[ast.Constant(value=str(setting)), *_],
                keywords=keywords,
            ):
                yield (
                    setting,
                    next((word.value for word in keywords if word.arg == "default"), None),
                )


def as_written(default: object) -> str:
    if isinstance(default, list):
        return ",".join(map(str, default))
    return str(default).lower() if isinstance(default, bool) else str(default)


def explained() -> dict[str, str]:
    lines = LINE.findall((ROOT / ".env.example").read_text())
    assert len(lines) == len(dict(lines))
    return dict(lines)


def test_it_explains_every_setting_in_the_example() -> None:
    assert set(explained()) == {setting for setting, _ in read()}


def test_it_tells_the_true_defaults() -> None:
    example = explained()
    literal = (ast.Constant, ast.List)
    defaults = {
        setting: as_written(ast.literal_eval(default))
        for setting, default in read()
        if isinstance(default, literal)
    }
    assert len(defaults) > 10
    assert {setting: example[setting] for setting in defaults} == defaults


def test_it_names_every_setting_in_the_docs() -> None:
    docs = "\n".join(path.read_text() for path in (ROOT / "docs").glob("**/*.md"))
    assert [setting for setting, _ in read() if not re.search(rf"\b{setting}\b", docs)] == []
