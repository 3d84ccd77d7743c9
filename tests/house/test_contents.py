"""What files may hold: no address of a registry, no path of a machine, nothing too long to read."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from . import ROOT, files, name

MAX_FILE_LINES = 300  # when a file passes it: which noun is missing?
MAX_FUNCTION_LINES = 50

ADDRESS = re.compile(
    r"\w+://\S*|^\s*--?(?:i|f|index-url|extra-index-url|find-links)\b.*", re.MULTILINE
)
HASHES = r"(?:\s+--hash=sha256:[0-9a-f]{64}(?: \\\n|\n?$))+"
PINNED = re.compile(r"[\w.-]+==\S+ (?:; [^\n]* )?\\\n" + HASHES)
HOME_PATH = re.compile(r"/(?:home|Users)/[a-z]\w*/|/root/[.\w]|[A-Z]:\\Users\\")
# Brackets keep this line from matching itself.
REGISTRY = re.compile(r"pypi[.]org|pythonhosted[.]org|npmjs[.](?:org|com)|yarnpkg[.]com")


def text(path: Path) -> str:
    """The file's text; pictures and the like read as nothing."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def sources() -> list[Path]:
    written = files("*.py", "*.js", "*.css", "*.html")
    return [path for path in written if "migrations" not in path.parts]


def test_it_locks_without_addresses() -> None:
    locks = files("*requirements*.txt", "*lock*.json", ".npmrc")
    assert len(locks) >= 3
    assert {name(path): hits for path in locks if (hits := ADDRESS.findall(text(path)))} == {}


def test_it_locks_every_package_with_hashes() -> None:
    for path in files("requirements*.txt"):
        packages = re.split(r"\n(?=\S)", text(path).strip())
        assert len(packages) > 20
        assert [one for one in packages if not PINNED.fullmatch(one)] == []


def test_it_names_no_path_of_this_machine() -> None:
    machine = re.compile(f"{re.escape(str(ROOT))}/|{HOME_PATH.pattern}")
    assert {name(path): hits for path in files() if (hits := machine.findall(text(path)))} == {}


def test_it_names_no_registry() -> None:
    assert {name(path): hits for path in files() if (hits := REGISTRY.findall(text(path)))} == {}


def test_it_has_no_file_that_is_too_long_to_read() -> None:
    lengths = {name(path): len(text(path).splitlines()) for path in sources()}
    assert {what: lines for what, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


def test_it_has_no_function_that_needs_scrolling() -> None:
    lengths = {
        f"{name(path)} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in sources()
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(text(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {what: lines for what, lines in lengths.items() if lines >= MAX_FUNCTION_LINES} == {}
