"""What a process in parts would cost: side by side at its backends, and together."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.fakes.backends import Call
from tests.fakes.batch import refusal
from tests.unit.ledger.documents import MARCH
from tests.web.federated.site import WHOLE, Trio, load, save, without_plan
from tests.web.federated.test_credits import paid
from tests.web.paying import held, report
from tests.web.site import assert_error


@pytest.fixture
def trio(tmp_path: Path) -> Trio:
    """Each expects 7 credits for a batch job, and gives 10 a month."""
    return paid(tmp_path)


def posted(trio: Trio, user: dict[str, str] | None = None, **body: Any) -> Any:
    whole = {"process": WHOLE, **body}
    answer = trio.site.post("/federation/estimates", whole, headers=user or {})
    assert answer.status_code == 200, answer.text
    return answer.json


def of_job(trio: Trio, job: str, user: dict[str, str]) -> Any:
    answer = trio.site.get(f"/federation/estimates?job={job}", headers=user)
    assert answer.status_code == 200, answer.text
    return answer.json


PARTS = [
    {"id": "part1", "backend": "aurora", "costs": 7, "federation:estimated-by": "federation"},
    {"id": "part2", "backend": "borea", "costs": 7, "federation:estimated-by": "federation"},
    {"id": "part3", "backend": "terra", "costs": 7, "federation:estimated-by": "federation"},
]


def entry(backend: str, part: str) -> dict[str, Any]:
    return {
        "backend": backend,
        "online": True,
        "federation:parts": [part],
        "costs": 7,
        "federation:estimated-by": "federation",
        "credits": {"left": 10, "suffices": True, "renewal": "2026-04-01"},
    }


def test_a_process_in_parts_tells_what_each_backend_takes_and_the_sum(trio: Trio) -> None:
    user = trio.site.login()
    assert posted(trio, user) == {
        "estimates": [entry("aurora", "part1"), entry("borea", "part2"), entry("terra", "part3")],
        "costs": 21,
        "federation:parts": PARTS,
        "links": [],
        "federation:backends": ["aurora", "borea", "terra"],
    }
    assert trio.made() == {"terra": [], "aurora": [], "borea": []}
    assert held(trio.site) == []


def test_a_job_in_parts_is_estimated_as_its_process_is(trio: Trio) -> None:
    user = trio.site.login()
    assert of_job(trio, trio.create(user), user) == posted(trio, user)


def test_a_stored_process_is_estimated_in_parts_too(trio: Trio) -> None:
    user = trio.site.login()
    stored = trio.site.request("PUT", "/process_graphs/mine", json=WHOLE, headers=user)
    assert stored.status_code == 200, stored.text
    found = trio.site.get("/federation/estimates?process_id=mine", headers=user).json
    assert found == posted(trio, user)


def test_who_is_not_logged_in_sees_prices_and_nothing_of_credits(trio: Trio) -> None:
    found = posted(trio)
    assert (found["costs"], found["federation:parts"]) == (21, PARTS)
    assert not any("credits" in one for one in found["estimates"])


def test_what_the_backends_of_its_parts_say_counts_once_there_are_jobs(trio: Trio) -> None:
    user = trio.site.login()
    for batch in trio.batches.values():
        batch.says = {"costs": 2.5, "duration": "PT5M", "size": 2048}
    job = trio.running(user)
    trio.drive(job)
    trio.batches["borea"].says = None
    found = of_job(trio, job, user)
    assert [(one["backend"], one["costs"]) for one in found["estimates"]] == [
        ("aurora", 2.5),
        ("borea", 7),
        ("terra", 2.5),
    ]
    assert found["costs"] == 12
    assert found["federation:parts"][0] == {
        "id": "part1",
        "backend": "aurora",
        "costs": 2.5,
        "duration": "PT5M",
        "size": 2048,
        "federation:estimated-by": "aurora",
        "federation:duration": {"federation:estimated-by": "aurora"},
    }
    assert found["federation:parts"][1] == PARTS[1]
    assert "duration" not in found  # of one part it is not known


def test_several_parts_at_one_backend_need_credits_for_all_of_them(tmp_path: Path) -> None:
    trio = paid(tmp_path, collections={"terra": "S2", "aurora": "S2", "borea": "LAND"})
    user = trio.site.login()
    cube = load("S2")
    cube["arguments"]["spatial_extent"] = {"west": 10, "south": 46, "east": 11, "north": 46.5}
    process = {"process_graph": {"cube": cube, "save": save("cube", "GTiff")}}
    tiles = {"federation:tiles": {"size": 0.5}, "federation:backend": "terra"}
    found = posted(trio, user, process=process, **tiles)
    assert found["estimates"] == [
        {
            "backend": "terra",
            "online": True,
            "federation:parts": ["tile1", "tile2"],
            "costs": 14,
            "federation:estimated-by": "federation",
            "credits": {"left": 10, "suffices": False, "renewal": "2026-04-01"},
        }
    ]
    assert found["costs"] == 14


def test_without_rates_parts_come_without_prices_and_there_is_no_sum(tmp_path: Path) -> None:
    trio = Trio(tmp_path)
    user = trio.site.login()
    job = trio.create(user)
    found = of_job(trio, job, user)
    assert found["federation:parts"] == [
        {"id": "part1", "backend": "aurora"},
        {"id": "part2", "backend": "borea"},
        {"id": "part3", "backend": "terra"},
    ]
    assert "costs" not in found
    assert_error(trio.site.get(f"/jobs/{job}/estimate", headers=user), 501, "FeatureUnsupported")


def test_a_backend_that_is_down_is_missing_and_its_part_has_the_published_price(
    trio: Trio,
) -> None:
    user = trio.site.login()
    job = trio.create(user)
    trio.site.go_down("borea")
    for _ in range(3):
        trio.site.federation.refresh()
    found = of_job(trio, job, user)
    assert [one["online"] for one in found["estimates"]] == [True, False, True]
    assert found["federation:missing"] == ["borea"]
    assert found["costs"] == 21


def test_a_process_that_cannot_be_split_is_refused_with_the_reason(trio: Trio) -> None:
    trio.plan = without_plan("No two backends can hand it on.")
    answer = trio.site.post("/federation/estimates", {"process": WHOLE})
    error = assert_error(answer, 400, "NoBackendForProcess")
    assert "No two backends can hand it on." in error["message"]


def test_what_was_used_up_shows_where_credits_do_not_suffice(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user)
    report(trio.site, "earlier", 8, "terra", jobStart=MARCH)
    found = {one["backend"]: one["credits"] for one in of_job(trio, job, user)["estimates"]}
    assert found["terra"] == {"left": 2, "suffices": False, "renewal": "2026-04-01"}
    assert found["aurora"]["suffices"] is True


@pytest.mark.parametrize("job", ["federation-0", "federation-" + "0" * 32])
def test_a_job_that_is_not_the_users_is_not_found(trio: Trio, job: str) -> None:
    answer = trio.site.get(f"/federation/estimates?job={job}", headers=trio.site.login())
    assert_error(answer, 404, "JobNotFound")


def estimated(trio: Trio) -> tuple[dict[str, str], str]:
    """A user, and a job of theirs of which each part is estimated at 2.5 where it runs."""
    user = trio.site.login()
    for batch in trio.batches.values():
        batch.says = {"costs": 2.5}
    job = trio.running(user)
    trio.drive(job)
    return user, job


def test_a_backend_that_fails_just_when_asked_is_missing_and_its_part_has_the_published_price(
    trio: Trio,
) -> None:
    user, job = estimated(trio)
    trio.batches["borea"].refuses["estimate"] = refusal(500, "Internal")
    found = of_job(trio, job, user)
    assert found["federation:missing"] == ["borea"]
    assert [(one["backend"], one["online"], one["costs"]) for one in found["estimates"]] == [
        ("aurora", True, 2.5),
        ("borea", True, 7),
        ("terra", True, 2.5),
    ]
    own = trio.site.get(f"/jobs/{job}/estimate", headers=user).json
    assert (own["costs"], own["federation:missing"]) == (12, ["borea"])


def test_without_rates_a_backend_that_fails_to_estimate_is_missing_too(tmp_path: Path) -> None:
    trio = Trio(tmp_path)
    user, job = estimated(trio)
    trio.batches["borea"].refuses["estimate"] = refusal(500, "Internal")
    found = of_job(trio, job, user)
    assert found["federation:missing"] == ["borea"]
    assert found["federation:parts"][1] == {"id": "part2", "backend": "borea"}
    assert "costs" not in found


def test_nobody_waits_for_a_late_backend_longer_than_for_any_and_it_is_missing(
    tmp_path: Path,
) -> None:
    deadlines = {"request_deadline": 0.5, "first_answer_deadline": 0.0}
    trio = Trio(tmp_path, upstream=deadlines)
    user, job = estimated(trio)
    enough, answered = Event(), Event()

    def late(_: Call) -> Any:
        enough.wait(20)
        answered.set()
        return {"costs": 2.5}

    trio.site.backends["borea"].answers["GET /jobs/b1/estimate"] = late
    try:
        found = of_job(trio, job, user)
        assert not answered.is_set()
    finally:
        enough.set()
    assert found["federation:missing"] == ["borea"]
    assert [part.get("costs") for part in found["federation:parts"]] == [2.5, None, 2.5]


def test_a_backend_that_gives_no_estimates_is_not_missing(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.drive(job)
    trio.batches["borea"].refuses["estimate"] = refusal(500, "EstimateComplexity")
    assert "federation:missing" not in of_job(trio, job, user)
    assert "federation:missing" not in trio.site.get(f"/jobs/{job}/estimate", headers=user).json
