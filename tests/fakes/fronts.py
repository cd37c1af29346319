"""The aggregator, listening on this machine in front of members that compute for real."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml
from flask import Flask
from werkzeug.serving import make_server

from aggregator.app import create_app
from aggregator.settings import load
from tests.fakes.holdings import HOLDINGS, PATIENCE, Computing, QuietHandler
from tests.fakes.servers import free_port


class Front:
    """An aggregator and its users. `restart` makes it anew over the same database."""

    def __init__(self, members: Mapping[str, Computing], folder: Path, **settings: Any) -> None:
        self._port = free_port()
        self.host = f"http://127.0.0.1:{self._port}"
        self.settings = folder / "federation.yaml"
        document = {
            "title": "Federation",
            "description": "Members that each hold what the others lack.",
            "public_url": self.host,
            "bind": f"127.0.0.1:{self._port}",
            "data_directory": str(folder / "aggregator"),
            "splitting": {"longest_pause": 0.2, "lease": 2.0},
            "backends": {
                name: {"url": members[name].url, "title": name, "basic_authentication": True}
                for name in HOLDINGS
            },
            **settings,
        }
        self.settings.write_text(yaml.safe_dump(document), encoding="utf-8")
        self.app = self._started()
        self.url = self._api()
        self._tokens: dict[str, str] = {}

    def _started(self) -> Flask:
        app = create_app(load(self.settings))
        app.extensions["federation"].start()
        self._server = make_server(
            "127.0.0.1", self._port, app, threaded=True, request_handler=QuietHandler
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()
        return app

    def _api(self) -> str:
        versions = requests.get(f"{self.host}/.well-known/openeo", timeout=PATIENCE).json()
        return str(versions["versions"][0]["url"]).rstrip("/")

    def close(self) -> None:
        """Stop listening, and what runs in the background."""
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()
        self.app.extensions["federation"].stop()

    def restart(self) -> None:
        self.close()
        self.app = self._started()

    def ask(self, method: str, path: str, user: str = "alice", **options: Any) -> requests.Response:
        """A request of a user who is logged in."""
        options.setdefault("headers", {"Authorization": self.token(user)})
        return requests.request(method, f"{self.url}{path}", timeout=PATIENCE, **options)

    def token(self, user: str) -> str:
        if user not in self._tokens:
            login = base64.b64encode(f"{user}:{user}".encode()).decode()
            answer = requests.get(
                f"{self.url}/credentials/basic",
                headers={"Authorization": f"Basic {login}"},
                timeout=PATIENCE,
            )
            self._tokens[user] = f"Bearer basic//{answer.json()['access_token']}"
        return self._tokens[user]

    def started(self, graph: Mapping[str, Any]) -> str:
        """A batch job of that process graph, started; its id."""
        made = self.ask("POST", "/jobs", json={"process": {"process_graph": graph}})
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
            time.sleep(0.1)
        return str(status)

    def said(self, job: str) -> list[str]:
        """The messages in the log of a job."""
        logs = self.ask("GET", f"/jobs/{job}/logs").json()["logs"]
        return [f"{entry['level']}: {entry['message']}" for entry in logs]

    def file(self, job: str, folder: Path) -> Path:
        """A copy of the only file of a job's results."""
        (asset,) = self.ask("GET", f"/jobs/{job}/results").json()["assets"].values()
        path = folder / f"{job}.nc"
        path.write_bytes(requests.get(asset["href"], timeout=PATIENCE).content)
        return path


@contextmanager
def front(members: Mapping[str, Computing], folder: Path, **settings: Any) -> Iterator[Front]:
    """An aggregator in front of these members; `settings` as in its configuration file."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Front(members, folder, **settings)
    try:
        yield made
    finally:
        made.close()
