"""Availability from a monitor's history, by the rules of the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.self_review.backend import Options
from scripts.self_review.history import Month, read
from scripts.self_review.statements import StatementError
from tests.unit.self_review.reviewing import verdict


def written(tmp_path: Path, document: Any) -> Path:
    file = tmp_path / "history.json"
    file.write_text(json.dumps(document))
    return file


def test_uptime_is_read_in_percent_or_as_probes(tmp_path: Path) -> None:
    months = [
        {"month": "2026-10", "uptime": 99.7},
        {"month": "2026-09", "counted": 8640, "up": 8597, "interval_seconds": 300},
    ]
    found = read(written(tmp_path, {"months": months}))
    assert [one.name for one in found] == ["2026-09", "2026-10"]
    assert round(found[0].uptime, 3) == 99.502
    assert found[0].interval == 300


def test_the_first_three_months_of_a_new_provider_are_known_by_since(tmp_path: Path) -> None:
    months = [{"month": f"2026-{n:02}", "uptime": 99} for n in range(5, 11)]
    found = read(written(tmp_path, {"since": "2026-06", "months": months}))
    assert [one.name for one in found if one.is_early] == ["2026-06", "2026-07", "2026-08"]


def test_the_months_of_one_backend_are_taken_from_those_of_several(tmp_path: Path) -> None:
    one, other = ({"months": [{"month": "2026-10", "uptime": value}]} for value in (99, 100))
    file = written(tmp_path, {"backends": {"terra": one, "aurora": other}})
    assert read(file, "aurora")[0].uptime == 100
    with pytest.raises(StatementError, match="say of which with --history-backend"):
        read(file)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"months": [{"month": "2026-10"}]}, "2026-10 needs `uptime` in percent"),
        ({"months": [{"month": "2026-10", "uptime": 101}]}, "2026-10 needs `uptime` in percent"),
        ({"months": [{"uptime": 99}]}, "each month must say its `month`"),
        ({"months": [{"month": "October", "uptime": 99}]}, "each month must say its `month`"),
        ({"months": [{"month": "2026-13", "uptime": 99}]}, "each month must say its `month`"),
        ({"days": []}, "has no array `months`"),
        ([], "must be an object"),
    ],
)
def test_a_wrong_history_says_where(document: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(StatementError, match=said):
        read(written(tmp_path, document))


@pytest.mark.parametrize(
    ("requirement", "uptimes", "early", "wanted"),
    [
        ("availability-2", [99.5], False, "pass"),
        ("availability-2", [99.49], False, "fail"),
        ("availability-3", [99.4, 99.4], False, "fail"),
        ("availability-3", [99.4, 99.4, 99.6], False, "warning"),
        ("availability-3", [99.4, 99.6, 99.4], False, "pass"),
        ("availability-4", [95.0], False, "pass"),
        ("availability-4", [94.9], False, "fail"),
        ("availability-4", [90.0], True, "pass"),
        ("availability-5", [94, 100, 100, 100, 100, 94], False, "fail"),
        ("availability-5", [94, 100, 100, 100, 100, 100, 94], False, "pass"),
        ("availability-6", [89.9], True, "fail"),
        ("availability-6", [99.9], False, "not applicable"),
    ],
)
def test_months_are_judged_by_the_limits_of_the_contract(
    requirement: str, uptimes: list[float], early: bool, wanted: str
) -> None:
    months = [Month(f"2026-{n:02}", u, 300, early) for n, u in enumerate(uptimes, 1)]
    assert verdict({}, requirement, options=Options(history=months))[0] == wanted


@pytest.mark.parametrize(
    ("second", "wanted"), [("2026-12", "fail"), ("2027-01", "pass"), ("2028-07", "pass")]
)
def test_warnings_are_as_far_apart_as_their_months_are(second: str, wanted: str) -> None:
    months = [Month("2026-07", 94.0, 300), Month(second, 94.0, 300)]
    assert verdict({}, "availability-5", options=Options(history=months))[0] == wanted


@pytest.mark.parametrize(
    ("uptime", "shown"), [(99.499, "99.49 %"), (99.49, "99.49 %"), (29.0, "29.00 %")]
)
def test_an_uptime_is_cut_off_where_it_is_shown(uptime: float, shown: str) -> None:
    said = verdict({}, "availability-2", options=Options(history=[Month("2026-10", uptime)]))
    assert said == ("fail", f"2026-10: {shown}, 99.5 % are wanted.")


def test_without_a_history_it_could_not_be_told() -> None:
    assert verdict({}, "availability-2") == ("could not tell", "A monitor's history is needed.")
