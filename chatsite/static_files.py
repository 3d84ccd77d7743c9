"""Static files as they are served: hashed names, and one stylesheet instead of seventeen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

STYLESHEET = "css/unbroken.css"
_IMPORT = re.compile(r'^@import url\("([^"]+)"\);$', re.MULTILINE)


def joined_stylesheet() -> str:
    """``unbroken.css`` with the files that it imports in the place of their imports."""
    main = Path(str(finders.find(STYLESHEET)))
    return _IMPORT.sub(lambda found: (main.parent / found[1]).read_text(), main.read_text())


class Storage(ManifestStaticFilesStorage):
    def post_process(self, paths: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """After everything was copied: hash it. ``paths`` says where each file comes from."""
        Path(self.path(STYLESHEET)).write_text(joined_stylesheet())
        joined = paths | {STYLESHEET: (self, STYLESHEET)}
        return super().post_process(joined, *args, **kwargs)
