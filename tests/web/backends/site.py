"""A whole backend in process, whose computations do what a test says."""

from __future__ import annotations

import base64
import copy
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backends.app import STORE_FILE, create_app
from backends.jobs.engine import Task
from backends.jobs.records import Asset
from backends.jobs.reporting import Reporter
from backends.jobs.store import Store
from tests.contract.specification import assert_conforms
from tests.fakes.clocks import Clock
from tests.fakes.engines import ThreadEngine
from tests.fakes.profiles import profile

PATIENCE = 10.0
GRAPH: dict[str, Any] = {
    "process_graph": {
        "load": {
            "process_id": "load_collection",
            "arguments": {
                "id": "SENTINEL2_L2A",
                "spatial_extent": {"west": 7.0, "south": 51.0, "east": 7.01, "north": 51.01},
                "temporal_extent": ["2024-06-01", "2024-06-11"],
                "bands": ["B04"],
            },
        },
        "save": {
            "process_id": "save_result",
            "arguments": {"data": {"from_node": "load"}, "format": "GTiff"},
            "result": True,
        },
    }
}
"""A process graph without a mistake."""


def changed(**arguments: Any) -> dict[str, Any]:
    """That graph with other arguments of its `load_collection`."""
    graph = copy.deepcopy(GRAPH)
    graph["process_graph"]["load"]["arguments"] |= arguments
    return graph


Behaviour = Callable[[Task, Reporter], None]


def write(task: Task, reporter: Reporter, name: str, content: bytes, **metadata: Any) -> None:
    """What a computation does when it saves a file."""
    path = task.results / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    media_type = "image/tiff; application=geotiff; profile=cloud-optimized"
    reporter.asset(Asset(name, media_type, ("data",), len(content), metadata))


def save_one(task: Task, reporter: Reporter) -> None:
    """A computation that saves one located file."""
    reporter.log("info", "Loading.")
    metadata = {
        "bbox": [7.0, 51.0, 7.01, 51.01],
        "datetime": "2024-06-03T10:30:00Z",
        "proj:epsg": 32632,
        "proj:code": "EPSG:32632",
        "proj:shape": [10, 10],
        "bands": [{"name": "B04", "data_type": "float32", "nodata": "nan"}],
    }
    write(task, reporter, "openEO.tif", b"0123456789" * 100, **metadata)


def until(event: threading.Event) -> Behaviour:
    """A computation that saves nothing and ends with the event."""

    def wait(_task: Task, _reporter: Reporter) -> None:
        assert event.wait(PATIENCE)

    return wait


class Site:
    """The backend, a clock, and clients that speak for its users."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.profile = profile(**changes)
        self.folder = folder
        self.clock = Clock()
        self.behaviour: Behaviour = save_one
        folder.mkdir(exist_ok=True)
        self.store = Store(folder / STORE_FILE)
        self.engine = ThreadEngine(self._execute, self.store, self.clock)
        self.app = create_app(
            self.profile, data_directory=folder, engine=self.engine, clock=self.clock
        )
        self.client: FlaskClient = self.app.test_client()

    def close(self) -> None:
        self.engine.close()
        self.store.close()

    def _execute(self, task: Task, reporter: Reporter) -> None:
        self.behaviour(task, reporter)

    def token(self, user: str = "alice") -> str:
        """What the user sends as Authorization, in the form that this backend wants."""
        password = self.profile.users[user].password.plain
        encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {encoded}"}
        response = self.client.get(self.path("/credentials/basic"), headers=headers)
        token = cast(str, response.json["access_token"])  # type: ignore[index]
        return f"Bearer {token}" if self.profile.token_form == "jwt" else f"Bearer basic//{token}"

    def path(self, path: str) -> str:
        return f"{self.profile.url_path}{path}"

    def ask(
        self,
        method: str,
        path: str,
        *,
        user: str | None = "alice",
        template: str | None = None,
        **options: Any,
    ) -> TestResponse:
        """Send a request of the user; the response is held against the specification."""
        headers = dict(options.pop("headers", {}))
        if user is not None:
            headers.setdefault("Authorization", self.token(user))
        local = path.removeprefix(self.profile.api_url)
        # Buffered: read to the end and closed, as a server does.
        response = self.client.open(
            self.path(local), method=method, headers=headers, buffered=True, **options
        )
        if template is not None:
            body = response.json if response.is_json else None
            assert_conforms(method, template, response.status_code, body, dict(response.headers))
        return response

    def create(self, user: str = "alice", **more: Any) -> str:
        """Create a job; its id."""
        body = {"process": GRAPH, **more}
        response = self.ask("POST", "/jobs", user=user, json=body, template="/jobs")
        assert response.status_code == 201, response.text
        return response.headers["OpenEO-Identifier"]

    def start(self, job_id: str) -> None:
        response = self.ask("POST", f"/jobs/{job_id}/results")
        assert response.status_code == 202, response.text

    def job(self, job_id: str) -> dict[str, Any]:
        response = self.ask("GET", f"/jobs/{job_id}", template="/jobs/{job_id}")
        return cast(dict[str, Any], response.json)

    def wait(self, job_id: str, status: str) -> dict[str, Any]:
        """Wait until the job has that status."""
        end = time.monotonic() + PATIENCE
        while (job := self.job(job_id))["status"] != status:
            assert time.monotonic() < end, f"the job is {job['status']}, not {status}"
            time.sleep(0.01)
        return job

    def finished(self, **more: Any) -> str:
        """A job that was run to its end; its id."""
        job_id = self.create(**more)
        self.start(job_id)
        self.wait(job_id, "finished")
        return job_id


def error(response: TestResponse) -> tuple[int, str]:
    """Status and code of an error, which must have the form of openEO errors."""
    body = cast(dict[str, Any], response.json)
    assert set(body) >= {"id", "code", "message"}, body
    assert isinstance(body["message"], str)
    assert body["message"]
    return response.status_code, body["code"]
