"""What operators do over HTTP: decisions, maintenance, announcements and notes on incidents."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from aggregator.moments import month_bounds
from tests.fakes.health import month, probes
from tests.web.operating import (
    NOW,
    OPERATOR,
    SPARSE,
    TOKEN,
    decide,
    observe,
    observed,
)
from tests.web.site import Site, assert_error


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return observed(tmp_path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/federation/decisions"),
        ("POST", "/federation/maintenance"),
        ("POST", "/federation/announcements"),
        ("POST", "/federation/incidents/terra-1/notes"),
        ("DELETE", "/federation/maintenance/maintenance-1"),
        ("DELETE", "/federation/announcements/announcement-1"),
    ],
)
def test_what_operators_do_needs_one(site: Site, method: str, path: str) -> None:
    assert_error(site.request(method, path, json={}), 401, "AuthenticationRequired")
    wrong = {"Authorization": "Bearer another-token"}
    assert site.request(method, path, json={}, headers=wrong).status_code in (401, 403)
    user = site.login()
    answer = site.request(method, path, json={}, headers=user)
    assert_error(answer, 403, "PermissionsInsufficient")


def test_a_decision_that_makes_no_sense_is_a_conflict(site: Site) -> None:
    answer = decide(site, "readmit")
    assert assert_error(answer, 409, "OperatorRequestConflict")["message"] == (
        "terra is not excluded."
    )


@pytest.mark.parametrize(
    ("body", "mistakes"),
    [
        ({}, ["backend: is required", "decision: is required", "reason: is required"]),
        (
            {"backend": "terra", "decision": "exclude", "reason": "x", "until": "May"},
            ["until: there is no such field; there are backend, decision, reason"],
        ),
        ({"backend": 7, "decision": "exclude", "reason": "x"}, ["backend: must be text"]),
        (
            {"backend": "moon", "decision": "praise", "reason": "x"},
            [
                "backend: must be one of terra, aurora",
                "decision: must be one of exclude, readmit, decline",
            ],
        ),
        (
            {"backend": "terra", "decision": "exclude", "reason": "  "},
            ["reason: must have 1 to 10000 characters"],
        ),
    ],
)
def test_a_request_that_cannot_be_read_names_every_mistake(
    site: Site, body: dict[str, Any], mistakes: list[str]
) -> None:
    answer = site.post("/federation/decisions", body, headers=OPERATOR)
    message = assert_error(answer, 400, "OperatorRequestInvalid")["message"]
    assert message == f"The request is invalid: {'; '.join(mistakes)}."


@pytest.mark.parametrize(
    ("path", "changed", "mistake"),
    [
        ("maintenance", {"starts": "0001-01-01"}, "starts: must be in the years 2000 to 2999"),
        ("maintenance", {"starts": "1970-01-01"}, "starts: must be in the years 2000 to 2999"),
        (
            "maintenance",
            {"ends": "9999-12-31T23:59:59.9999Z"},
            "ends: must be in the years 2000 to 2999",
        ),
        (
            "maintenance",
            {"text": "Disks\x00"},
            "text: must have no control characters but tabs and ends of lines",
        ),
        (
            "announcements",
            {"announced": "0001-01-01"},
            "announced: must be in the years 2000 to 2999",
        ),
        (
            "announcements",
            {"title": "Goodbye\x1b[2J"},
            "title: must have no control characters but tabs and ends of lines",
        ),
    ],
)
def test_times_and_texts_that_no_operator_can_mean_are_refused(
    site: Site, path: str, changed: dict[str, str], mistake: str
) -> None:
    bodies = {
        "maintenance": {"backend": "terra", "starts": "2026-05-05", "ends": "2026-05-06"},
        "announcements": {"kind": "notice", "title": "News"},
    }
    answer = site.post(f"/federation/{path}", {**bodies[path], **changed}, headers=OPERATOR)
    message = assert_error(answer, 400, "OperatorRequestInvalid")["message"]
    assert message == f"The request is invalid: {mistake}."


def test_maintenance_is_announced_listed_and_called_off(site: Site) -> None:
    window = {"backend": "terra", "starts": "2026-05-05T08:00:00Z", "ends": "2026-05-05T12:00:00Z"}
    made = site.post("/federation/maintenance", {**window, "text": "Disks"}, headers=OPERATOR)
    assert made.status_code == 201
    [shown] = site.get("/federation/maintenance").json["maintenance"]
    assert shown == {
        **window,
        "id": made.json["id"],
        "announced": "2026-05-04T00:00:00Z",
        "excused": True,
        "text": "Disks",
    }
    path = f"/federation/maintenance/{made.json['id']}"
    assert_error(site.request("DELETE", path, headers=OPERATOR), 400, "OperatorRequestInvalid")
    elsewhere = path.replace("/maintenance/", "/announcements/")
    astray = site.request("DELETE", f"{elsewhere}?reason=Postponed", headers=OPERATOR)
    assert_error(astray, 404, "NotFound")
    gone = site.request("DELETE", f"{path}?reason=Postponed", headers=OPERATOR)
    assert gone.status_code == 200
    again = site.request("DELETE", f"{path}?reason=Postponed", headers=OPERATOR)
    assert_error(again, 409, "OperatorRequestConflict")


def test_maintenance_that_comes_too_late_says_that_it_counts(site: Site) -> None:
    late = {"backend": "terra", "starts": "2026-05-03T08:00:00Z", "ends": "2026-05-03T12:00:00Z"}
    made = site.post("/federation/maintenance", late, headers=OPERATOR)
    assert made.json["remark"] == "Announced too late: it counts as downtime."


def test_maintenance_of_a_closed_month_is_a_conflict(site: Site) -> None:
    observe(site, month("2026-04", step=SPARSE))
    site.federation.availability.record.close_months(NOW * 1000)
    late = {
        "backend": "terra",
        "starts": "2026-04-10",
        "ends": "2026-04-11",
        "announced": "2026-04-01",
    }
    answer = site.post("/federation/maintenance", late, headers=OPERATOR)
    assert assert_error(answer, 409, "OperatorRequestConflict")["message"] == (
        "The month 2026-04 is closed: its days are frozen."
    )
    assert site.get("/federation/maintenance").json["maintenance"] == []


def test_a_breaking_change_says_whether_it_comes_early_enough(site: Site) -> None:
    change = {"kind": "breaking-change", "backend": "terra", "title": "LAND goes"}
    late = site.post(
        "/federation/announcements", {**change, "effective": "2026-08-03"}, headers=OPERATOR
    )
    assert late.json["remark"] == (
        "It is announced less than 3 months ahead; the earliest day would be 2026-08-04."
    )
    site.post("/federation/announcements", {**change, "effective": "2026-11-04"}, headers=OPERATOR)
    times = [a["lead_time"] for a in site.get("/federation/announcements").json["announcements"]]
    assert sorted(times) == ["in time", "too late"]
    undated = site.post("/federation/announcements", change, headers=OPERATOR)
    assert_error(undated, 400, "OperatorRequestInvalid")


def test_an_incident_is_public_with_its_notes_and_without_error_texts(site: Site) -> None:
    start = month_bounds("2026-05")[0]
    observe(
        site, probes(start, start + 12 * SPARSE, down=((start, start + 6 * SPARSE),), step=SPARSE)
    )
    identifier = f"terra-{start}"
    made = site.post(
        f"/federation/incidents/{identifier}/notes", {"text": "A fibre was cut."}, headers=OPERATOR
    )
    assert made.status_code == 201
    answer = site.get("/federation/incidents")
    assert answer.json["incidents"] == [
        {
            "id": identifier,
            "backend": "terra",
            "opened": "2026-05-01T00:00:00Z",
            "closed": "2026-05-02T00:00:00Z",
            "error": "connection",
            "notes": [{"at": "2026-05-04T00:00:00Z", "text": "A fibre was cut."}],
        }
    ]
    unknown = site.post("/federation/incidents/x/notes", {"text": "?"}, headers=OPERATOR)
    assert_error(unknown, 404, "NotFound")
    for path in ("/federation/incidents", "/federation/history", "/federation/feed"):
        text = site.get(path).text
        assert "10.0.0.7" not in text
        assert hashlib.sha256(TOKEN.encode()).hexdigest()[:8] not in text
