"""Budgets, sums, marks and what errors mean."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.errors import (
    AuthenticationRequired,
    BackendError,
    BackendFailure,
    BackendTimeout,
    BackendUnavailable,
    DatabaseUnavailable,
    OpenEOError,
    PaymentRequired,
    TokenInvalid,
)
from aggregator.federated.budgets import allotted
from aggregator.federated.states import AT_WORK, FINISHED, PartState
from aggregator.federated.sums import costs, longest_way, progress, seconds_of, usage
from aggregator.federated.titles import job_in, mark, marked
from aggregator.federated.troubles import trouble_of

NAME = "federation-0123456789abcdef0123456789abcdef"


def test_a_budget_is_divided_by_what_the_parts_are_expected_to_cost() -> None:
    parts = [PartState("a", "terra"), PartState("b", "aurora")]
    assert allotted(9000, parts, {"a": 7000, "b": 2000}, "a") == 7000
    assert allotted(9000, parts, {"a": 7000, "b": 2000}, "b") == 2000
    assert allotted(9000, parts, {}, "b") == 4500


def test_what_a_part_left_over_is_there_for_the_next_ones() -> None:
    done = PartState("a", "terra", stage=FINISHED, costs=1.5, budget=7000)
    unknown = PartState("b", "terra", stage=FINISHED, budget=2000)
    runs = PartState("c", "terra", stage=AT_WORK, costs=0.1, budget=500)
    last = PartState("d", "aurora")
    assert allotted(10_000, [done, unknown, runs, last], {}, "d") == 10_000 - 1500 - 2000 - 500


def test_parts_together_never_get_more_than_the_budget() -> None:
    parts = [PartState(name, "terra", budget=None) for name in "abcdefg"]
    given = 0
    for number, one in enumerate(parts):
        share = allotted(1000, parts, {"c": 3, "e": 11}, one.id)
        parts[number] = PartState(one.id, "terra", stage=AT_WORK, budget=share)
        given += share
    assert given <= 1000


def test_progress_costs_and_usage_are_of_all_parts() -> None:
    cpu = {"cpu": {"value": 2, "unit": "seconds"}}
    parts = [
        PartState("a", "terra", stage=FINISHED, costs=1.25, usage=cpu),
        PartState("b", "aurora", stage=AT_WORK, progress=50.0, costs=2, usage=cpu),
        PartState("c", "terra"),
    ]
    assert progress(parts) == 50.0
    assert costs(parts) == 3.25
    assert usage(parts) == {"cpu": {"value": 4, "unit": "seconds"}}
    assert costs([PartState("c", "terra")]) is None


def test_sums_of_usage_have_no_noise_of_binary_fractions() -> None:
    used = [
        {"cpu": {"value": 0.1, "unit": "cpu-seconds"}, "size": {"value": 1, "unit": "b"}},
        {"cpu": {"value": 0.2, "unit": "cpu-seconds"}, "size": {"value": 2**53, "unit": "b"}},
    ]
    parts = [PartState(f"part{n}", "terra", usage=one) for n, one in enumerate(used)]
    assert usage(parts) == {
        "cpu": {"value": 0.3, "unit": "cpu-seconds"},
        "size": {"value": 2**53 + 1, "unit": "b"},
    }


def test_a_whole_takes_as_long_as_the_longest_way_through_its_parts() -> None:
    needs = {"a": (), "b": (), "c": ("a", "b"), "d": ("a",)}
    assert longest_way(needs, {"a": 5, "b": 12, "c": 3, "d": 20}) == 25


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("PT42S", 42),
        ("PT1H5M0.5S", 3900.5),
        ("P1DT1S", 86401),
        ("P1M", None),
        ("P", None),
        (7, None),
    ],
)
def test_durations_are_read_as_openeo_writes_them(duration: Any, seconds: float | None) -> None:
    assert seconds_of(duration) == seconds


def test_a_part_is_known_by_the_end_of_its_title() -> None:
    assert marked("Fields", NAME, "part2") == f"Fields [{NAME}/part2]"
    assert marked("", NAME, "part2", 3) == f"[{NAME}/part2/3]"
    assert job_in(marked("Fields", NAME, "part2", 3)) == NAME
    assert mark(NAME, "part2") != mark(NAME, "part2", 2)


@pytest.mark.parametrize("title", [None, 7, "Fields", f"{NAME}", f"[{NAME}/part1] Fields", "[a/b]"])
def test_other_titles_are_nobodys_mark(title: Any) -> None:
    assert job_in(title) == ""


def said(status: int, code: str = "Whatever") -> BackendError:
    return BackendError("terra", status=status, code=code, message="No.")


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (BackendUnavailable("terra"), "away"),
        (BackendTimeout("terra", 30), "away"),
        (BackendFailure("terra", "content"), "away"),
        (said(503), "away"),
        (said(500), "away"),
        (said(429), "away"),
        (said(401, "AuthenticationRequired"), "login"),
        (said(403, "TokenInvalid"), "login"),
        (TokenInvalid(), "login"),
        (AuthenticationRequired(), "login"),
        (DatabaseUnavailable(), "away"),
        (said(403, "PermissionsInsufficient"), "refused"),
        (said(404, "JobNotFound"), "lost"),
        (said(410, "JobNotFound"), "lost"),
        (said(400, "ProcessInvalid"), "refused"),
        (PaymentRequired(), "refused"),
    ],
)
def test_an_error_says_whether_to_wait(error: OpenEOError, trouble: str) -> None:
    assert trouble_of(error) == trouble
