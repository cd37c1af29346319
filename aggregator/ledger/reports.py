"""Usage reports of providers, read from JSON and checked to the last field.

Source: the reporting API of the accounting service (`POST /resources`, `POST /addedvalue`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeGuard

from aggregator.ledger.amounts import as_number, quantity
from aggregator.ledger.errors import UsageReportInvalid

STATES = ("ACCEPTED", "RUNNING", "FINISHED", "KILLED", "FAILED", "UNDEFINED")
STATUSES = ("SUCCEEDED", "FAILED", "KILLED", "UNDEFINED")
ACTIVITIES = ("batch", "synchronous", "service")
LONGEST_ID = 255
LONGEST_TITLE = 1000
END_OF_TIME = 32_503_680_000_000
"""The year 3000: a later moment is a mistake in units."""

UNITS: Mapping[str, tuple[str, int]] = {
    "cpu-seconds": ("cpu", 10**10),
    "mb-seconds": ("memory", 10**14),
    "milliseconds": ("time", 10**12),
    "shpu": ("processing", 10**9),
    "credits": ("processing", 10**8),
    "square_meter": ("area", 10**15),
}
"""Per unit: the metric that is given in it, and the most that can be true of one execution."""

METRICS = ("cpu", "memory", "time", "processing")


@dataclass(frozen=True)
class Measure:
    """An amount of something, in a unit of UNITS; `value` is exactly the number in the report."""

    metric: str
    unit: str
    value: Fraction


@dataclass(frozen=True)
class UsageReport:
    """What one execution used, or (with `service`) the area that a priced process was used on.

    `key` is the idempotency key, unique per source. `started` and `finished` are moments. Two
    reports with the same `fingerprint` are the same report.
    """

    key: str
    source: str
    user: str
    job: str
    execution: str
    activity: str
    measures: tuple[Measure, ...]
    title: str | None = None
    organisation: int | None = None
    service: str | None = None
    started: int | None = None
    finished: int | None = None
    state: str | None = None
    status: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""


class _Reader:
    """Reads fields of a JSON object and gathers what is wrong with them."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.mistakes: list[str] = []

    def wrong(self, name: str, wanted: str) -> None:
        self.mistakes.append(f"'{name}' must be {wanted}")

    def text(self, name: str, longest: int = LONGEST_ID) -> str:
        value = self.document.get(name)
        if isinstance(value, str) and _tells(value) and len(value) <= longest:
            return value
        self.wrong(name, f"text of 1 to {longest} printable characters")
        return ""

    def title(self, name: str) -> str | None:
        """Whatever users call their work, it counts: what cannot be stored of it is left out."""
        value = self.document.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            return "".join(sign for sign in value[:LONGEST_TITLE] if _storable(sign)) or None
        self.wrong(name, "text or null")
        return None

    def one_of(self, name: str, choices: tuple[str, ...]) -> str | None:
        value = self.document.get(name)
        if value is None or value in choices:
            return value
        self.wrong(name, "one of " + ", ".join(choices))
        return None

    def moment(self, name: str) -> int | None:
        value = self.document.get(name)
        if value is None:
            return None
        if _is_number(value) and 0 <= value <= END_OF_TIME:
            return int(value)
        self.wrong(name, "a time in milliseconds since 1970, or null")
        return None

    def organisation(self, name: str) -> int | None:
        value = self.document.get(name)
        if value is None or (type(value) is int and 0 <= value < 2**63):
            return value
        self.wrong(name, "the number of an organisation")
        return None

    def measure(self, name: str, value: Any, units: tuple[str, ...]) -> Measure | None:
        if not isinstance(value, Mapping):
            self.wrong(name, "an object with 'value' and 'unit'")
            return None
        unit, amount = value.get("unit"), value.get("value")
        if unit not in units:
            self.wrong(f"{name}.unit", " or ".join(units))
            return None
        most = UNITS[unit][1]
        if not _is_number(amount) or not 0 <= amount <= most:
            self.wrong(f"{name}.value", f"a number from 0 to {most:,} {unit}")
            return None
        return Measure(name.rpartition(".")[2], unit, quantity(amount))


