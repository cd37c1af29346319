"""Scripted batch jobs of a backend: each begins when it is told to, and ends after some looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes.backends import Call, Reply

CREATED = "2026-03-14T03:04:05Z"


def refusal(status: int, code: str, message: str = "No.") -> Reply:
    """An openEO error."""
    return Reply(status, {"id": "r-7", "code": code, "message": message})


@dataclass
class Job:
    """A job at the backend; `sent` is what it was created with."""

    id: str
    sent: dict[str, Any]
    owner: str | None
    status: str = "created"
    looks: int = 0
    starts: int = 0
    log: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The title it was created with."""
        return str(self.sent.get("title", ""))

    def shown(self) -> dict[str, Any]:
        """Its metadata."""
        more: dict[str, Any] = {"progress": 50} if self.status == "running" else {}
        if self.status == "finished":
            more = {"costs": 1.5, "usage": {"cpu": {"value": 10, "unit": "cpu-seconds"}}}
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status,
            "created": CREATED,
            "process": self.sent.get("process"),
            "budget": self.sent.get("budget"),
            **more,
        }


class Batch:
    """The jobs of one backend, and its answers about them.

    A job that was started is queued, running at the next look, and finished (`end`) after `looks`
    of them. `refuses` maps the first word of what is asked (create, start, look, cancel, delete,
    list, results, logs, estimate) to an answer instead.
    """

    def __init__(self, name: str, looks: int = 2) -> None:
        self.name, self.looks, self.end = name, looks, "finished"
        self.jobs: dict[str, Job] = {}
        self.made: list[Job] = []
        self.refuses: dict[str, Reply] = {}
        self.user_of: Callable[[str | None], str | None] = lambda authorization: authorization

    @property
    def answers(self) -> dict[str, Any]:
        """What a `FakeBackend` answers."""
        return {
            "POST /jobs": self._create,
            "GET /jobs": self._list,
            **{f"{method} /jobs/*": self._one for method in ("GET", "POST", "DELETE")},
        }

    def ends(self, status: str, *log: str) -> None:
        """From now on jobs end so, having said this in their log."""
        self.end = status
        self.words = log

    words: tuple[str, ...] = ()
    stated: Mapping[str, Any] = MappingProxyType({})
    """What results say beside what they always do."""
    says: dict[str, Any] | None = None

    def _create(self, call: Call) -> Any:
        if "create" in self.refuses:
            return self.refuses["create"]
        number = f"{self.name[0]}{len(self.made) + 1}"
        job = self.jobs[number] = Job(number, call.document, self.user_of(call.authorization))
        job.tokens.append(call.authorization)
        self.made.append(job)
        location = f"http://{self.name}.test/openeo/jobs/{number}"
        return Reply(201, None, {"Location": location, "OpenEO-Identifier": number})

    def _list(self, call: Call) -> Any:
        if "list" in self.refuses:
            return self.refuses["list"]
        query = dict(parse_qsl(call.query))
        limit, start = int(query.get("limit", 2)), int(query.get("from", 0))
        mine = [job for job in self.jobs.values() if job.owner == self.user_of(call.authorization)]
        shown = [job.shown() for job in mine[start : start + limit]]
        more = start + limit < len(mine)
        href = f"http://{self.name}.test/openeo/jobs?from={start + limit}&limit={limit}"
        return {"jobs": shown, "links": [{"rel": "next", "href": href}] if more else []}

    def _one(self, call: Call) -> Any:
        number, _, below = call.path.partition("/jobs/")[2].partition("/")
        job = self.jobs.get(number)
        if job is None or job.owner != self.user_of(call.authorization):
            return refusal(404, "JobNotFound", f"There is no job '{number}'.")
        names = {
            ("GET", ""): "look",
            ("DELETE", ""): "delete",
            ("POST", "results"): "start",
            ("DELETE", "results"): "cancel",
            ("GET", "results"): "results",
            ("GET", "logs"): "logs",
            ("GET", "estimate"): "estimate",
        }
        kind = names.get((call.method, below), "")
        if kind in self.refuses:
            return self.refuses[kind]
        if kind == "estimate" and self.says is not None:
            return self.says
        if kind in ("", "estimate"):
            return refusal(501, "FeatureUnsupported")
        if kind == "logs":
            return self._logs(job, dict(parse_qsl(call.query)))
        return getattr(self, f"_{kind}")(job)

    def _look(self, job: Job) -> Any:
        shown = job.shown()
        if job.status in ("queued", "running"):
            job.looks += 1
            job.status = "running"
            if job.looks >= self.looks:
                job.status = self.end
                levels = {"error": "error"}
                level = levels.get(self.end, "info")
                job.log += [
                    {"id": f"e{n}", "level": level, "message": word}
                    for n, word in enumerate(self.words, 1)
                ]
        return shown

    def _start(self, job: Job) -> Any:
        if job.status != "created":
            return refusal(400, "JobLocked")
        job.starts += 1
        job.status = "queued"
        return Reply(202)

    def _cancel(self, job: Job) -> Any:
        if job.status in ("queued", "running"):
            job.status = "canceled"
        return Reply(204)

    def _delete(self, job: Job) -> Any:
        del self.jobs[job.id]
        return Reply(204)

    def _logs(self, job: Job, query: dict[str, str]) -> Any:
        ids = [entry.get("id") for entry in job.log]
        begin = ids.index(query["offset"]) + 1 if query.get("offset") in ids else 0
        end = begin + int(query.get("limit", len(job.log)))
        return {"logs": job.log[begin:end], "links": []}

    def _results(self, job: Job) -> Any:
        if job.status != "finished":
            return refusal(400, "JobNotFinished")
        base = f"http://{self.name}.test/openeo/jobs/{job.id}/results"
        return {
            "type": "Collection",
            "stac_version": "1.0.0",
            "id": job.id,
            "description": "Results.",
            "license": "proprietary",
            "extent": {
                "spatial": {"bbox": [[11.0, 46.0, 11.1, 46.1]]},
                "temporal": {"interval": [[CREATED, CREATED]]},
            },
            **self.stated,
            "assets": {"out.nc": {"href": f"http://files.{self.name}.test/{job.id}.nc?sig=1"}},
            "links": [
                {"rel": "self", "href": base},
                {"rel": "canonical", "href": f"{base}?expires=9&signature=s-{job.id}"},
            ],
        }
