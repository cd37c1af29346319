"""Faults as documents, in the form in which they are read."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from backends.faults.effects import Broken
from backends.faults.schedule import Cycle, Daily, When, Window
from backends.faults.scope import Fault, Scope


def as_document(fault: Fault) -> dict[str, Any]:
    """The fault as it may stand in a profile; what is as usual in its scope is left out."""
    named = {} if isinstance(fault.effect, Broken) else {"kind": fault.effect.kind}
    return {**named, **asdict(fault.effect), **_scope(fault.scope)}


def _scope(scope: Scope) -> dict[str, Any]:
    usual = Scope()
    written: dict[str, Any] = {
        one.name: getattr(scope, one.name)
        for one in fields(scope)
        if getattr(scope, one.name) != getattr(usual, one.name)
    }
    written |= {key: list(value) for key, value in written.items() if isinstance(value, tuple)}
    if scope.when:
        written["when"] = [_when(one) for one in scope.when]
    return written


def _when(when: When) -> dict[str, Any]:
    match when:
        case Window(begin, end):
            ends = {"from": _moment(begin), "until": _moment(end)}
            return {key: value for key, value in ends.items() if value is not None}
        case Cycle(every, lasting):
            return {"every": every, "for": lasting}
        case Daily(minute, lasting):
            return {"daily": f"{minute // 60:02}:{minute % 60:02}", "for": lasting}


def _moment(moment: datetime | float | None) -> str | float | None:
    return moment.isoformat() if isinstance(moment, datetime) else moment
