"""A member that goes bad while the federation runs, in every way that a member can.

Two real backends on loopback behind the aggregator with all its threads. One of them is given a
fault, and later it recovers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aggregator.app import create_app
from aggregator.settings import read
from backends.profile import CollectionSpec
from tests.fakes.members import Member
from tests.web.backends.site import GRAPH
from tests.web.site import basic

LISTING = 0.8
REQUEST = 0.8
SLACK = 0.8
RECOVERY = 8.0
UPSTREAM = {
    "listing_deadline": LISTING,
    "request_deadline": REQUEST,
    "probe_deadline": 0.5,
    "metadata_deadline": 1.0,
    "detail_deadline": REQUEST,
    "result_deadline": 1.5,
    "read_timeout": 1.0,
    "probe_interval": 0.3,
    "offline_probe_interval": 0.2,
    "refresh_interval": 0.5,
    "max_answer_bytes": 1_000_000,
    "max_metadata_bytes": 3_000_000,
}
BAD: dict[str, Any] = {
    "hangs": {"kind": "hang"},
    "resets": "reset",
    "is away": "outage",
    "is away behind a proxy": {"kind": "outage", "status": 503},
    "answers 500 with a web page": "error",
    "answers 500 as openEO": {"kind": "error", "code": "Internal"},
    "answers 429": {"kind": "error", "status": 429, "code": "TooMany", "retry_after": 5},
    "sends half bodies": "half-body",
    "sends garbage": "garbage",
    "sends web pages": "content-type",
    "drips": {"kind": "drip", "seconds": 0.05},
    "never ends": "endless",
    "never ends, slowly": {"kind": "endless", "size": 10, "seconds": 0.05},
    "redirects in circles": "redirect-loop",
    "sends giants": {"kind": "giant", "megabytes": 64},
    "is slower than anybody waits": {"kind": "delay", "seconds": 3},
}


class World:
    """The members, the aggregator and a user who has logged in."""

    def __init__(self, directory: Path) -> None:
        self.good = Member(directory / "good")
        self.bad = Member(
            directory / "bad",
            collections=(
                CollectionSpec("SENTINEL2_L2A", "world", "sentinel2_l2a"),
                CollectionSpec("ONLY_BAD", "world", "elevation"),
            ),
        )
        members = {"good": self.good, "bad": self.bad}
        settings = {
            "data_directory": str(directory / "aggregator"),
            "public_url": "http://federation.test",
            "backends": {
                n: {"url": m.url, "basic_authentication": True} for n, m in members.items()
            },
            "upstream": UPSTREAM,
        }
        self.app = create_app(read(settings))
        self.client = self.app.test_client()
        token = self.get("/credentials/basic", headers=basic("alice", "wonderland"))
        self.user = {"Authorization": f"Bearer basic//{token.json['access_token']}"}
        self.job = f"good-{self.good.site.create()}"
        self.bad_job = f"bad-{self.bad.site.create()}"

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(f"/openeo/1.3{path}", **options)

    def post(self, path: str, json: Any) -> Any:
        return self.client.post(f"/openeo/1.3{path}", json=json, headers=self.user)

    def listing(self, path: str) -> Any:
        """A listing, which was there in time."""
        started = time.monotonic()
        answer = self.get(path, headers=self.user)
        took = time.monotonic() - started
        assert answer.status_code == 200, answer.text
        assert took < LISTING + SLACK, f"{path} took {took:.1f} s"
        return answer.json

    def whole(self) -> bool:
        """Whether no listing misses anybody."""
        paths = ("/jobs", "/collections", "/processes", "/file_formats")
        return not any("federation:missing" in self.listing(path) for path in paths)

    def close(self) -> None:
        self.app.extensions["federation"].stop()
        self.good.close()
        self.bad.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("members"))
    yield made
    made.close()


@contextmanager
def wrong(world: World, *faults: Any) -> Iterator[None]:
    """Within this context the bad member has these faults; before and after the world is whole."""
    until(world.whole)
    world.bad.goes_wrong(*faults)
    try:
        yield
    finally:
        world.bad.recovers()
        until(world.whole)


def until(holds: Callable[[], bool], seconds: float = RECOVERY) -> float:
    """Wait until it holds; how long that took."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < seconds, "it does not come true"
        time.sleep(0.05)
    return time.monotonic() - started


