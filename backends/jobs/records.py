"""What is known of a job, of one of its log entries and of one of its files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

Status = Literal["created", "queued", "running", "finished", "error", "canceled"]
Kind = Literal["batch", "sync", "tile"]
Level = Literal["debug", "info", "warning", "error"]

LEVELS: Final[tuple[Level, ...]] = ("debug", "info", "warning", "error")
ACTIVE: Final = frozenset({"queued", "running"})


@dataclass(frozen=True)
class Asset:
    """One file of a result. ``name`` is relative to the run's results folder."""

    name: str
    media_type: str
    roles: tuple[str, ...]
    size: int
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The file as it is stored."""
        return {
            "name": self.name,
            "media_type": self.media_type,
            "roles": list(self.roles),
            "size": self.size,
            "metadata": dict(self.metadata),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Asset":
        """The file again."""
        return cls(
            name=document["name"],
            media_type=document["media_type"],
            roles=tuple(document["roles"]),
            size=document["size"],
            metadata=document["metadata"],
        )


@dataclass(frozen=True)
class Failure:
    """Why a job ended in an error: an openEO code and a message for the user.

    ``id`` finds the matching entry in the backend's own log.
    """

    code: str
    message: str
    id: str = ""

    def as_json(self) -> dict[str, str]:
        """The failure as it is stored."""
        return {"code": self.code, "message": self.message, "id": self.id}


@dataclass(frozen=True)
class Usage:
    """What a computation really took.

    ``cpu`` in CPU seconds, ``memory`` in megabyte-seconds (resident memory,
    sampled), ``duration`` in seconds of wall time.
    """

    cpu: float = 0.0
    memory: float = 0.0
    duration: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The ``usage`` object of a batch job (openEO API, Resource usage metrics)."""
        return {
            "cpu": {"value": round(self.cpu, 3), "unit": "cpu-seconds"},
            "memory": {"value": round(self.memory, 1), "unit": "mb-seconds"},
            "duration": {"value": round(self.duration, 3), "unit": "seconds"},
        }


@dataclass(frozen=True)
class NewJob:
    """What a user hands in: checked, but not yet stored."""

    id: str
    user: str
    kind: Kind
    process: Mapping[str, Any]
    title: str | None = None
    description: str | None = None
    plan: str | None = None
    budget: float | None = None
    log_level: Level = "info"
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """One batch job, or one synchronous request (``kind`` "sync"), as stored."""

    number: int
    id: str
    user: str
    kind: Kind
    process: Mapping[str, Any]
    title: str | None
    description: str | None
    plan: str | None
    budget: float | None
    log_level: Level
    extra: Mapping[str, Any]
    status: Status
    progress: float | None
    attempt: int
    interruptions: int
    created: datetime
    updated: datetime
    queued: datetime | None
    started: datetime | None
    ended: datetime | None
    costs: float | None
    usage: Mapping[str, Any] | None
    failure: Failure | None

    @property
    def active(self) -> bool:
        """Whether it waits for, or is being, computed."""
        return self.status in ACTIVE

    @property
    def order(self) -> int:
        """Which order of its user the run that is waiting, going on or over belongs to.

        Another one as soon as the job is started again; the same where the backend itself
        runs it anew because the first run was interrupted.
        """
        to_come = 1 if self.status == "queued" else 0
        return self.attempt + to_come - self.interruptions


@dataclass(frozen=True)
class LogEntry:
    """One line of a job's log. ``number`` grows over the whole store."""

    number: int
    level: Level
    message: str
    time: datetime
    code: str | None = None
    data: Any = None

    def as_json(self) -> dict[str, Any]:
        """A log entry of the openEO API."""
        entry: dict[str, Any] = {
            "id": str(self.number),
            "level": self.level,
            "message": self.message,
            "time": timestamp(self.time),
        }
        if self.code is not None:
            entry["code"] = self.code
        if self.data is not None:
            entry["data"] = self.data
        return entry


def timestamp(moment: datetime) -> str:
    """The moment as RFC 3339 in UTC, to the second, as openEO's documents have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