def _is_number(value: Any) -> TypeGuard[int | float]:
    """Whether this is a number (NaN fails every comparison that follows)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _tells(value: str) -> bool:
    """Whether something can be read there, and databases take it: no NUL is printable."""
    return value.isprintable() and value.strip() != ""


def _storable(sign: str) -> bool:
    """Whether databases take this character: no NUL, no half of a surrogate pair."""
    return sign != "\x00" and not "\ud800" <= sign <= "\udfff"


def read_resources(document: Any) -> UsageReport:
    """The body of `POST /resources`. Raises UsageReportInvalid with every mistake."""
    return _read(document, _metrics)


def read_added_value(document: Any) -> UsageReport:
    """The body of `POST /addedvalue`. Raises UsageReportInvalid with every mistake."""
    return _read(document, _area)


def _metrics(reader: _Reader) -> tuple[Measure, ...]:
    metrics = reader.document.get("metrics")
    if not isinstance(metrics, Mapping):
        reader.wrong("metrics", "an object of metrics, each with 'value' and 'unit'")
        return ()
    unknown = sorted(str(name) for name in metrics if name not in METRICS)
    if unknown:
        reader.wrong("metrics", f"of {', '.join(METRICS)} only, not {', '.join(unknown)[:200]}")
    found = [
        reader.measure(f"metrics.{name}", metrics[name], _units_of(name))
        for name in METRICS
        if name in metrics
    ]
    return tuple(measure for measure in found if measure)


def _units_of(metric: str) -> tuple[str, ...]:
    return tuple(unit for unit, (of, _) in UNITS.items() if of == metric)


def _area(reader: _Reader) -> tuple[Measure, ...]:
    reader.text("service")
    area = reader.measure("area", reader.document.get("area"), _units_of("area"))
    return (area,) if area else ()


def _read(document: Any, measures_of: Callable[[_Reader], tuple[Measure, ...]]) -> UsageReport:
    if not isinstance(document, Mapping):
        raise UsageReportInvalid(["it must be a JSON object"])
    reader = _Reader(document)
    added_value = measures_of is _area
    started, finished = reader.moment("jobStart"), reader.moment("jobFinish")
    if started is not None and finished is not None and finished < started:
        reader.wrong("jobFinish", "at or after 'jobStart'")
    if document.get("orchestrator") not in (None, "openeo"):
        reader.wrong("orchestrator", "openeo")
    activity = reader.one_of("activity", ACTIVITIES)
    measures = measures_of(reader)
    report = UsageReport(
        key=reader.text("idempotencyKey"),
        source=reader.text("sourceId"),
        user=reader.text("userId"),
        job=reader.text("jobId"),
        execution=reader.text("executionId"),
        activity=activity or ("synchronous" if started is None else "batch"),
        measures=measures,
        title=reader.title("jobName"),
        organisation=reader.organisation("orgId"),
        service=document.get("service") if added_value else None,
        started=started,
        finished=finished,
        state=None if added_value else reader.one_of("state", STATES),
        status=None if added_value else reader.one_of("status", STATUSES),
        metrics={m.metric: {"value": as_number(m.value), "unit": m.unit} for m in measures},
        fingerprint="" if reader.mistakes else fingerprint_of(document),
    )
    if reader.mistakes:
        raise UsageReportInvalid(reader.mistakes)
    return report


IGNORED = frozenset({"state", "status"})


def fingerprint_of(document: Mapping[str, Any]) -> str:
    """What tells a changed report from a repeated one (64 hexadecimal digits).

    `state` and `status` do not count: nothing is charged by them, and after a failed attempt the
    clients in use send the same usage again as FAILED under the same key.
    """
    counted = {name: _canonical(value) for name, value in document.items() if name not in IGNORED}
    counted = {name: value for name, value in counted.items() if value is not None}
    text = json.dumps(counted, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _canonical(value: Any) -> Any:
    """The same for the same JSON: 2 and 2.0 are one number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: _canonical(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_canonical(part) for part in value]
    return value
