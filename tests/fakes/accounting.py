"""A scripted issuer and accounting on loopback, in one server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from backends.accounting.configuration import Accounting

Answer = tuple[int, Any]
SECRET = "terra-accounting-secret"


class Office:
    """What was asked, and how to answer: `costs` for each report unless `answer` says otherwise."""

    def __init__(self) -> None:
        self.url = ""
        self.costs = 9.0
        self.lifetime: int | None = 3600
        self.tokens_given = 0
        self.withdrawn: set[str] = set()
        self.reports: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], Answer | None] = lambda _report: None
        self.issuer_answers = True
        self.named: str | None = None
        self.came = threading.Condition()
        self.dripping = False
        self.patience = threading.Event()

    @property
    def accounting(self) -> Accounting:
        """How to report here."""
        place = f"{self.url}/federation/accounting"
        return Accounting(place, "terra", self.url, "terra-accounting", SECRET)

    def wait_for(self, count: int, seconds: float = 20.0) -> list[dict[str, Any]]:
        """The reports, once so many have come."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.reports) >= count, seconds)
            return list(self.reports)

    def respond(self, method: str, path: str, body: bytes, authorization: str) -> Answer:
        if path == "/.well-known/openid-configuration" and self.issuer_answers:
            endpoint = f"{self.url}/token"
            return 200, {"issuer": self.named or self.url, "token_endpoint": endpoint}
        if path == "/token" and method == "POST":
            return self._token(parse_qs(body.decode()))
        if path == "/federation/accounting/resources" and method == "POST":
            return self._report(json.loads(body), authorization)
        return 404, {"code": "NotFound", "message": "Nothing here."}

    def _token(self, form: dict[str, list[str]]) -> Answer:
        wanted = {"grant_type": ["client_credentials"], "client_id": ["terra-accounting"]}
        wanted |= {"client_secret": [SECRET], "scope": ["openid"]}
        if form != wanted:
            return 401, {"error": "invalid_client"}
        self.tokens_given += 1
        token = {"access_token": f"token-{self.tokens_given}", "token_type": "Bearer"}
        return 200, token if self.lifetime is None else {**token, "expires_in": self.lifetime}

    def _report(self, report: dict[str, Any], authorization: str) -> Answer:
        token = authorization.removeprefix("Bearer ")
        if not token.startswith("token-") or token in self.withdrawn:
            return 403, {"code": "TokenInvalid", "message": "The token has expired."}
        with self.came:
            self.reports.append(report)
            self.came.notify_all()
        return self.answer(report) or (201, [{"jobId": report["jobId"], "cost": self.costs}])


@contextmanager
def office() -> Iterator[Office]:
    """The server, listening."""
    desk = Office()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            authorization = self.headers.get("Authorization", "")
            status, document = desk.respond(self.command, self.path, body, authorization)
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            if 300 <= status < 400:
                self.send_header("Location", f"{desk.url}/elsewhere")
            self.end_headers()
            with suppress(OSError):
                self._write(content)

        def _write(self, content: bytes) -> None:
            if not desk.dripping:
                self.wfile.write(content)
                return
            for byte in content:
                self.wfile.write(bytes([byte]))
                desk.patience.wait(0.02)

        def do_GET(self) -> None:
            self._handle()

        def do_POST(self) -> None:
            self._handle()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    desk.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield desk
    finally:
        desk.patience.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