def missing(document: Any) -> Any:
    return document.get("federation:missing", [])


@pytest.mark.parametrize("name", BAD)
def test_a_member_that_goes_bad_is_missed_and_hides_nothing_of_the_others(
    world: World, name: str
) -> None:
    with wrong(world, BAD[name]):
        # At once, with the circuit closed: its jobs are missing, those of the other are there.
        jobs = world.listing("/jobs")
        assert [job["id"] for job in jobs["jobs"]] == [world.job]
        assert missing(jobs) == ["bad"]
        # Soon it is known to be bad, and all that the others have is still there.
        until(lambda: missing(world.listing("/collections")) == ["bad"])
        listed = {one["id"] for one in world.listing("/collections")["collections"]}
        assert {"SENTINEL2_L2A", "DEM", "COVER"} <= listed
        assert missing(world.listing("/processes")) == ["bad"]
        # Then it costs nothing any more: nobody but the probe asks it.
        until(lambda: world.listing("/")["federation"]["bad"]["status"] == "offline")
        before = [one for one in world.bad.asked if one.endswith("/jobs")]
        assert missing(world.listing("/jobs")) == ["bad"]
        assert [one for one in world.bad.asked if one.endswith("/jobs")] == before
        # What only it has is refused in its name; what the other has is served.
        gone = world.get(f"/jobs/{world.bad_job}", headers=world.user)
        assert (gone.status_code, gone.json["code"]) == (503, "BackendUnavailable")
        assert "bad" in gone.json["message"]
        assert world.get(f"/jobs/{world.job}", headers=world.user).status_code == 200
        assert world.client.get("/health").status_code == 200


# Status, code, and what the message says besides the member's name: the layer that failed.
SINGLE = {
    "hangs": (504, "BackendTimeout", "0.8 seconds"),
    "resets": (502, "BackendFailure", "(connection)"),
    "is away behind a proxy": (502, "BackendFailure", "(gateway)"),
    "answers 500 with a web page": (502, "BackendFailure", "(HTTP)"),
    "answers 500 as openEO": (500, "Internal", "This error was switched on."),
    "answers 429": (429, "TooMany", "This error was switched on."),
    "sends half bodies": (502, "BackendFailure", "(connection)"),
    "sends garbage": (502, "BackendFailure", "(content)"),
    "sends web pages": (502, "BackendFailure", "(content)"),
    "drips": (504, "BackendTimeout", "0.8 seconds"),
    "never ends": (502, "BackendFailure", "(content)"),
    "never ends, slowly": (504, "BackendTimeout", "0.8 seconds"),
    "redirects in circles": (502, "BackendFailure", "(HTTP)"),
    "sends giants": (502, "BackendFailure", "(content)"),
    "is slower than anybody waits": (504, "BackendTimeout", "0.8 seconds"),
}


@pytest.mark.parametrize("name", SINGLE)
def test_a_call_to_a_job_at_a_bad_member_is_one_error_that_names_it(
    world: World, name: str
) -> None:
    fault = BAD[name] if isinstance(BAD[name], dict) else {"kind": BAD[name]}
    with wrong(world, {**fault, "paths": ["/jobs/*"]}):
        started = time.monotonic()
        answer = world.get(f"/jobs/{world.bad_job}", headers=world.user)
        assert time.monotonic() - started < REQUEST + SLACK
        status, code, layer = SINGLE[name]
        assert (answer.status_code, answer.json["code"]) == (status, code), answer.text
        assert "'bad'" in answer.json["message"]
        assert layer in answer.json["message"]
        assert answer.json["id"]


