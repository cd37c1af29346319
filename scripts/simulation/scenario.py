"""What stands in a scenario's file; `ScenarioError` names every mistake in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from aggregator.moments import month_bounds, month_of, months_later, shifted
from aggregator.settings import said_by_yaml
from aggregator.settings.sections import Availability
from aggregator.settings.values import suggest, table_values

ID = re.compile(r"[a-z][a-z0-9_]*")
MOST_MONTHS, MOST_MEMBERS = 120, 100


class ScenarioError(Exception):
    """A scenario cannot be played; `mistakes` names each reason with its key path."""

    def __init__(self, mistakes: Sequence[str], source: str) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__(f"{source}: " + "; ".join(mistakes))


@dataclass(frozen=True)
class Failures:
    """From a moment on, how often a member fails and how long that lasts, both exponential."""

    since: int = 0
    days_between: float = 30.0
    hours_to_repair: float = 1.0


@dataclass(frozen=True)
class Outage:
    """A time in which members are down; all that are listed, or the one in which it stands."""

    starts: int
    ends: int
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Maintenance:
    """Announced work on a member, which is down meanwhile."""

    starts: int
    ends: int
    announced: int
    text: str = "Maintenance."


@dataclass(frozen=True)
class Member:
    """A member of the federation: `joined` before the start is out of its grace period.

    `capacity` is how many jobs it runs at once (0: as many as come), `speed` how fast it does.
    """

    id: str
    title: str
    joined: int
    failures: tuple[Failures, ...] = ()
    outages: tuple[Outage, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    collections: tuple[str, ...] = ()
    credits_per_hour: float = 1.5
    free_credits: float = 1000.0
    capacity: int = 0
    speed: float = 1.0
    weight: float = 1.0


@dataclass(frozen=True)
class Load:
    """What users ask for: so many jobs a day, each on one collection, of a mean length.

    They come in bursts of so many at once, which are of one user.
    """

    users: int = 10
    jobs_per_day: float = 10.0
    hours: float = 1.0
    burst: int = 1


@dataclass(frozen=True)
class Decision:
    """What the operator decides at a moment."""

    at: int
    backend: str
    decision: str
    reason: str


@dataclass(frozen=True)
class Scenario:
    """A federation's life for some months, from the first of a month on.

    `follows_proposals_after_days` makes the operator do what verdicts propose, so much later;
    negative: never. `until` ends it earlier than with its last month.
    """

    title: str
    description: str
    seed: int
    start: int
    months: int
    members: tuple[Member, ...]
    availability: Availability = field(default_factory=Availability)
    outages: tuple[Outage, ...] = ()
    load: Load = field(default_factory=Load)
    decisions: tuple[Decision, ...] = ()
    follows_proposals_after_days: float = -1.0
    until: int | None = None

    @property
    def end(self) -> int:
        """The moment at which it ends."""
        last = month_bounds(shifted(month_of(self.start), self.months - 1))[1]
        return last if self.until is None else min(last, self.until)


def load_scenario(path: Path) -> Scenario:
    """The scenario in a file. Raises ScenarioError."""
    try:
        document = yaml.load(path.read_bytes(), _Texts)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ScenarioError([f"cannot be read: {error.strerror}"], str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScenarioError([f"is not YAML: {said_by_yaml(error)}"], str(path)) from error
    return read_scenario(document, str(path))


def read_scenario(document: object, source: str = "scenario") -> Scenario:
    """The scenario in a document. Raises ScenarioError."""
    reading = _Reading()
    found = reading.scenario(document)
    if reading.mistakes:
        raise ScenarioError(reading.mistakes, source)
    return found


class _Texts(yaml.SafeLoader):
    """YAML in which a time is text, so that a wrong one can be named as it stands."""


_Texts.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(":timestamp")]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Reading:
    """Reads tables and gathers mistakes; what is wrong gets a value that is never used."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []

    def scenario(self, document: object) -> Scenario:
        table = self._table(document, "", _SCENARIO)
        start = self._moment(table, "", "start")
        months = int(self._number(table, "", "months", 12, 1, MOST_MONTHS))
        members = self._members(table.get("members"), start)
        names = [member.id for member in members]
        values = table_values(
            Availability, table.get("availability", {}), "availability.", self.mistakes
        )
        outages = self._each(table, "", "outages", self._outage)
        decisions = self._each(table, "", "decisions", self._decision)
        for number, outage in enumerate(outages):
            if not outage.members:
                self.mistakes.append(f"outages.{number}.members: is required")
            self._known(outage.members, names, f"outages.{number}.members")
        for number, decision in enumerate(decisions):
            self._known((decision.backend,), names, f"decisions.{number}.backend")
        return Scenario(
            title=self._text(table, "", "title", required=True),
            description=self._text(table, "", "description"),
            seed=int(self._number(table, "", "seed", 1, 0, 2**63)),
            start=start,
            months=months,
            members=members,
            availability=Availability(**values),
            outages=outages,
            load=self._load(table.get("load", {})),
            decisions=decisions,
            follows_proposals_after_days=self._number(
                table, "", "follows_proposals_after_days", -1, -1, 10_000
            ),
        )

    def _members(self, value: object, start: int) -> tuple[Member, ...]:
        if not isinstance(value, Mapping) or not 1 <= len(value) <= MOST_MEMBERS:
            self.mistakes.append(f"members: must name 1 to {MOST_MEMBERS} members by id")
            return ()
        return tuple(self._member(str(name), table, start) for name, table in value.items())

    def _member(self, name: str, value: object, start: int) -> Member:
        path = f"members.{name}."
        if not ID.fullmatch(name):
            self.mistakes.append(f"members.{name}: an id is small letters, digits and _")
        table = self._table(value or {}, path, _MEMBER)
        collections = table.get("collections", [])
        if not isinstance(collections, list) or not all(isinstance(c, str) for c in collections):
            self.mistakes.append(f"{path}collections: must be a list of texts")
            collections = []
        # Who is there from the beginning has been for long, unless it says otherwise.
        long_ago = months_later(start, -24) if start else 0
        return Member(
            id=name,
            title=self._text(table, path, "title") or name,
            joined=self._moment(table, path, "joined", long_ago),
            failures=self._each(table, path, "failures", self._failures),
            outages=self._each(table, path, "outages", self._outage),
            maintenance=self._each(table, path, "maintenance", self._maintenance),
            collections=tuple(collections),
            credits_per_hour=self._number(table, path, "credits_per_hour", 1.5, 0, 10_000),
            free_credits=self._number(table, path, "free_credits", 1000, 0, 10**9),
            capacity=int(self._number(table, path, "capacity", 0, 0, 10_000)),
            speed=self._number(table, path, "speed", 1, 0.01, 100),
            weight=self._number(table, path, "weight", 1, 0, 10**6),
        )

    def _failures(self, value: object, path: str) -> Failures:
        table = self._table(value, path, ("since", "days_between", "hours_to_repair"))
        return Failures(
            self._moment(table, path, "since", 0),
            self._number(table, path, "days_between", 30, 0.01, 100_000),
            self._number(table, path, "hours_to_repair", 1, 0.01, 10_000),
        )

    def _outage(self, value: object, path: str) -> Outage:
        table = self._table(value, path, ("starts", "ends", "members"))
        members = table.get("members", [])
        if not isinstance(members, list):
            self.mistakes.append(f"{path}members: must be a list of ids")
            members = []
        starts, ends = self._span(table, path)
        return Outage(starts, ends, tuple(map(str, members)))

    def _maintenance(self, value: object, path: str) -> Maintenance:
        table = self._table(value, path, ("starts", "ends", "announced", "text"))
        starts, ends = self._span(table, path)
        announced = self._moment(table, path, "announced", starts - 7 * 86_400_000)
        return Maintenance(
            starts, ends, announced, self._text(table, path, "text") or "Maintenance."
        )

    def _load(self, value: object) -> Load:
        table = self._table(value, "load.", ("users", "jobs_per_day", "hours", "burst"))
        return Load(
            int(self._number(table, "load.", "users", 10, 0, 100_000)),
            self._number(table, "load.", "jobs_per_day", 10, 0, 10_000),
            self._number(table, "load.", "hours", 1, 0.001, 1000),
            int(self._number(table, "load.", "burst", 1, 1, 1000)),
        )

    def _decision(self, value: object, path: str) -> Decision:
        table = self._table(value, path, ("at", "backend", "decision", "reason"))
        return Decision(
            self._moment(table, path, "at"),
            self._text(table, path, "backend", required=True),
            self._text(table, path, "decision", required=True),
            self._text(table, path, "reason", required=True),
        )

    def _span(self, table: Mapping[str, Any], path: str) -> tuple[int, int]:
        starts, ends = self._moment(table, path, "starts"), self._moment(table, path, "ends")
        if starts >= ends > 0:
            self.mistakes.append(f"{path}ends: must be after {path}starts")
        return starts, ends

    def _each(
        self, table: Mapping[str, Any], path: str, name: str, read: Callable[[object, str], Any]
    ) -> tuple[Any, ...]:
        value = table.get(name, [])
        if not isinstance(value, list):
            self.mistakes.append(f"{path}{name}: must be a list")
            return ()
        return tuple(read(one, f"{path}{name}.{number}.") for number, one in enumerate(value))

    def _table(self, value: object, path: str, known: Sequence[str]) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            self.mistakes.append(f"{path.rstrip('.') or 'the file'}: must be a table")
            return {}
        for key in value:
            if key not in known:
                hint = suggest(str(key), list(known))
                self.mistakes.append(f"{path}{key}: there is no such key {hint}")
        return value

    def _text(
        self, table: Mapping[str, Any], path: str, name: str, *, required: bool = False
    ) -> str:
        value = table.get(name, "")
        if not isinstance(value, str) or (required and not value.strip()):
            self.mistakes.append(f"{path}{name}: must be text")
            return ""
        return value.strip()

    def _number(
        self, table: Mapping[str, Any], path: str, name: str, default: float, *limits: float
    ) -> float:
        least, most = limits
        value = table.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.mistakes.append(f"{path}{name}: must be a number")
            return default
        if not least <= value <= most:
            self.mistakes.append(f"{path}{name}: must be from {least:g} to {most:g}")
            return default
        return float(value)

    def _moment(
        self, table: Mapping[str, Any], path: str, name: str, default: int | None = None
    ) -> int:
        value = table.get(name)
        if value is None and default is not None:
            return default
        try:
            when = datetime.fromisoformat(str(value))
        except ValueError:
            self.mistakes.append(
                f"{path}{name}: must be a day or time such as 2026-03-14 or 2026-03-14T09:30Z"
            )
            return 0
        if not 1970 < when.year < 2900:  # years that all that is played can be reckoned in
            self.mistakes.append(f"{path}{name}: must be in the years 1971 to 2899")
            return 0
        return round(when.replace(tzinfo=when.tzinfo or UTC).timestamp() * 1000)

    def _known(self, names: Sequence[str], known: Sequence[str], path: str) -> None:
        for name in names:
            if name and name not in known:
                self.mistakes.append(f"{path}: there is no member {suggest(name, list(known))}")


_SCENARIO = (
    "title",
    "description",
    "seed",
    "start",
    "months",
    "members",
    "availability",
    "outages",
    "load",
    "decisions",
    "follows_proposals_after_days",
)
_MEMBER = (
    "title",
    "joined",
    "failures",
    "outages",
    "maintenance",
    "collections",
    "credits_per_hour",
    "free_credits",
    "capacity",
    "speed",
    "weight",
)
