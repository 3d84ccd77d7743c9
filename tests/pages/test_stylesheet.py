from __future__ import annotations

import re
from pathlib import Path

from chatsite.static_files import joined_stylesheet

FOLDER = Path(__file__).parents[2] / "static/css"
#: The admin pages have their own.
OURS = [path for path in FOLDER.glob("*.css") if not path.name.startswith("admin")]


def test_it_is_made_of_every_file() -> None:
    joined = joined_stylesheet()
    assert "@import" not in joined
    for path in OURS:
        if path.name != "unbroken.css":
            assert path.read_text() in joined, f"{path.name} is not imported by unbroken.css"


def test_it_names_colours_by_meaning_outside_of_one_file() -> None:
    for path in OURS:
        if path.name != "colors.css":
            found = re.findall(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch|lab)a?\(", path.read_text())
            assert not found, f"{path.name}: {found}"


def test_every_name_that_is_used_is_given() -> None:
    joined = joined_stylesheet()
    used = set(re.findall(r"var\((--[\w-]+)", joined))
    given = set(re.findall(r"(--[\w-]+):", joined))
    assert used <= given
    assert given <= used
