"""One job for the user, three at backends."""

from __future__ import annotations

import re

import orjson
import pytest

from aggregator.ids import encode_cursor
from aggregator.usecases.listings import Position
from tests.fakes.backends import Reply
from tests.fakes.batch import refusal
from tests.web.federated.site import PLAN, WHOLE, Trio, without_plan
from tests.web.site import assert_error, conforms

ID = re.compile(r"federation-[0-9a-f]{32}")


def test_a_job_that_no_single_backend_can_run_is_created_with_a_plan(trio: Trio) -> None:
    user = trio.site.login()
    body = {"title": "Fields", "description": "All.", "process": WHOLE, "log_level": "debug"}
    answer = trio.site.post("/jobs", body, headers=user)
    conforms("/jobs", answer, "POST")
    job = answer.headers["OpenEO-Identifier"]
    assert ID.fullmatch(job)
    assert answer.headers["Location"] == f"http://federation.test/openeo/1.3/jobs/{job}"
    assert answer.headers["OpenEO-Federation-Backends"] == "aurora,borea,terra"
    assert "This process runs in 3 parts" in answer.headers["OpenEO-Federation-Routing"]
    assert trio.made() == {"terra": [], "aurora": [], "borea": []}
    found = conforms("/jobs/{job_id}", trio.site.get(f"/jobs/{job}", headers=user))
    assert (found["id"], found["status"], found["title"]) == (job, "created", "Fields")
    assert found["process"] == WHOLE
    assert found["federation:backends"] == ["aurora", "borea", "terra"]
    assert [
        (p["id"], p["backend"], p["job"], p["status"], p["needs"], p["why"])
        for p in found["federation:parts"]
    ] == [
        ("part1", "aurora", None, "created", [], "only aurora has S1"),
        ("part2", "borea", None, "created", [], "only borea has LAND"),
        ("part3", "terra", None, "created", ["part1", "part2"], "only terra has S2"),
    ]


def test_a_job_that_one_backend_can_run_is_never_split(trio: Trio) -> None:
    user = trio.site.login()
    one = {"process_graph": {"save": {**WHOLE["process_graph"]["optical"], "result": True}}}
    answer = trio.site.post("/jobs", {"process": one}, headers=user)
    assert answer.headers["OpenEO-Identifier"] == "terra-t1"
    assert trio.asked == []


def test_a_job_for_a_chosen_backend_is_not_split(trio: Trio) -> None:
    body = {"process": WHOLE, "federation:backend": "terra"}
    answer = trio.site.post("/jobs", body, headers=trio.site.login())
    assert_error(answer, 400, "NoBackendForProcess")
    answer = trio.site.request(
        "POST",
        "/jobs",
        root="/federation/terra/openeo/1.3",
        json={"process": WHOLE},
        headers=trio.site.login(),
    )
    assert_error(answer, 400, "NoBackendForProcess")
    assert trio.asked == []


def test_where_there_is_no_plan_the_ordinary_error_says_why(trio: Trio) -> None:
    trio.plan = without_plan("borea has no load_stac")
    answer = trio.site.post("/jobs", {"process": WHOLE}, headers=trio.site.login())
    error = assert_error(answer, 400, "NoBackendForProcess")
    assert "collection" in error["message"]
    assert error["message"].endswith("either: borea has no load_stac.")
    assert set(error["federation:lacking"]) == {"terra", "aurora", "borea"}


def test_parts_run_where_they_belong_and_the_last_reads_what_the_others_made(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user, title="Fields", description="All.", job_options={"cpu": 2})
    state = trio.drive(job)
    assert state is not None
    assert state.status == "finished"
    assert trio.made() == {
        "aurora": [f"Fields [{job}/part1]"],
        "borea": [f"Fields [{job}/part2]"],
        "terra": [f"Fields [{job}/part3]"],
    }
    assert trio.starts() == {"aurora": [1], "borea": [1], "terra": [1]}
    (last,) = trio.batches["terra"].made
    graph = last.sent["process"]["process_graph"]
    signed = "http://aurora.test/openeo/jobs/a1/results?expires=9&signature=s-a1"
    assert graph["radar"]["arguments"] == {"url": signed}
    assert graph["land"]["arguments"]["url"].startswith("http://borea.test/openeo/jobs/b1/results?")
    assert graph["optical"]["arguments"]["id"] == "S2"
    assert last.sent["job_options"] == {"cpu": 2}
    assert last.sent["description"] == "All."
    assert "federation:backend" not in last.sent


def test_a_part_begins_when_all_that_it_needs_is_there(trio: Trio) -> None:
    user = trio.site.login()
    trio.batches["borea"].looks = 6
    job = trio.running(user)
    trio.step(5)
    assert trio.stages(job)["part1"] == "finished"
    assert trio.stages(job)["part3"] == "waiting"
    found = trio.read(job, user)
    assert (found["status"], found["progress"]) == ("running", 50.0)
    trio.drive(job)
    assert trio.stages(job) == {"part1": "finished", "part2": "finished", "part3": "finished"}


