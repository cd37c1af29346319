"""Servers of tests, on this machine: a place, an application that listens, users who ask it."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import requests
from werkzeug.serving import WSGIRequestHandler, make_server

PATIENCE: Final = 60.0


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def closing(app: Any) -> Any:
    """The WSGI application, whose answers are closed whatever becomes of the connection.

    Werkzeug's server does not close the answer to a client that resets the connection while
    it is sent, such as a browser whose window was closed: a file would stay open.
    """

    def closed(environ: Any, start_response: Any) -> Iterable[bytes]:
        return _parts(app(environ, start_response))

    return closed


def _parts(answer: Iterable[bytes]) -> Iterator[bytes]:
    """What the answer holds; a generator that is dropped half-way runs to its end as well."""
    try:
        yield from answer
    finally:
        if hasattr(answer, "close"):
            answer.close()


class _QuietHandler(WSGIRequestHandler):
    """Keeps connections and sends chunks, as servers do; says nothing."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Nothing."""


class Listening:
    """A WSGI application that listens from now on, in threads of its own; 0 is any port."""

    def __init__(self, app: Any, port: int = 0) -> None:
        self._server = make_server(
            "127.0.0.1", port, closing(app), threaded=True, request_handler=_QuietHandler
        )
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Refuse connections."""
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()


@contextmanager
def served(app: Any, port: int = 0) -> Iterator[str]:
    """The URL at which the application listens meanwhile: at that port, or at one of its own."""
    listening = Listening(app, port)
    try:
        yield listening.url
    finally:
        listening.close()


class Api:
    """An openEO API at a URL, and its users, each with the name as password.

    `form` is what stands before a token of theirs.
    """

    def __init__(self, url: str, form: str = "basic//") -> None:
        self.url = url
        self._form = form
        self._tokens: dict[str, str] = {}

    def ask(self, method: str, path: str, user: str = "alice", **options: Any) -> requests.Response:
        """A request of a user who is logged in."""
        options.setdefault("headers", {"Authorization": self.token(user)})
        return requests.request(method, f"{self.url}{path}", timeout=PATIENCE, **options)

    def token(self, user: str = "alice") -> str:
        """What the user sends as Authorization."""
        if user not in self._tokens:
            login = base64.b64encode(f"{user}:{user}".encode()).decode()
            answer = requests.get(
                f"{self.url}/credentials/basic",
                headers={"Authorization": f"Basic {login}"},
                timeout=PATIENCE,
            )
            self._tokens[user] = f"Bearer {self._form}{answer.json()['access_token']}"
        return self._tokens[user]

    def started(self, graph: Mapping[str, Any], **more: Any) -> str:
        """A batch job of that process graph, started; its id."""
        made = self.ask("POST", "/jobs", json={"process": {"process_graph": graph}, **more})
        assert made.status_code == 201, made.text
        job = made.headers["OpenEO-Identifier"]
        start = self.ask("POST", f"/jobs/{job}/results")
        assert start.status_code == 202, start.text
        return job

    def ended(self, job: str) -> str:
        """The status in which a job ends."""
        end = time.monotonic() + PATIENCE
        while (status := self.ask("GET", f"/jobs/{job}").json()["status"]) in (
            "queued",
            "running",
        ):
            assert time.monotonic() < end, f"the job is still {status}: {self.said(job)}"
            time.sleep(0.05)
        return str(status)

    def finished(self, graph: Mapping[str, Any]) -> str:
        """A batch job that was run to its end; its id."""
        job = self.started(graph)
        assert self.ended(job) == "finished", self.said(job)
        return job

    def said(self, job: str, level: str = "info") -> list[str]:
        """The messages in the log of a job."""
        logs = self.ask("GET", f"/jobs/{job}/logs?level={level}").json()["logs"]
        return [f"{entry['level']}: {entry['message']}" for entry in logs]

    def link(self, job: str, query: str = "") -> str:
        """The signed link to the results of a job."""
        document = self.ask("GET", f"/jobs/{job}/results{query}").json()
        return next(str(link["href"]) for link in document["links"] if link["rel"] == "canonical")

    def file(self, job: str, folder: Path) -> Path:
        """A copy of the only file of a job's results."""
        (asset,) = self.ask("GET", f"/jobs/{job}/results").json()["assets"].values()
        path = folder / f"{job}-{asset['title']}"
        path.write_bytes(requests.get(asset["href"], timeout=PATIENCE).content)
        return path
