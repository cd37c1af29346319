"""terra has S2, aurora S1 and borea LAND; a process merges all three, at terra.

The plan is written by hand: part1 at aurora and part2 at borea hand their cubes on to part3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from aggregator.federated.states import JobState, Limits
from aggregator.routing.plans import PART_ADDRESS, Exchange, Part, Plan
from aggregator.routing.splitting import Obstacle, Unsplittable
from aggregator.storage.federated_jobs import FederatedJobs
from aggregator.usecases.federated.driver import Driver
from aggregator.usecases.splitting import Whole
from tests.fakes.backends import FakeBackend
from tests.fakes.batch import Batch
from tests.fakes.clock import Clock
from tests.fakes.federated import at_once
from tests.web.site import Site, backend, process

COLLECTIONS = {"terra": "S2", "aurora": "S1", "borea": "LAND"}
BUSY = 60


def load(collection: str) -> dict[str, Any]:
    arguments = {"id": collection, "spatial_extent": None, "temporal_extent": None}
    return {"process_id": "load_collection", "arguments": arguments}


def read(part: str) -> dict[str, Any]:
    return {"process_id": "load_stac", "arguments": {"url": f"{PART_ADDRESS}{part}"}}


def merge(one: str, two: str) -> dict[str, Any]:
    cubes = {"cube1": {"from_node": one}, "cube2": {"from_node": two}}
    return {"process_id": "merge_cubes", "arguments": cubes}


def save(node: str, kind: str) -> dict[str, Any]:
    arguments = {"data": {"from_node": node}, "format": kind}
    return {"process_id": "save_result", "arguments": arguments, "result": True}


WHOLE = {
    "process_graph": {
        "optical": load("S2"),
        "radar": load("S1"),
        "land": load("LAND"),
        "both": merge("optical", "radar"),
        "all": merge("both", "land"),
        "save": save("all", "GTiff"),
    }
}
LAST = {
    "process_graph": {
        "optical": load("S2"),
        "radar": read("part1"),
        "land": read("part2"),
        "both": merge("optical", "radar"),
        "all": merge("both", "land"),
        "save": save("all", "GTiff"),
    }
}


def without_plan(reason: str) -> Unsplittable:
    """There is no plan."""
    return Unsplittable((Obstacle("test", reason),))


def first(node: str, collection: str) -> dict[str, Any]:
    return {"process_graph": {node: load(collection), "save": save(node, "netCDF")}}


PLAN = Plan(
    (
        Part("part1", "aurora", ("radar",), first("radar", "S1"), (), "only aurora has S1"),
        Part("part2", "borea", ("land",), first("land", "LAND"), (), "only borea has LAND"),
        Part(
            "part3",
            "terra",
            ("optical", "both", "all", "save"),
            LAST,
            ("part1", "part2"),
            "only terra has S2",
        ),
    ),
    (
        Exchange("radar", "part1", ("part3",), "netCDF", 5000),
        Exchange("land", "part2", ("part3",), "netCDF", 7000),
    ),
)


def member(name: str, batch: Batch, collection: str, **said: Any) -> FakeBackend:
    """A scripted backend with one collection, and what merging takes."""
    processes = [
        process("load_collection", "id", "spatial_extent", "temporal_extent", "bands"),
        process("load_stac", "url"),
        process("merge_cubes", "cube1", "cube2"),
        process("save_result", "data", "format", "options"),
    ]
    formats = {
        name: {"gis_data_types": ["raster"], "parameters": {}} for name in ("GTiff", "netCDF")
    }
    answers = {
        "GET /processes": {"processes": processes, "links": []},
        "GET /file_formats": {"input": formats, "output": formats},
        **batch.answers,
    }
    return backend(name, (collection,), answers=answers, **said)


class Trio:
    """The aggregator in front of the three, its driver moved by hand."""

    def __init__(
        self,
        directory: Path,
        *,
        batches: dict[str, Batch] | None = None,
        collections: Mapping[str, str] = COLLECTIONS,
        clock: Clock | None = None,
        said: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.batches = batches or {name: Batch(name) for name in collections}
        self.directory = directory
        members = {
            name: member(name, b, collections[name], **(said or {}))
            for name, b in self.batches.items()
        }
        self.clock = clock or Clock()
        self.site = Site(members, directory, clock=self.clock, **settings)
        self.plan: Plan | Unsplittable = PLAN
        self.asked: list[Any] = []
        self.meanwhile: list[Callable[[], None]] = []
        self.desk = self.site.federation.jobs
        self.found = self.desk.planning.plans
        self.desk.planning.plans = self
        self.store = FederatedJobs(self.site.federation.database, Limits())
        driver, _ = self.site.federation.background.runners
        assert isinstance(driver, Driver)
        self.driver = driver
        self.driver.begin = at_once

    def plan_for(self, whole: Whole, _billing: Any = None) -> Plan | Unsplittable:
        """The plan that was written by hand; one of the things in `meanwhile` happens first."""
        self.asked.append(whole.body)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return self.plan

    def create(self, user: dict[str, str], **body: Any) -> str:
        """The id of a new federated job."""
        answer = self.site.post("/jobs", {"process": WHOLE, **body}, headers=user)
        assert answer.status_code == 201, answer.text
        return str(answer.headers["OpenEO-Identifier"])

    def start(self, job: str, user: dict[str, str]) -> TestResponse:
        """Start it."""
        answer: TestResponse = self.site.request("POST", f"/jobs/{job}/results", headers=user)
        return answer

    def running(self, user: dict[str, str], **body: Any) -> str:
        """The id of a federated job that was started."""
        job = self.create(user, **body)
        assert self.start(job, user).status_code == 202
        return job

    def step(self, count: int = 1, seconds: float = 1.0) -> None:
        """The driver does what is due; time passes after each of its steps."""
        for _ in range(count):
            self.driver.step()
            self.clock.advance(seconds)

    def drive(self, job: str, seconds: float = 1.0) -> JobState | None:
        """The driver goes on until nothing is left to do; None if the job is forgotten then."""
        for _ in range(BUSY):
            found = self.store.get(job)
            if found is None or not found.state.busy:
                return None if found is None else found.state
            self.step(seconds=seconds)
        raise AssertionError(f"something is left to do: {self.store.get(job)}")

    def read(self, job: str, user: dict[str, str]) -> dict[str, Any]:
        """Its metadata."""
        answer = self.site.get(f"/jobs/{job}", headers=user)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json
        return found

    def log(self, job: str, user: dict[str, str], query: str = "") -> list[str]:
        """The messages in its log."""
        answer = self.site.get(f"/jobs/{job}/logs{query}", headers=user)
        assert answer.status_code == 200, answer.text
        return [entry["message"] for entry in answer.json["logs"]]

    def stages(self, job: str) -> dict[str, str]:
        """The stage of each part."""
        found = self.store.get(job)
        assert found is not None
        return {part.id: part.stage for part in found.state.current}

    def made(self) -> dict[str, list[str]]:
        """The titles of all jobs that were ever created, by backend."""
        return {name: [job.title for job in b.made] for name, b in self.batches.items()}

    def starts(self) -> dict[str, list[int]]:
        """How often each job was started."""
        return {name: [job.starts for job in b.made] for name, b in self.batches.items()}