def test_the_whole_shows_progress_costs_and_usage_of_its_parts(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    assert trio.read(job, user)["status"] == "queued"
    trio.drive(job)
    found = conforms("/jobs/{job_id}", trio.site.get(f"/jobs/{job}", headers=user))
    assert (found["status"], found["progress"], found["costs"]) == ("finished", 100, 4.5)
    assert found["usage"] == {"cpu": {"value": 30, "unit": "cpu-seconds"}}
    assert [(p["job"], p["status"], p["costs"]) for p in found["federation:parts"]] == [
        ("aurora-a1", "finished", 1.5),
        ("borea-b1", "finished", 1.5),
        ("terra-t1", "finished", 1.5),
    ]


def test_a_failed_part_cancels_the_rest_and_the_error_names_it(trio: Trio) -> None:
    user = trio.site.login()
    trio.batches["aurora"].ends("error", "Out of memory.")
    trio.batches["borea"].looks = 50
    job = trio.running(user)
    state = trio.drive(job)
    assert state is not None
    assert state.status == "error"
    assert trio.batches["borea"].made[0].status == "canceled"
    assert trio.made()["terra"] == []
    found = trio.read(job, user)
    assert found["federation:problem"]["message"] == "part1 at aurora: Out of memory."
    answer = trio.site.get(f"/jobs/{job}/results", headers=user)
    assert answer.status_code == 424
    entry = conforms("/jobs/{job_id}/results", answer)
    assert entry["message"] == "part1 at aurora: Out of memory."
    assert entry["federation:backends"] == ["aurora"]
    assert "part1 at aurora: Out of memory." in trio.log(job, user, "?level=error")


@pytest.mark.parametrize(
    ("asked", "reply", "said"),
    [
        ("create", refusal(400, "ProcessInvalid", "No such band."), "No such band."),
        ("start", refusal(400, "BudgetInvalid", "Too little."), "Too little."),
        ("look", refusal(404, "JobNotFound", "Gone."), "Gone."),
        ("create", refusal(403, "PermissionsInsufficient", "Not you."), "Not you."),
    ],
)
def test_a_backend_that_says_no_fails_the_job_with_its_reason(
    trio: Trio, asked: str, reply: Reply, said: str
) -> None:
    user = trio.site.login()
    trio.batches["borea"].refuses[asked] = reply
    job = trio.running(user)
    trio.drive(job)
    problem = trio.read(job, user)["federation:problem"]
    assert problem["message"] == f"part2 at borea: {said}"
    assert problem["code"] == reply_code(reply)


def reply_code(reply: Reply) -> str:
    return str(orjson.loads(b"".join(reply.body or []))["code"])


@pytest.mark.parametrize("below", ["", "/logs", "/results", "/estimate"])
def test_the_job_of_somebody_else_is_not_found(trio: Trio, below: str) -> None:
    job = trio.create(trio.site.login())
    answer = trio.site.get(f"/jobs/{job}{below}", headers=trio.site.login("bob"))
    assert_error(answer, 404, "JobNotFound")


@pytest.mark.parametrize("job", ["federation-", "federation-x", "federation-" + "x" * 900])
def test_an_id_of_no_job_is_not_found(trio: Trio, job: str) -> None:
    assert_error(trio.site.get(f"/jobs/{job}", headers=trio.site.login()), 404, "JobNotFound")


def test_parts_are_no_jobs_of_the_ordinary_list_unless_asked_for(trio: Trio) -> None:
    user = trio.site.login()
    jobs = []
    for _ in range(3):
        jobs.append(trio.running(user))
        trio.drive(jobs[-1])
    listed = conforms("/jobs", trio.site.get("/jobs", headers=user))
    assert [j["id"] for j in listed["jobs"]] == jobs
    assert listed["jobs"][0]["federation:backends"] == list(PLAN.backends)
    everything = trio.site.get("/jobs?federation:parts=true", headers=user).json["jobs"]
    assert len(everything) == 3 + 9
    assert everything[3]["id"] == "terra-t1"


@pytest.mark.parametrize("limit", ["0", "-1", "x", "9" * 30])
@pytest.mark.parametrize("after", ["", "0 ", "1 \0", "x y", "9" * 30 + " x"])
def test_a_forged_place_in_the_list_is_no_failure(trio: Trio, limit: str, after: str) -> None:
    user = trio.site.login()
    trio.create(user)
    cursor = encode_cursor({"federation": Position({"limit": limit, "after": after}).pack()})
    answer = trio.site.get(f"/jobs?limit=1&next={cursor}", headers=user)
    assert answer.status_code == 200 and conforms("/jobs", answer)


@pytest.mark.parametrize(("limit", "parts"), [(1, "false"), (2, "false"), (4, "true")])
def test_pages_with_federated_jobs_are_one_stable_order(trio: Trio, limit: int, parts: str) -> None:
    user = trio.site.login()
    for _ in range(2):
        trio.drive(trio.running(user))
    for name in ("S2", "S1", "LAND"):
        load = next(n for n in WHOLE["process_graph"].values() if n["arguments"].get("id") == name)
        one = {"process_graph": {"only": {**load, "result": True}}}
        assert trio.site.post("/jobs", {"process": one}, headers=user).status_code == 201
    trio.drive(trio.running(user))
    whole = trio.site.get(f"/jobs?federation:parts={parts}", headers=user).json["jobs"]
    assert len(whole) == (6 if parts == "false" else 15)
    seen: list[str] = []
    path = f"/openeo/1.3/jobs?limit={limit}&federation:parts={parts}"
    while path:
        page = conforms("/jobs", trio.site.client.get(path, headers=user))
        assert len(page["jobs"]) == limit or not page["links"]
        seen += [j["id"] for j in page["jobs"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        path = following[0].removeprefix("http://federation.test") if following else ""
    assert seen == [j["id"] for j in whole]
