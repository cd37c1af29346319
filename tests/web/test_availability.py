"""The record of availability over HTTP: one state everywhere, feed, export."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from aggregator.moments import moment_of, month_bounds
from tests.fakes.clock import Clock
from tests.fakes.health import month, probes
from tests.web.operating import (
    NOW,
    OPERATOR,
    SETTINGS,
    SPARSE,
    decide,
    member,
    observe,
    observed,
)
from tests.web.site import Site, assert_error, backend, collection, conforms, graph

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return observed(tmp_path)


def test_an_excluded_member_gets_no_new_work_and_says_why(site: Site) -> None:
    headers = site.login()
    assert decide(site, "exclude").status_code == 201
    refused = site.post("/result", {"process": graph(collection_id="LAND")}, headers=headers)
    body = assert_error(refused, 400, "NoBackendForProcess")
    assert body["federation:lacking"]["terra"] == [
        "takes no new work: it is excluded since 2026-05-04T00:00:00Z: Two warnings; we talked"
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


def test_the_export_leaves_no_incident_and_no_announcement_out(site: Site) -> None:
    start = month_bounds("2026-04")[0]
    begins = range(start, start + 60 * SPARSE, SPARSE)
    down = tuple((at, at + SPARSE // 2) for at in begins)
    observe(site, probes(start, NOW * 1000, down=down, step=SPARSE // 8))
    for number in range(60):
        notice = {"kind": "notice", "title": f"News {number}"}
        site.post("/federation/announcements", notice, headers=OPERATOR)
    found = site.get("/federation/history").json
    opened = [moment_of(datetime.fromisoformat(one["opened"])) for one in found["incidents"]]
    assert opened == list(reversed(begins))
    assert {one["title"] for one in found["announcements"]} == {f"News {n}" for n in range(60)}


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
