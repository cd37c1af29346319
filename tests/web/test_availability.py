"""The record of availability over HTTP: one state everywhere, operators' doings, feed, export."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from aggregator.health.calendar import HOUR, day_start, month_bounds
from aggregator.health.observations import Observation
from tests.fakes.clock import Clock
from tests.fakes.health import month, probes
from tests.web.site import Site, assert_error, backend, collection, conforms, graph

TOKEN = "a-token-of-operations"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}
SPARSE = 4 * HOUR
SETTINGS = {
    "interval": SPARSE / 1000,
    "operator_tokens": [hashlib.sha256(TOKEN.encode()).hexdigest()],
}
ATOM = "{http://www.w3.org/2005/Atom}"
NOW = day_start("2026-05-04") // 1000


@pytest.fixture
def site(tmp_path: Path) -> Site:
    terra = backend("terra", ("S2", "LAND"), ("ndvi",))
    aurora = backend("aurora", ("S2", "S1"), ("radar_mask",))
    members = {"terra": terra, "aurora": aurora}
    return Site(members, tmp_path, clock=Clock(NOW), availability=SETTINGS)


def decide(site: Site, decision: str, backend: str = "terra", **headers: str) -> Any:
    body = {"backend": backend, "decision": decision, "reason": "Two warnings; we talked."}
    return site.post("/federation/decisions", body, headers=headers or OPERATOR)


def member(site: Site, name: str = "terra") -> Any:
    return site.get("/").json["federation"][name]


def observe(site: Site, seen: list[Observation]) -> None:
    site.federation.availability.record.observe(seen)


def test_an_excluded_member_gets_no_new_work_and_says_why(site: Site) -> None:
    headers = site.login()
    assert decide(site, "exclude").status_code == 201
    refused = site.post("/result", {"process": graph(collection_id="LAND")}, headers=headers)
    body = assert_error(refused, 400, "NoBackendForProcess")
    assert body["federation:lacking"]["terra"] == [
        "takes no new work: it is excluded since 2026-05-04T00:00:00Z: Two warnings; we talked."
    ]
    elsewhere = site.post("/validation", graph())
    assert elsewhere.json == {"errors": [], "federation:backends": ["aurora"]}


def test_an_excluded_member_is_listed_as_such_and_is_not_missing(site: Site) -> None:
    decide(site, "exclude")
    assert member(site)["status"] == "online"
    assert member(site)["availability"] == {
        "status": "excluded",
        "since": "2026-05-04T00:00:00Z",
        "reason": "Two warnings; we talked.",
    }
    assert "availability" not in member(site, "aurora")
    assert site.get("/health").json["backends"]["terra"]["availability"]["status"] == "excluded"
    collections = site.get("/collections").json
    assert "federation:missing" not in collections
    assert {c["id"] for c in collections["collections"]} == {"S1", "S2", "LAND"}


def test_an_excluded_member_keeps_serving_what_runs_there(site: Site) -> None:
    headers = site.login()
    job = {"id": "7", "status": "running", "created": "2026-05-01T00:00:00Z"}
    site.backends["terra"].answers |= {
        "GET /jobs": {"jobs": [job], "links": []},
        "GET /jobs/7": {**job, "process": graph()},
        "POST /jobs/7/results": {},
    }
    decide(site, "exclude")
    assert [j["id"] for j in site.get("/jobs", headers=headers).json["jobs"]] == ["terra-7"]
    assert site.get("/jobs/terra-7", headers=headers).status_code == 200
    refused = site.request("POST", "/jobs/terra-7/results", headers=headers)
    body = assert_error(refused, 400, "NoBackendForProcess")
    assert "takes no new work" in body["message"]
    assert site.backends["terra"].asked("POST", "/jobs/7/results") == []


def test_a_readmitted_member_gets_work_again(site: Site) -> None:
    decide(site, "exclude")
    assert decide(site, "readmit").status_code == 201
    assert site.post("/validation", graph()).json["federation:backends"] == ["terra", "aurora"]
    assert "availability" not in member(site)


def test_another_worker_learns_of_a_decision_from_the_record(site: Site, tmp_path: Path) -> None:
    members = {name: backend(name) for name in ("terra", "aurora")}
    other = Site(members, tmp_path, clock=Clock(NOW), availability=SETTINGS)
    decide(site, "exclude")
    assert "availability" not in member(other)
    other.federation.availability.standings.refresh()
    assert member(other)["availability"]["status"] == "excluded"


def test_an_unstable_member_is_marked_and_still_gets_work(site: Site) -> None:
    for name in ("2026-03", "2026-04"):
        observe(site, month(name, 3, step=SPARSE))
    site.federation.availability.record.close_months(NOW * 1000)
    site.federation.availability.standings.refresh()
    assert member(site)["availability"]["status"] == "unstable"
    assert "month 2 in a row below 99.5 %" in member(site)["availability"]["reason"]
    assert site.post("/validation", graph()).json["federation:backends"] == ["terra", "aurora"]


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


def test_the_export_holds_days_and_months(site: Site) -> None:
    observe(site, month("2026-04", 3, step=SPARSE))
    site.federation.availability.record.close_months(NOW * 1000)
    found = site.get("/federation/history").json
    terra = found["backends"]["terra"]
    assert (found["version"], terra["since"], terra["status"]) == (1, "2026-04", "stable")
    assert terra["collections"] == ["S2", "LAND"]
    assert terra["days"][0] == {
        "day": "2026-04-01",
        "up": 3,
        "down": 3,
        "excused": 0,
        "p50_ms": 100,
        "p95_ms": 100,
    }
    [judged] = terra["months"]
    assert judged == {
        "month": "2026-04",
        "up": 177,
        "counted": 180,
        "excused": 0,
        "due": 180,
        "uptime": "98.333",
        "interval_seconds": 14400.0,
        "judged": True,
        "status": "stable",
        "warning": False,
        "warning_below_percent": "90",
        "proposal": None,
        "collections": "met",
        "reason": judged["reason"],
        "closed": "2026-05-04T00:00:00Z",
    }
    assert judged["reason"].startswith("Uptime is 98.333 % (3 of 180 probes failed), below 99.5 %.")
    assert list(site.get("/federation/history?backend=aurora").json["backends"]) == ["aurora"]
    assert_error(site.get("/federation/history?backend=moon"), 404, "NotFound")


def test_what_is_new_is_in_the_export_at_once(site: Site) -> None:
    start = month_bounds("2026-05")[0]

    def export() -> Any:
        return site.get("/federation/history").json["backends"]["terra"]

    observe(site, probes(start, start + SPARSE, step=SPARSE))
    assert export()["days"][0]["up"] == 1
    observe(site, probes(start + SPARSE, start + 2 * SPARSE, step=SPARSE))
    assert export()["days"][0]["up"] == 2
    decide(site, "exclude")
    assert export()["status"] == "excluded"


def test_the_feed_is_atom_with_ids_that_stay(site: Site) -> None:
    hostile = "<script>alert(1)</script> & \ufffe\uffff ]]>"
    notice = {"kind": "notice", "title": hostile, "text": hostile}
    site.post("/federation/announcements", notice, headers=OPERATOR)
    decide(site, "exclude")
    answer = site.get("/federation/feed")
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    root = Xml.fromstring(answer.data)
    entries = root.findall(f"{ATOM}entry")
    # What RFC 4287 asks of a feed and of each entry: exactly one of each of these.
    for element in (root, *entries):
        for name in ("id", "title", "updated"):
            [found] = element.findall(ATOM + name)
            assert found.text
    assert root.find(f"{ATOM}author/{ATOM}name") is not None
    rels = [link.get("rel") for link in root.findall(f"{ATOM}link")]
    assert rels == ["self", "alternate"]
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids) == 3
    assert all(str(one).startswith("urn:uuid:") for one in ids)
    assert entries[-1].findtext(f"{ATOM}title") == "<script>alert(1)</script> & \ufffd\ufffd ]]>"
    assert [e.findtext(f"{ATOM}title") for e in entries[:2]] == [
        "terra is now excluded",
        "terra: excluded",
    ]
    again = Xml.fromstring(site.get("/federation/feed").data)
    assert [e.findtext(f"{ATOM}id") for e in again.findall(f"{ATOM}entry")] == ids
    etag = {"If-None-Match": answer.headers["ETag"]}
    assert site.get("/federation/feed", headers=etag).status_code == 304


def test_a_feed_of_one_member_leaves_the_others_out(site: Site) -> None:
    decide(site, "exclude", "aurora")
    assert b"aurora is now excluded" not in site.get("/federation/feed?backend=terra").data
    assert b"aurora is now excluded" in site.get("/federation/feed?backend=aurora").data


def test_collections_that_are_experimental_need_no_uptime(tmp_path: Path) -> None:
    listed = [collection("S2"), collection("TRIAL", experimental=True)]
    terra = backend("terra", answers={"GET /collections": {"collections": listed, "links": []}})
    site = Site({"terra": terra}, tmp_path, clock=Clock(NOW), availability=SETTINGS)
    [member] = site.federation.availability.overview().members
    assert member.collections == ("S2",)
    assert site.federation.availability.overview().members[0] is member


def test_what_is_said_of_members_is_allowed_by_the_specification(site: Site) -> None:
    decide(site, "exclude")
    conforms("/", site.get("/"))


def test_the_endpoints_for_reading_are_listed(site: Site) -> None:
    listed = {e["path"] for e in site.get("/").json["endpoints"]}
    assert {"/federation/history", "/federation/feed", "/federation/incidents"} <= listed
