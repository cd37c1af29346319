"""Reading faults from a profile or a request, with every mistake and its place."""

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final

from backends.configuration import ProfileError, Reader
from backends.faults.effects import KINDS, Broken, Effect
from backends.faults.rules import mistake_in
from backends.faults.schedule import Cycle, Daily, When, Window
from backends.faults.scope import Fault, Scope

METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
SCOPE_KEYS: Final = frozenset(one.name for one in fields(Scope))
_TIME_OF_DAY: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Faults:
    """The faults of a profile, and whether they can be controlled while it runs."""

    listed: tuple[Fault, ...] = ()
    control: bool = False


def read_faults(value: object) -> Faults:
    """The faults in a list; raises ``ProfileError`` with every mistake."""
    reader = Reader([])
    found = faults_of(reader, "faults", value)
    if reader.mistakes:
        raise ProfileError("faults", reader.mistakes)
    return found


def faults_of(reader: Reader, where: str, value: object) -> Faults:
    """The faults that a profile has under its key: a list, or a mapping with `control`."""
    if value is None:
        return Faults()
    if isinstance(value, dict):
        reader.unknown_keys(where, value, {"control", "list"})
        control = value.get("control", False)
        if not isinstance(control, bool):
            reader.add(f"{where}.control", f"{control!r} is neither true nor false")
        listed = reader.sequence(f"{where}.list", value.get("list", []))
        return Faults(_listed(reader, f"{where}.list", listed), control is True)
    return Faults(_listed(reader, where, reader.sequence(where, value)))


def _listed(reader: Reader, where: str, entries: list[Any]) -> tuple[Fault, ...]:
    found = [_fault(reader, f"{where}[{number}]", entry) for number, entry in enumerate(entries)]
    return tuple(fault for fault in found if fault is not None)


def _fault(reader: Reader, where: str, entry: object) -> Fault | None:
    if isinstance(entry, str):
        entry = {"kind": entry} if entry in KINDS else {"rule": entry}
    given = dict(reader.mapping(where, entry))
    about = {key: given.pop(key) for key in SCOPE_KEYS if key in given}
    scope = _scope(reader, where, about)
    kind = given.pop("kind", Broken.kind if "rule" in given else None)
    reader.choice(f"{where}.kind", kind, list(KINDS))
    if not isinstance(kind, str) or kind not in KINDS:
        return None
    effect = reader.numbers(where, given, KINDS[kind])
    _check(reader, where, effect)
    return Fault(effect, scope)


def _check(reader: Reader, where: str, effect: Effect) -> None:
    if isinstance(effect, Broken) and (mistake := mistake_in(effect.rule)):
        reader.add(f"{where}.rule", *mistake)
    status = getattr(effect, "status", 0)
    if isinstance(status, int) and status and not 100 <= status < 600:
        reader.add(f"{where}.status", f"{status} is no status of HTTP")


def _scope(reader: Reader, where: str, given: dict[str, Any]) -> Scope:
    lists = {key: given.pop(key) for key in ("methods", "paths", "when") if key in given}
    numbers = reader.numbers(where, {k: v for k, v in given.items() if v != 0}, _Numbers)
    rate = given.get("rate", 1.0)
    if isinstance(rate, int | float) and not 0 <= rate <= 1:
        reader.add(f"{where}.rate", f"{rate!r} is not possible", "a share from 0 to 1")
    return Scope(
        methods=reader.names(f"{where}.methods", lists.get("methods", []), METHODS, empty=True),
        paths=reader.names(f"{where}.paths", lists.get("paths", []), None, empty=True),
        rate=rate,
        seed=numbers.seed,
        times=numbers.times,
        after=numbers.after,
        when=_when(reader, f"{where}.when", lists.get("when", [])),
    )


@dataclass(frozen=True)
class _Numbers:
    """The numbers of a scope. Zero, which is a number like any other here, is not read."""

    rate: float = 1.0
    seed: int = 0
    times: int = 0
    after: int = 0


def _when(reader: Reader, where: str, value: object) -> tuple[When, ...]:
    found = [
        _window(reader, f"{where}[{number}]", entry)
        for number, entry in enumerate(reader.sequence(where, value))
    ]
    return tuple(one for one in found if one is not None)


def _window(reader: Reader, where: str, entry: object) -> When | None:
    given = reader.mapping(where, entry)
    keys = set(given)
    if keys and keys <= {"from", "until"}:
        moments = [_moment(reader, f"{where}.{k}", given.get(k)) for k in ("from", "until")]
        return Window(*moments)
    if keys == {"every", "for"}:
        every, lasting = (_seconds(reader, f"{where}.{k}", given[k]) for k in ("every", "for"))
        return Cycle(every, lasting)
    if keys == {"daily", "for"}:
        lasting = _seconds(reader, f"{where}.for", given["for"])
        return Daily(_minute(reader, f"{where}.daily", given["daily"]), lasting)
    hint = "{from, until}, {every, for} or {daily, for}"
    reader.add(where, "is no window of time", hint)
    return None


def _seconds(reader: Reader, where: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    reader.add(where, f"{value!r} is no number of seconds")
    return 1.0


def _minute(reader: Reader, where: str, value: object) -> int:
    text = reader.pattern(where, value, _TIME_OF_DAY, 'a time of day in UTC as in "03:30"')
    return int(text[:2]) * 60 + int(text[3:]) if text else 0


def _moment(reader: Reader, where: str, value: object) -> datetime | float | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        # YAML reads times itself, JSON leaves them texts.
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        hint = "seconds since the start, or a time in UTC as in 2030-01-31T12:00:00Z"
        reader.add(where, f"{value!r} is no time", hint)
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
