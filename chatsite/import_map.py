"""The import map: the names that our modules import each other by, and the hashed files behind."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils.safestring import SafeString, mark_safe

from streaming.events import dumps

LIBRARIES = {
    "marked": "lib/marked/marked.esm.js",
    "htmx.org": "lib/htmx/htmx.esm.min.js",
}


@cache
def import_map() -> SafeString:
    """JSON for ``<script type="importmap">``: every module as ``#app/<path>``, and libraries.

    Our own file names go in and URLs come out: nothing in it comes from a person.
    """
    root = Path(settings.BASE_DIR) / "static" / "js"
    names = {
        f"#app/{path.relative_to(root).as_posix()}": path for path in sorted(root.rglob("*.js"))
    }
    files = LIBRARIES | {
        name: f"js/{path.relative_to(root).as_posix()}" for name, path in names.items()
    }
    imports = {name: staticfiles_storage.url(file) for name, file in files.items()}
    return mark_safe(dumps({"imports": imports}).replace("<", "\\u003c"))  # noqa: S308
