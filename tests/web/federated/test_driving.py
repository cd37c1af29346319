"""The driver among backends that hang or say too much, with many jobs, under a clock that jumps."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

import pytest

from aggregator.usecases.federated import lifecycle
from tests.fakes.backends import Reply
from tests.fakes.federated import at_once
from tests.web.federated.site import Trio


def test_jobs_at_a_backend_that_hangs_do_not_keep_others_waiting(
    trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.usecases.federated.driver.JOBS_AT_ONCE", 2)

    def aurora_hangs(work: Callable[[], None], name: str) -> Future[None]:
        return Future() if name == "part-aurora" else at_once(work, name)

    trio.driver.begin = aurora_hangs
    user = trio.site.login()
    jobs = [trio.running(user) for _ in range(5)]
    trio.step(30)
    assert {trio.stages(job)["part2"] for job in jobs} == {"finished"}


def test_a_clock_that_is_set_back_delays_no_job(trio: Trio) -> None:
    job = trio.running(trio.site.login())
    trio.step(3)
    assert trio.stages(job)["part1"] == "at work"
    trio.clock.advance(-3600)
    trio.step(2)  # the credentials are of the future now, so that fresh ones are waited for
    user = trio.site.login()
    assert "LoginExpired" in str(trio.site.get(f"/jobs/{job}/logs", headers=user).json)
    trio.step(20)
    assert trio.read(job, user)["status"] == "finished"


def test_entries_of_a_log_that_have_no_id_are_told_once(trio: Trio) -> None:
    entry = {"level": "warning", "message": "Again."}
    trio.batches["aurora"].looks = 8
    trio.batches["aurora"].refuses["logs"] = Reply(200, {"logs": [entry], "links": []})
    user = trio.site.login()
    job = trio.running(user)
    trio.drive(job)
    assert trio.log(job, user, "?level=warning") == ["part1 at aurora: Again."]


def test_what_is_kept_of_an_entry_is_limited(trio: Trio) -> None:
    entry = {
        "id": "7",
        "level": "warning",
        "message": "m" * 1_000_000,
        "code": "c" * 1_000_000,
        "path": [{"node_id": "load"}],
        "data": ["d" * 1000] * 1000,
    }
    trio.batches["aurora"].refuses["logs"] = Reply(200, {"logs": [entry], "links": []})
    user = trio.site.login()
    job = trio.running(user)
    trio.drive(job)
    answer = trio.site.get(f"/jobs/{job}/logs?level=warning", headers=user)
    (told,) = answer.json["logs"]
    assert len(answer.data) < 12_000
    assert told["path"] == [{"node_id": "load"}]
    assert "data" not in told


def test_a_request_of_a_user_with_many_jobs_renews_credentials_of_a_few_only(
    trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "RENEWED", 2)
    user = trio.site.login()
    jobs = [trio.running(user) for _ in range(5)]
    trio.clock.advance(61)
    renewed = []
    for _ in range(3):
        trio.site.get("/jobs", headers=user)
        found = [trio.store.get(job) for job in jobs]
        renewed.append(sum(f.sealed_at == int(trio.clock() * 1000) for f in found if f))
    assert renewed == [2, 4, 5]


def test_all_that_a_part_has_said_before_its_end_is_told(trio: Trio) -> None:
    user = trio.site.login()
    trio.batches["aurora"].ends("error", *(f"Line {n}." for n in range(1300)))
    job = trio.running(user)
    trio.drive(job)
    told = [line for line in trio.log(job, user) if line.startswith("part1 at aurora: Line ")]
    assert told == [f"part1 at aurora: Line {n}." for n in range(1300)] + [
        "part1 at aurora: Line 1299."
    ]
    assert trio.read(job, user)["federation:problem"]["message"] == "part1 at aurora: Line 1299."


def test_where_a_part_has_said_too_much_the_log_says_where_the_rest_is(trio: Trio) -> None:
    user = trio.site.login()
    trio.batches["aurora"].ends("finished", *(f"Line {n}." for n in range(6000)))
    job = trio.running(user)
    trio.drive(job)
    told = [line for line in trio.log(job, user) if line.startswith("part1 at aurora: Line ")]
    assert told == [f"part1 at aurora: Line {n}." for n in range(5500)]  # 500 before its end
    assert trio.log(job, user, "?level=warning") == [
        "part1 at aurora: its log has more lines, which are left out here. The whole log is that "
        "of its own job, aurora-a1."
    ]
