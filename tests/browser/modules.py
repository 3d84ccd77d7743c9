"""A tiny server for pages that test our modules: the product's own policy, and nothing else."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = ROOT / "static" / "js"
LIBRARIES = {
    "marked": ROOT / "node_modules" / "marked" / "lib" / "marked.esm.js",
    "htmx.org": ROOT / "node_modules" / "htmx.org" / "dist" / "htmx.esm.min.js",
}
HARNESS = Path(__file__).with_name("harness.js")

#: docs/security: the same for every page.
POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'self'"
    " 'nonce-{nonce}'; img-src 'self' data:; connect-src 'self'; font-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self';"
    " require-trusted-types-for 'script'; trusted-types app; report-uri /csp"
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>test</title>
<meta name="csrf-token" content="the-token">
<meta name="htmx-config" content='{"extensions":"app","history":false,\
"includeIndicatorCSS":false,"mode":"same-origin"}'>
<link rel="icon" href="data:,">
<script type="importmap" nonce="%(nonce)s">%(imports)s</script>
<script type="module" nonce="%(nonce)s" src="/harness.js"></script></head>
<body>%(body)s<div role="status" aria-live="polite" data-announcer></div></body></html>"""


def _imports() -> str:
    own = {f"#app/{path.relative_to(MODULES)}": path for path in MODULES.rglob("*.js")}
    names = [*own, *LIBRARIES]
    return json.dumps({"imports": {name: "/m/" + name.removeprefix("#") for name in names}})


class Modules:
    """What the server serves and what it saw."""

    def __init__(self) -> None:
        self.body = '<div id="stage"></div>'
        #: Paths asked for that are no module and no page.
        self.strange: list[str] = []
        self.reports: list[str] = []
        self.url = ""

    def page(self) -> tuple[bytes, str]:
        nonce = secrets.token_urlsafe(12)
        page = PAGE % {"nonce": nonce, "imports": _imports(), "body": self.body}
        return page.encode(), POLICY.format(nonce=nonce)

    def module(self, path: str) -> Path | None:
        if path == "/harness.js":
            return HARNESS
        name = path.removeprefix("/m/")
        if name in LIBRARIES:
            return LIBRARIES[name]
        file = MODULES / name.removeprefix("app/")
        return file if name.startswith("app/") and file.is_file() else None

    def answer(self, handler: BaseHTTPRequestHandler) -> bool:
        """Whether it answered a request that is for none of ours; to be overridden."""
        return False


def _handler(modules: Modules) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/":
                body, policy = modules.page()
                self.reply(body, "text/html; charset=utf-8", policy)
            elif file := modules.module(self.path):
                self.reply(file.read_bytes(), "text/javascript; charset=utf-8")
            elif not modules.answer(self):
                modules.strange.append(self.path)
                self.send_error(404)

        def do_POST(self) -> None:
            if self.path == "/csp":
                length = int(self.headers["Content-Length"])
                modules.reports.append(self.rfile.read(length).decode())
                self.reply(b"", "text/plain")
            elif not modules.answer(self):
                modules.strange.append(f"POST {self.path}")
                self.send_error(404)

        def reply(self, body: bytes, kind: str, policy: str = "") -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            if policy:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *args: Any) -> None:
        """A browser that goes away in mid-answer is no error."""


@contextmanager
def serving(modules: Modules) -> Iterator[Modules]:
    """Serves them at ``modules.url`` on a free port."""
    server = _Server(("127.0.0.1", 0), _handler(modules))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    modules.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield modules
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
