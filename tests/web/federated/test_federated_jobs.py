"""One job for the user, three at backends."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from aggregator.routing.plans import Part, Plan
from tests.fakes.backends import Reply
from tests.fakes.batch import refusal
from tests.web.federated.site import PLAN, WHOLE, Trio, without_plan
from tests.web.site import assert_error, conforms, process

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


def test_results_are_those_of_the_last_part_under_the_id_of_the_whole(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.drive(job)
    answer = trio.site.get(f"/jobs/{job}/results", headers=user)
    found = conforms("/jobs/{job_id}/results", answer)
    assert found["id"] == job
    assert found["federation:backends"] == ["aurora", "borea", "terra"]
    assert found["assets"]["out.nc"]["href"] == "http://files.terra.test/t1.nc?sig=1"
    links = {link["rel"]: link["href"] for link in found["links"]}
    assert links["self"] == f"http://federation.test/openeo/1.3/jobs/{job}/results"
    assert links["canonical"].startswith("http://terra.test/openeo/jobs/t1/results?expires=9")


def test_results_that_were_deleted_with_their_part_can_be_made_anew(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.drive(job)
    assert trio.site.request("DELETE", "/jobs/terra-t1", headers=user).status_code == 204
    error = assert_error(trio.site.get(f"/jobs/{job}/results", headers=user), 404, "JobNotFound")
    assert error["message"] == (
        f"You have no batch job 'terra-t1'. It was the part of job '{job}' that had the results; "
        "they have gone with it. Start that job again for new ones."
    )
    assert trio.start(job, user).status_code == 202
    trio.drive(job)
    assert trio.site.get(f"/jobs/{job}/results", headers=user).status_code == 200


def test_there_are_no_results_before_the_end(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user)
    assert_error(trio.site.get(f"/jobs/{job}/results", headers=user), 400, "JobNotStarted")
    trio.start(job, user)
    assert_error(trio.site.get(f"/jobs/{job}/results", headers=user), 400, "JobNotFinished")
    assert_error(
        trio.site.get(f"/jobs/{job}/results?partial=true", headers=user), 400, "JobNotFinished"
    )


def test_every_line_of_the_log_says_which_part_and_backend(trio: Trio) -> None:
    user = trio.site.login()
    trio.batches["aurora"].ends("finished", "Read 3 scenes.", "Wrote a file.")
    job = trio.running(user)
    trio.drive(job)
    answer = trio.site.get(f"/jobs/{job}/logs", headers=user)
    entries = conforms("/jobs/{job_id}/logs", answer)["logs"]
    assert [e["message"] for e in entries if e.get("federation:part") == "part1"] == [
        "part1 at aurora: its job a1 was created.",
        "part1 at aurora: was started.",
        "part1 at aurora: Read 3 scenes.",
        "part1 at aurora: Wrote a file.",
        "part1 at aurora: has finished.",
    ]
    for entry in entries:
        whole = entry["message"] in ("The job was started.", "The job has finished.")
        named = f"{entry.get('federation:part')} at {entry.get('federation:backends', [''])[0]}: "
        assert whole or entry["message"].startswith(named)


def test_the_log_is_read_by_level_limit_and_offset(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.drive(job)
    everything = trio.log(job, user)
    seen: list[str] = []
    path = f"/openeo/1.3/jobs/{job}/logs?limit=4"
    while path:
        page = conforms("/jobs/{job_id}/logs", trio.site.client.get(path, headers=user))
        assert len(page["logs"]) <= 4
        seen += [entry["message"] for entry in page["logs"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        path = following[0].removeprefix("http://federation.test") if following else ""
    assert seen == everything
    assert trio.log(job, user, "?level=error") == []
    last = trio.site.get(f"/jobs/{job}/logs", headers=user).json["logs"][-1]["id"]
    assert trio.log(job, user, f"?offset={last}") == []
    assert trio.log(job, user, f"?limit={'9' * 30}") == everything
    answer = trio.site.get(f"/jobs/{job}/logs?offset=nonsense", headers=user)
    assert "must be the id of an entry" in assert_error(answer, 404, "NotFound")["message"]


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


def test_results_without_a_signed_link_cannot_be_handed_on(trio: Trio) -> None:
    user = trio.site.login()
    trio.batches["aurora"].refuses["results"] = Reply(200, {"id": "a1", "assets": {}, "links": []})
    job = trio.running(user)
    trio.drive(job)
    said = trio.read(job, user)["federation:problem"]["message"]
    assert said.startswith("part3 at terra: Backend 'aurora' gives no signed link")


def test_cancelling_stops_every_part(trio: Trio) -> None:
    user = trio.site.login()
    for batch in trio.batches.values():
        batch.looks = 50
    job = trio.running(user)
    trio.step(3)
    assert trio.site.request("DELETE", f"/jobs/{job}/results", headers=user).status_code == 204
    assert trio.read(job, user)["status"] == "canceled"
    trio.drive(job)
    assert {j.status for b in trio.batches.values() for j in b.made} == {"canceled"}
    assert trio.made()["terra"] == []
    assert trio.site.request("DELETE", f"/jobs/{job}/results", headers=user).status_code == 204


def test_deleting_reaches_every_part_also_at_a_backend_that_is_away(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.drive(job)
    trio.site.go_down("borea")
    assert trio.site.request("DELETE", f"/jobs/{job}", headers=user).status_code == 204
    assert_error(trio.site.get(f"/jobs/{job}", headers=user), 404, "JobNotFound")
    assert [j["id"] for j in trio.site.get("/jobs", headers=user).json["jobs"]] == []
    trio.step(5)
    assert [len(b.jobs) for b in trio.batches.values()] == [0, 0, 1]
    trio.site.come_back("borea")
    trio.site.federation.refresh()
    assert trio.drive(job, seconds=10) is None
    assert [len(b.jobs) for b in trio.batches.values()] == [0, 0, 0]


def test_a_job_can_be_changed_until_it_runs(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user, title="Old", budget=50)
    changes = {"title": "New", "budget": 90, "plan": None, "x:more": [1]}
    assert trio.site.request("PATCH", f"/jobs/{job}", json=changes, headers=user).status_code == 204
    found = trio.read(job, user)
    assert {key: found[key] for key in changes} == changes
    trio.start(job, user)
    answer = trio.site.request("PATCH", f"/jobs/{job}", json={"title": "X"}, headers=user)
    assert_error(answer, 400, "JobLocked")
    trio.drive(job)
    assert trio.made()["terra"] == [f"New [{job}/part3]"]


def test_a_changed_process_is_planned_anew(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user)
    other = {"process_graph": {"save": {**WHOLE["process_graph"]["radar"], "result": True}}}
    trio.plan = Plan((Part("part1", "aurora", ("save",), other, (), "it has S1"),))
    answer = trio.site.request("PATCH", f"/jobs/{job}", json={"process": other}, headers=user)
    assert answer.status_code == 204
    found = trio.read(job, user)
    assert found["process"] == other
    assert [p["backend"] for p in found["federation:parts"]] == ["aurora"]
    trio.start(job, user)
    trio.drive(job)
    assert trio.made() == {"aurora": [f"[{job}/part1]"], "terra": [], "borea": []}
    trio.plan = without_plan("no")
    answer = trio.site.request("PATCH", f"/jobs/{job}", json={"process": WHOLE}, headers=user)
    assert "either: no." in assert_error(answer, 400, "NoBackendForProcess")["message"]


def test_what_was_made_by_an_old_plan_is_removed(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.drive(job)
    other = {"process_graph": {"save": {**WHOLE["process_graph"]["radar"], "result": True}}}
    trio.plan = Plan((Part("part1", "aurora", ("save",), other, (), "it has S1"),))
    answer = trio.site.request("PATCH", f"/jobs/{job}", json={"process": other}, headers=user)
    assert answer.status_code == 204
    assert trio.read(job, user)["status"] == "created"
    trio.drive(job)
    assert [len(batch.jobs) for batch in trio.batches.values()] == [0, 0, 0]
    trio.start(job, user)
    trio.drive(job)
    assert trio.made()["aurora"] == [f"[{job}/part1]", f"[{job}/part1/2]"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({}, 400, "NoDataForUpdate"),
        ({"status": "finished"}, 400, "PropertyNotEditable"),
        ({"budget": -1}, 400, "BudgetInvalid"),
        ({"federation:backend": "terra"}, 400, "NoBackendForProcess"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused_with_a_reason(
    trio: Trio, changes: dict[str, Any], status: int, code: str
) -> None:
    user = trio.site.login()
    job = trio.create(user)
    answer = trio.site.request("PATCH", f"/jobs/{job}", json=changes, headers=user)
    assert_error(answer, status, code)


def test_starting_a_finished_job_again_makes_everything_anew(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.drive(job)
    trio.start(job, user)
    trio.drive(job)
    assert trio.read(job, user)["status"] == "finished"
    assert trio.made()["terra"] == [f"[{job}/part3]", f"[{job}/part3/2]"]
    assert [sorted(b.jobs) for b in trio.batches.values()] == [["t2"], ["a2"], ["b2"]]
    assert trio.starts() == {"aurora": [1, 1], "borea": [1, 1], "terra": [1, 1]}


def test_starting_a_job_that_runs_changes_nothing(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.step(2)
    assert trio.start(job, user).status_code == 202
    trio.drive(job)
    assert trio.starts() == {"aurora": [1], "borea": [1], "terra": [1]}


@pytest.mark.parametrize(
    ("process_id", "argument", "reference", "sent"),
    [
        ("load_result", "id", "{job}", "t1"),
        (
            "load_stac",
            "url",
            "http://federation.test/openeo/1.3/jobs/{job}/results",
            "http://terra.test/openeo/jobs/t1/results",
        ),
    ],
)
def test_results_of_a_federated_job_are_loaded_where_its_last_part_ran(
    trio: Trio, process_id: str, argument: str, reference: str, sent: str
) -> None:
    for member in trio.site.backends.values():
        member.answers["GET /processes"]["processes"].append(process("load_result", "id"))
    trio.site.federation.refresh()
    user = trio.site.login()
    job = trio.running(user)
    trio.drive(job)
    arguments = {argument: reference.format(job=job)}
    node = {"process_id": process_id, "arguments": arguments, "result": True}
    body = {"process": {"process_graph": {"again": node}}}
    answer = trio.site.post("/jobs", body, headers=user)
    assert answer.status_code == 201, answer.text
    assert answer.headers["OpenEO-Identifier"] == "terra-t2"
    kept = trio.batches["terra"].made[-1].sent["process"]["process_graph"]["again"]
    assert kept["arguments"] == {argument: sent}
    trio.site.post("/jobs", body, headers=trio.site.login("bob"))
    sent_for_bob = [j.sent for b in trio.batches.values() for j in b.made if "bob" in str(j.owner)]
    assert "t1" not in str(sent_for_bob)


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
