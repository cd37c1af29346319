"""A server of files on this machine that gives parts of them, and counts what it gave."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Files:
    """Contents by path, and paths by path for those that have moved."""

    contents: dict[str, bytes]
    moved: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    version: str = '"1"'
    busy: int = 0
    """How many requests are told to come back later."""
    url: str = ""
    given: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def authority(self) -> str:
        """Host and port."""
        return self.url.removeprefix("http://")


def _handler(files: Files) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            files.asked.append(self.path)
            if files.busy:
                files.busy -= 1
                return self._answer(503, b"")
            if self.path in files.moved:
                return self._answer(302, b"", Location=files.moved[self.path])
            if self.path not in files.contents:
                return self._answer(404, b"")
            content = files.contents[self.path]
            told = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if told is None or not files.ranges:
                return self._answer(200, content)
            start, end = int(told[1]), min(int(told[2]), len(content) - 1)
            whole = f"bytes {start}-{end}/{len(content)}"
            return self._answer(
                206, content[start : end + 1], **{"Content-Range": whole, "ETag": files.version}
            )

        def _answer(self, status: int, body: bytes, **headers: str) -> None:
            files.given += len(body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name there
            """Nobody reads it."""

    return Handler


@contextmanager
def serving(files: Files) -> Iterator[Files]:
    """The files on a free port, as long as it lasts; their `url` says where."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(files)) as server:
        files.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield files
        finally:
            server.shutdown()
            thread.join(5)
