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
def modules() -> dict[str, str]:
    """The URL of every module: ours as ``#app/<path>``, and the libraries."""
    root = Path(settings.BASE_DIR) / "static" / "js"
    ours = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*.js"))]
    files = LIBRARIES | {f"#app/{path}": f"js/{path}" for path in ours}
    return {name: staticfiles_storage.url(file) for name, file in files.items()}


@cache
def import_map() -> SafeString:
    """JSON for ``<script type="importmap">``.

    Our own file names go in and URLs come out: nothing in it comes from a person.
    """
    return mark_safe(dumps({"imports": modules()}).replace("<", "\\u003c"))  # noqa: S308
