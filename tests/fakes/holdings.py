"""Members that each hold what the others lack, and one backend that holds everything.

They are the simulated backends of `config/backends` with other collections. They listen on
this machine, compute for real in this process, and read one another's signed results.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import requests
import yaml
from werkzeug.serving import WSGIRequestHandler, make_server

from backends.app import STORE_FILE, create_app
from backends.compute.run import executor
from backends.jobs.store import Store
from backends.jobs.thread_engine import ThreadEngine
from backends.profile_reading import load_profile
from tests.fakes.servers import free_port

PROFILES: Final = Path(__file__).parents[2] / "config" / "backends"
HOLDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "terra": ("SENTINEL2_L2A", "SENTINEL3_OLCI_L1B"),
    "aurora": ("SENTINEL1_GRD", "AURORA_DEM"),
    "boreal": ("TERRA_LANDCOVER_MAP", "BOREAL_TEMPERATURE_DAILY"),
}
"""Optical data, radar, and a land-cover map: each at one member only."""
WHOLE: Final = "whole"
"""The name of the backend that holds everything, which is no member."""
ELSEWHERE: Final = "elsewhere"
"""The name of a place that is no backend, of which all of these may load: for servers of tests."""
PATIENCE: Final = 60.0
COMPUTING: Final = pytest.mark.filterwarnings(
    *(
        f"ignore::{category}"
        for category in (
            "rasterio.errors.NotGeoreferencedWarning",
            "dask.array.PerformanceWarning",
            "RuntimeWarning",
            "DeprecationWarning",
        )
    )
)
"""For tests in which these backends compute. What libraries silence for a moment, they silence
for all threads of the process: where two compute at once, one ends the silence of the other.
"""


class QuietHandler(WSGIRequestHandler):
    """Keeps connections as servers do, and says nothing."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Nothing."""


def documents(ports: Mapping[str, int], **changes: Any) -> dict[str, dict[str, Any]]:
    """The profiles of the members and of the backend with everything, on these ports."""
    members = {name: _document(name) for name in HOLDINGS}
    everything = [entry for name in HOLDINGS for entry in members[name]["collections"]]
    whole = {**_document("terra"), "id": WHOLE, "collections": everything}
    own = [f"127.0.0.1:{port}" for port in ports.values()]
    return {
        name: {
            **document,
            "bind": f"127.0.0.1:{ports[name]}",
            "urls": {"hosts": ["*"], "private": False, "own": own},
            "limits": {**document["limits"], "worker_threads": 1},
            **changes,
        }
        for name, document in {**members, WHOLE: whole}.items()
    }


def _document(name: str) -> dict[str, Any]:
    """The profile of a backend of the local federation, with its part of the collections only."""
    document = yaml.safe_load((PROFILES / f"{name}.yaml").read_text(encoding="utf-8"))
    for section in ("oidc", "accounting"):
        document.pop(section, None)
    held = [entry for entry in document["collections"] if entry["id"] in HOLDINGS[name]]
    assert len(held) == len(HOLDINGS[name])
    return {**document, "collections": held}


class Computing:
    """A simulated backend that listens and computes. It can go away and come back."""

    def __init__(self, document: Mapping[str, Any], folder: Path) -> None:
        folder.mkdir(parents=True)
        file = folder / "profile.yaml"
        file.write_text(yaml.safe_dump(dict(document)), encoding="utf-8")
        self.profile = load_profile(file)
        self.url = self.profile.api_url
        self.asked: list[str] = []
        self.store = Store(folder / STORE_FILE)
        self.engine = ThreadEngine(executor(file), self.store)
        self.app = create_app(
            self.profile,
            data_directory=folder,
            engine=self.engine,
            clock=lambda: datetime.now(UTC),
        )
        self.come()

    def come(self) -> None:
        """Listen, at first or again."""
        host, _, port = self.profile.bind.rpartition(":")
        self._server = make_server(
            host, int(port), self._answer, threaded=True, request_handler=QuietHandler
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def go(self) -> None:
        """Refuse connections; what is being computed goes on."""
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()

    def close(self) -> None:
        self.go()
        self.engine.close()
        self.store.close()

    def _answer(self, environ: Any, start: Any) -> Any:
        self.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return self.app(environ, start)

    def ask(self, method: str, path: str, user: str = "alice", **options: Any) -> requests.Response:
        """A request of one of its users."""
        options.setdefault("headers", {"Authorization": self.token(user)})
        return requests.request(method, f"{self.url}{path}", timeout=PATIENCE, **options)

    def token(self, user: str = "alice") -> str:
        """What the user sends as Authorization, in the form that this backend wants."""
        login = base64.b64encode(f"{user}:{user}".encode()).decode()
        answer = requests.get(
            f"{self.url}/credentials/basic",
            headers={"Authorization": f"Basic {login}"},
            timeout=PATIENCE,
        )
        prefix = "" if self.profile.token_form == "jwt" else "basic//"
        return f"Bearer {prefix}{answer.json()['access_token']}"

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
            assert time.monotonic() < end, f"the job is still {status}"
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


@contextmanager
def holdings(
    folder: Path, ports: Mapping[str, int] | None = None, **changes: Any
) -> Iterator[dict[str, Computing]]:
    """All of these backends by name, listening as long as the context lasts.

    `changes` are sections of all their profiles.
    """
    ports = ports or {name: free_port() for name in (*HOLDINGS, WHOLE, ELSEWHERE)}
    made: dict[str, Computing] = {}
    try:
        for name, document in documents(ports, **changes).items():
            made[name] = Computing(document, folder / name)
        yield made
    finally:
        for backend in made.values():
            backend.close()


def load_part(url: str) -> dict[str, Any]:
    """The node that reads what another part has saved."""
    return {"process_id": "load_stac", "arguments": {"url": url}}


def saved(node: str, format_: str = "netCDF") -> dict[str, Any]:
    """The node that saves a part's result."""
    arguments = {"data": {"from_node": node}, "format": format_}
    return {"process_id": "save_result", "arguments": arguments, "result": True}
