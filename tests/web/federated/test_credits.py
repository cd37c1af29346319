"""Each part is paid at its own provider; a budget is for all of them together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fakes.backends import Reply
from tests.fakes.clock import Clock
from tests.unit.ledger.documents import MARCH
from tests.web.federated.site import Trio
from tests.web.paying import TERRA, held, left, report
from tests.web.site import assert_error

PROVIDERS = ("terra", "aurora", "borea")


@pytest.fixture
def trio(tmp_path: Path) -> Trio:
    return paid(tmp_path)


def paid(tmp_path: Path, **options: Any) -> Trio:
    """The three: each expects 7 credits for a batch job, and gives 10 a month."""
    prices = tmp_path / "pricing"
    prices.mkdir()
    for name in PROVIDERS:
        rates = TERRA | {"provider": name, "reporters": [f"{name}-accounting"]}
        (prices / f"{name}.yaml").write_text(yaml.safe_dump(rates))
    clock = Clock(MARCH / 1000)
    return Trio(tmp_path, clock=clock, accounting={"pricing": str(prices)}, **options)


def test_each_part_has_its_hold_at_its_provider_from_its_start(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user)
    assert held(trio.site) == []
    trio.start(job, user)
    trio.step(2)
    assert sorted(held(trio.site)) == [("aurora", "a1", 7.0), ("borea", "b1", 7.0)]
    trio.drive(job)
    assert ("terra", "t1", 7.0) in held(trio.site)


def test_the_costs_of_the_whole_are_those_that_were_charged(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.drive(job)
    for provider, local, costs in (("terra", "t1", 4), ("aurora", "a1", 2), ("borea", "b1", 0.5)):
        report(trio.site, local, costs, provider, jobStart=MARCH)
    found = trio.read(job, user)
    assert found["costs"] == 6.5
    assert [part["costs"] for part in found["federation:parts"]] == [2, 0.5, 4]
    assert trio.site.get("/jobs", headers=user).json["jobs"][0]["costs"] == 6.5
    assert [left(trio.site, name) for name in PROVIDERS] == [6, 8, 9.5]


def test_the_estimate_is_the_sum_of_those_of_the_parts(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user)
    found = trio.site.get(f"/jobs/{job}/estimate", headers=user).json
    assert found["costs"] == 21
    assert [(p["id"], p["backend"], p["costs"]) for p in found["federation:parts"]] == [
        ("part1", "aurora", 7),
        ("part2", "borea", 7),
        ("part3", "terra", 7),
    ]


def test_the_estimate_tells_the_time_of_the_longest_way_through_the_plan(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user)
    minutes = {"aurora": 5, "borea": 12, "terra": 3}
    for name, batch in trio.batches.items():
        stated = {"costs": 1, "duration": f"PT{minutes[name]}M"}
        batch.says = stated
    trio.start(job, user)
    trio.drive(job)
    found = trio.site.get(f"/jobs/{job}/estimate", headers=user).json
    assert (found["costs"], found["duration"]) == (3, "PT900S")
    assert [part["duration"] for part in found["federation:parts"]] == ["PT5M", "PT12M", "PT3M"]


def test_a_job_that_cannot_be_paid_as_a_whole_is_not_started(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user)
    report(trio.site, "earlier", 5, "terra", jobStart=MARCH)
    error = assert_error(trio.start(job, user), 402, "PaymentRequired")
    assert "Backend 'terra' needs 7 credits, and you have 5 for use there" in error["message"]
    assert trio.read(job, user)["status"] == "created"
    trio.step(3)
    assert trio.made() == {"terra": [], "aurora": [], "borea": []}


def test_credits_that_are_gone_when_a_part_is_to_start_fail_the_job_and_cancel_the_rest(
    trio: Trio,
) -> None:
    user = trio.site.login()
    trio.batches["aurora"].looks = 30
    job = trio.running(user)
    trio.step(8)
    assert trio.stages(job)["part2"] == "finished"
    report(trio.site, "something-else", 8, "terra", jobStart=MARCH)
    trio.batches["aurora"].looks = 1
    trio.drive(job)
    problem = trio.read(job, user)["federation:problem"]
    assert problem["code"] == "PaymentRequired"
    assert problem["message"].startswith(
        "part3 at terra: This needs 7 credits at Terra Observatory ('terra'), and 2 are left"
    )
    assert trio.starts()["terra"] == [0]


def test_a_part_that_others_could_not_pay_cancels_what_runs(trio: Trio) -> None:
    user = trio.site.login()
    for batch in trio.batches.values():
        batch.looks = 50
    job = trio.create(user)
    trio.start(job, user)
    report(trio.site, "something-else", 8, "borea", jobStart=MARCH)
    trio.drive(job)
    assert trio.read(job, user)["federation:problem"]["federation:backends"] == ["borea"]
    assert trio.batches["aurora"].made[0].status == "canceled"


def test_a_canceled_part_that_never_ran_gives_its_credits_back_at_once(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.step(2)
    assert sorted(held(trio.site)) == [("aurora", "a1", 7.0), ("borea", "b1", 7.0)]
    waited = {"id": "a1", "status": "created", "queued": "2026-03-14T09:10:00Z"}
    trio.batches["aurora"].refuses["look"] = Reply(200, waited)
    stopped = trio.site.request("DELETE", f"/jobs/{job}/results", headers=user)
    assert stopped.status_code == 204
    trio.drive(job)
    assert held(trio.site) == [("borea", "b1", 7.0)]
    assert [left(trio.site, name) for name in ("aurora", "borea")] == [10, 3]


def test_a_budget_is_shared_by_all_parts(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user, budget=24)
    trio.step(3)
    given = {name: [j.sent["budget"] for j in b.made] for name, b in trio.batches.items()}
    assert given == {"terra": [], "aurora": [8], "borea": [8]}
    report(trio.site, "a1", 2, "aurora", jobStart=MARCH)
    trio.drive(job)
    assert trio.batches["terra"].made[0].sent["budget"] == 24 - 2 - 1.5


def test_a_budget_below_what_is_expected_is_refused_before_anything_runs(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user, budget=20)
    error = assert_error(trio.start(job, user), 402, "PaymentRequired")
    assert "The budget of 20 credits does not cover the estimated costs of 21" in error["message"]


def test_a_budget_that_the_first_parts_have_used_up_ends_the_job(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user, budget=21)
    trio.step(4)
    trio.site.request("DELETE", f"/jobs/{job}/results", headers=user)
    trio.drive(job)
    for local, provider in (("a1", "aurora"), ("b1", "borea")):
        report(trio.site, local, 10.5, provider, jobStart=MARCH)
    assert trio.read(job, user)["costs"] == 14  # no more than their shares


def test_credits_are_held_once_whatever_goes_wrong_on_the_way(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.step(1)
    trio.site.go_down("aurora")
    trio.step(5, seconds=3)
    trio.site.come_back("aurora")
    trio.site.federation.refresh()
    trio.drive(job, seconds=5)
    assert trio.read(job, user)["status"] == "finished"
    assert sorted(held(trio.site)) == [
        ("aurora", "a1", 7.0),
        ("borea", "b1", 7.0),
        ("terra", "t1", 7.0),
    ]
