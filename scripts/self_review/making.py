"""What a review makes at the backend: computations, jobs, and their removal."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from scripts.self_review.findings import Cause, NotJudgedError, could_not_tell
from scripts.self_review.graphs import Graph
from scripts.self_review.once import Once
from scripts.self_review.probe.addresses import parts
from scripts.self_review.probe.answer import Answer, NotJsonError
from scripts.self_review.probe.client import NoAnswerError
from scripts.self_review.probe.pace import ExhaustedError

ENDED: Final = frozenset({"finished", "error", "canceled"})
MOVING: Final = frozenset({"created", "queued", "running"})
BUSY: Final = frozenset({429, 503})
RETRIES: Final = 4
SHORT: Final = 1.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a review waits for what it has started, in seconds."""

    job: float = 120.0
    result: float = 60.0
    pause: float = 0.5
    """Between two looks at a job; it grows up to ten times that."""
    quiet: float = 2.0
    """A new job is watched so long for starting by itself, or for not starting."""


class Sender(Protocol):
    """How requests of the user are sent."""

    def send(self, method: str, path: str, **options: Any) -> Answer: ...


@dataclass
class Job:
    """A batch job of this review, and what was seen of it."""

    id: str
    created: Answer
    started: Answer | None = None
    statuses: list[str] = field(default_factory=list)
    progress: list[Any] = field(default_factory=list)

    @property
    def status(self) -> str:
        """What it was seen to be last; empty if it was never seen."""
        return self.statuses[-1] if self.statuses else ""

    def saw(self, document: Mapping[str, Any]) -> None:
        """Takes down what the backend says of it."""
        status = str(document.get("status", ""))
        if not self.statuses or self.statuses[-1] != status:
            self.statuses.append(status)
        if "progress" in document:
            self.progress.append(document["progress"])


