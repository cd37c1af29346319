"""Faults in a profile: all forms, all mistakes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backends.configuration import ProfileError, Reader
from backends.faults.effects import Broken, Clock, Delay, Outage, Reset
from backends.faults.reading import Faults, faults_of, read_faults
from backends.faults.schedule import Cycle, Daily, Window
from backends.faults.scope import Fault, Scope
from backends.faults.writing import as_document

NEW_YEAR = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("reset", Fault(Reset())),
        ("health.missing", Fault(Broken("health.missing"))),
        ({"rule": "processes.missing:ndvi"}, Fault(Broken("processes.missing:ndvi"))),
        (
            {"kind": "delay", "seconds": 2, "paths": ["/jobs*"], "methods": ["GET"], "times": 3},
            Fault(Delay(2), Scope(("GET",), ("/jobs*",), times=3)),
        ),
        ({"kind": "clock", "behind": 3.5, "rate": 0}, Fault(Clock(0.0, 3.5), Scope(rate=0))),
        (
            {"kind": "outage", "when": [{"from": 5, "until": "2030-01-01T00:00:00Z"}]},
            Fault(Outage(), Scope(when=(Window(5.0, NEW_YEAR),))),
        ),
        (
            {"kind": "outage", "when": [{"from": datetime(2030, 1, 1)}]},  # noqa: DTZ001 - YAML's
            Fault(Outage(), Scope(when=(Window(NEW_YEAR, None),))),
        ),
        (
            {"kind": "reset", "when": [{"every": 60, "for": 5}, {"daily": "03:30", "for": 60}]},
            Fault(Reset(), Scope(when=(Cycle(60, 5), Daily(210, 60)))),
        ),
    ],
)
def test_a_fault_is_read_and_written_alike(entry: Any, fault: Fault) -> None:
    assert read_faults([entry]).listed == (fault,)
    assert read_faults([as_document(fault)]).listed == (fault,)


@pytest.mark.parametrize(
    ("entry", "mistake"),
    [
        ("resett", "faults[0].rule: 'resett' is no rule"),
        (5, "faults[0]: must be a mapping"),
        ({}, "faults[0].kind: is missing"),
        ({"kind": "boom"}, "faults[0].kind: 'boom' is not possible (one of delay, error"),
        ({"kind": []}, "faults[0].kind: [] is not possible"),
        ({"rule": 5}, "faults[0].rule: 5 is no rule"),
        ({"kind": "delay", "second": 1}, "faults[0].second: is not known"),
        ({"kind": "delay", "seconds": "1"}, "faults[0].seconds: '1' is no number"),
        ({"kind": "error", "status": 99}, "faults[0].status: 99 is no status of HTTP"),
        ({"kind": "reset", "rate": 2}, "faults[0].rate: 2 is not possible"),
        ({"kind": "reset", "times": 1.5}, "faults[0].times: 1.5 is no whole number"),
        ({"kind": "reset", "methods": ["get"]}, "faults[0].methods[0]: 'get' is not known"),
        ({"kind": "reset", "paths": "/jobs"}, "faults[0].paths: must be a list"),
        ({"kind": "reset", "when": [{"at": 5}]}, "faults[0].when[0]: is no window of time"),
        (
            {"kind": "reset", "when": [{"from": "noon"}]},
            "faults[0].when[0].from: 'noon' is no time",
        ),
        ({"kind": "reset", "when": [{"every": 0, "for": 1}]}, "faults[0].when[0].every: 0 is no"),
        ({"kind": "reset", "when": [{"daily": "25:00", "for": 1}]}, "faults[0].when[0].daily"),
        ({"rule": "jobs.no-id:5"}, "faults[0].rule: 'jobs.no-id:5' takes no value"),
    ],
)
def test_a_mistake_is_told_with_its_place(entry: Any, mistake: str) -> None:
    with pytest.raises(ProfileError) as error:
        read_faults([entry])
    assert mistake in str(error.value)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ProfileError) as error:
        read_faults(["a", "b", {"kind": "c"}])
    assert len(error.value.mistakes) == 3


def test_a_profile_may_allow_control() -> None:
    reader = Reader([])
    found = faults_of(reader, "faults", {"control": True, "list": ["reset"]})
    assert found == Faults((Fault(Reset()),), control=True)
    assert faults_of(reader, "faults", None) == Faults()
    assert not reader.mistakes
    faults_of(reader, "faults", {"control": "yes", "more": 1})
    assert [one.where for one in reader.mistakes] == ["faults.more", "faults.control"]