BEFORE_THE_BODY = {
    "hangs": (504, "BackendTimeout"),
    "resets": (502, "BackendFailure"),
    "is away behind a proxy": (502, "BackendFailure"),
    "answers 500 with a web page": (502, "BackendFailure"),
    "answers 500 as openEO": (500, "Internal"),
    "answers 429": (429, "TooMany"),
    "redirects in circles": (502, "BackendFailure"),
    "is slower than anybody waits": (504, "BackendTimeout"),
}


def only_at_the_bad() -> Any:
    graph = {**GRAPH["process_graph"], "load": {**GRAPH["process_graph"]["load"]}}
    place = {"west": 11.0, "south": 46.0, "east": 11.01, "north": 46.01}
    graph["load"]["arguments"] = {
        "id": "ONLY_BAD",
        "spatial_extent": place,
        "temporal_extent": None,
    }
    return {"process": {"process_graph": graph}}


@pytest.mark.parametrize(
    ("name", "path"),
    [(name, "/result") for name in BEFORE_THE_BODY] + [("resets", "/jobs"), ("hangs", "/jobs")],
)
def test_work_for_a_bad_member_is_refused_by_one_error_that_names_it(
    world: World, name: str, path: str
) -> None:
    fault = BAD[name] if isinstance(BAD[name], dict) else {"kind": BAD[name]}
    with wrong(world, {**fault, "methods": ["POST"], "paths": [path]}):
        started = time.monotonic()
        answer = world.post(path, only_at_the_bad())
        assert time.monotonic() - started < 1.5 + SLACK
        assert (answer.status_code, answer.json["code"]) == BEFORE_THE_BODY[name], answer.text
        assert "bad" in answer.json["message"]


@pytest.mark.parametrize("name", ["sends half bodies", "drips", "never ends"])
def test_a_result_that_breaks_off_is_not_passed_on_as_a_whole_one(world: World, name: str) -> None:
    fault = BAD[name] if isinstance(BAD[name], dict) else {"kind": BAD[name]}
    with wrong(world, {**fault, "methods": ["POST"], "paths": ["/result"]}):
        answer = world.post("/result", only_at_the_bad())
        assert answer.status_code == 200
        started = time.monotonic()
        with pytest.raises(Exception, match="bad"):
            for _ in answer.iter_encoded():
                pass
        assert time.monotonic() - started < 1.5 + SLACK
        answer.close()


def test_a_member_that_answers_every_other_time_costs_no_listing_its_data(world: World) -> None:
    with wrong(world, {"kind": "error", "rate": 0.5, "seed": 3, "paths": ["/jobs"]}):
        for _ in range(12):
            found = world.listing("/jobs")
            ids = [job["id"] for job in found["jobs"]]
            assert world.job in ids
            assert (world.bad_job in ids) is (missing(found) == [])


def test_a_member_is_back_within_seconds_of_the_end_of_its_outage(world: World) -> None:
    with wrong(world, {"kind": "outage", "when": [{"from": 0, "until": 60}]}):
        until(lambda: missing(world.listing("/jobs")) == ["bad"])
        # Nobody switches it off: the outage ends by its schedule.
        world.bad.site.clock.forward(seconds=60)
        assert until(world.whole) < 5.0


def test_a_member_that_fails_between_pages_keeps_its_place(world: World) -> None:
    mine = {world.job, world.bad_job}
    for _ in range(3):
        mine |= {f"good-{world.good.site.create()}", f"bad-{world.bad.site.create()}"}
    until(world.whole)
    query, seen, failed = "/jobs?limit=2", [], 0
    # The second request for a page of its jobs fails, the others do not.
    with wrong(world, {"kind": "error", "paths": ["/jobs"], "after": 1, "times": 1}):
        for _ in range(20):
            page = world.listing(query)
            seen += [job["id"] for job in page["jobs"]]
            failed += missing(page) == ["bad"]
            following = [link["href"] for link in page["links"] if link["rel"] == "next"]
            if not following:
                break
            query = following[0].partition("/openeo/1.3")[2]
    assert failed == 1
    assert len(seen) == len(set(seen)), "nothing comes twice"
    assert mine <= set(seen), "nothing is left out"