class Making:
    """Makes small things under recognisable names, one computation at a time."""

    def __init__(
        self,
        sender: Sender,
        patience: Patience,
        more: Mapping[str, Any],
        *,
        most: int | None = None,
    ) -> None:
        self.name = f"openeo-self-review-{secrets.token_hex(4)}"
        self.patience = patience
        self.computed = 0
        self.left_behind: list[str] = []
        self._sender = sender
        self._most = most
        self._more = dict(more)
        self._once = Once()
        self._turn = threading.Lock()
        self._undo: dict[str, Callable[[], Answer]] = {}
        self._nameless: list[tuple[str, str]] = []

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        """What `make` gives, made once for this key."""
        return self._once.get(key, make)

    # Synchronous processing.

    def result(self, process: Graph, **more: Any) -> Answer:
        """What POST /result answers for a process; computed anew each time.

        Raises ExhaustedError where no more may be computed.
        """
        body = {"title": self.name, "process": process, **self._more, **more}
        with self._turn:
            self._count()
            return self._patiently(body)

    def result_once(self, key: str, process: Graph) -> Answer:
        """What POST /result answers, asked once for this key."""
        found: Answer = self.once(("result", key), lambda: self.result(process))
        return found

    def _patiently(self, body: Mapping[str, Any]) -> Answer:
        """The answer; asked again where the backend is too busy for the moment."""
        for attempt in range(RETRIES):
            answer = self._sender.send("POST", "/result", json=body, seconds=self.patience.result)
            if answer.status not in BUSY or attempt == RETRIES - 1:
                break
            time.sleep(_pause(answer))
        return answer

    def _count(self) -> None:
        if self._most is not None and self.computed >= self._most:
            raise ExhaustedError(f"the {self._most} computations of this review are used up")
        self.computed += 1

    # Batch jobs.

    def create(self, process: Graph, **more: Any) -> Answer:
        """What POST /jobs answers; the job is removed at the end."""
        body = {"title": self.name, "process": process, **self._more, **more}
        answer = self._sender.send("POST", "/jobs", json=body)
        self.made("/jobs", str(body["title"]), answer)
        return answer

    def job(self, process: Graph, **more: Any) -> Job:
        """A new job; raises NotJudgedError if none can be created."""
        answer = self.create(process, **more)
        found = job_id(answer) or self._by_title(more.get("title", self.name))
        if not answer.ok or found is None:
            says = "No job could be created (judged by api-730)."
            raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE, answer))
        self.removes(f"/jobs/{found}")
        with suppress(ValueError):
            self._nameless.remove(("/jobs", more.get("title", self.name)))
        return Job(found, answer)

    def _by_title(self, title: str) -> str | None:
        """The id of the job of that title, where its creation did not say it."""
        for one in _objects(self._sender.send("GET", "/jobs"), "jobs"):
            if one.get("title") == title and isinstance(one.get("id"), str):
                return str(one["id"])
        return None

    def start(self, job: Job) -> Answer:
        """Starts it; raises NotJudgedError if that is refused, ExhaustedError if it may not."""
        answer = self.starting(job)
        if not answer.ok:
            says = "The job could not be started (judged by api-850)."
            raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE, answer))
        return answer

    def starting(self, job: Job) -> Answer:
        """What starting it answers; raises ExhaustedError where no more may be computed."""
        with self._turn:
            self._count()
            job.started = answer = self._sender.send("POST", f"/jobs/{job.id}/results")
        return answer

    def look(self, job: Job) -> str:
        """Its status now, from the job or else from the list; empty if neither says."""
        found = _object(self._sender.send("GET", f"/jobs/{job.id}"))
        if "status" not in found:
            listed = _objects(self._sender.send("GET", "/jobs"), "jobs")
            found = next((one for one in listed if one.get("id") == job.id), {})
        if "status" in found:
            job.saw(found)
        return str(found.get("status", ""))

    def wait(self, job: Job) -> str:
        """Its status when it has ended, or when patience has; what is unknown ends it too."""
        begun, pause = time.monotonic(), self.patience.pause
        while True:
            status = self.look(job)
            waited = time.monotonic() - begun
            idle = status == "created" and waited > self.patience.quiet
            if status not in MOVING or idle or waited > self.patience.job:
                return status
            time.sleep(pause)
            pause = min(pause * 1.3, self.patience.pause * 10)

    # Removal.

    def made(self, path: str, title: str, answer: Answer) -> None:
        """Remember what was created at a path: to be deleted by its id, else by its title."""
        if (said := job_id(answer)) is not None:
            self.removes(f"{path}/{said}")
        elif answer.ok:
            self._nameless.append((path, title))

    def removes(self, path: str) -> None:
        """Remember that this is to be deleted at the end."""
        self._undo[path] = lambda: self._sender.send("DELETE", path, cleaning=True)

    def clean_up(self) -> None:
        """Deletes what is there yet, last made first; what stays is in `left_behind`."""
        for path, titles in self._by_path().items():
            self._find(path, titles)
        for path, undo in reversed(list(self._undo.items())):
            try:
                answer = undo()
            except (NoAnswerError, NotJudgedError, ExhaustedError) as error:
                self.left_behind.append(f"{path} ({error})")
                continue
            if not answer.ok and answer.status != 404:
                self.left_behind.append(f"{path} ({answer.status})")
        self._undo.clear()

    def _by_path(self) -> dict[str, list[str]]:
        """The titles of what was created without its id being said, by the path of its list."""
        found: dict[str, list[str]] = {}
        for path, title in self._nameless:
            found.setdefault(path, []).append(title)
        self._nameless.clear()
        return found

    def _find(self, path: str, titles: list[str]) -> None:
        """Has deleted what the list has under these titles; tells of what it does not have."""
        try:
            listed = _objects(self._sender.send("GET", path, cleaning=True), path.strip("/"))
        except (NoAnswerError, NotJudgedError, ExhaustedError):
            listed = []
        for one in listed:
            if one.get("title") in titles and isinstance(one.get("id"), str):
                self.removes(f"{path}/{one['id']}")
                titles.remove(one["title"])
        self.left_behind += [f"{path} '{title}' (its id was not said)" for title in titles]


def job_id(answer: Answer) -> str | None:
    """The id of a created job: of its header, else the end of its Location, else of the body."""
    if not answer.ok:
        return None
    said = answer.headers.get("OpenEO-Identifier")
    if said:
        return str(said)
    path = parts(answer.headers.get("Location", "")).path.rstrip("/")
    return path.rpartition("/")[2] or _id_in_body(answer)


def _id_in_body(answer: Answer) -> str | None:
    said = _object(answer).get("id")
    return said if isinstance(said, str) and said else None


def _pause(answer: Answer) -> float:
    said = answer.headers.get("Retry-After", "")
    return min(float(said), 10.0) if said.isdecimal() else SHORT


def _object(answer: Answer) -> Mapping[str, Any]:
    """The document of a good answer, else nothing: what is wrong with it is judged elsewhere."""
    if not answer.ok:
        return {}
    try:
        return answer.object()
    except NotJsonError:
        return {}


def _objects(answer: Answer, key: str) -> list[Mapping[str, Any]]:
    found = _object(answer).get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
