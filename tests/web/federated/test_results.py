"""Results and logs of a job in parts: those of its last part, told under the id of the whole."""

from __future__ import annotations

import pytest

from tests.fakes.backends import Reply
from tests.fakes.batch import refusal
from tests.web.federated.site import Trio
from tests.web.site import assert_error, conforms, process


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


def test_a_last_part_that_was_not_started_yet_has_no_partial_results_so_far(trio: Trio) -> None:
    user = trio.site.login()
    trio.batches["terra"].refuses["start"] = Reply(503)
    trio.batches["terra"].refuses["results"] = refusal(400, "JobNotStarted", "Start it first.")
    job = trio.running(user)
    trio.step(12)
    assert trio.read(job, user)["federation:parts"][2]["job"] == "terra-t1"
    answer = trio.site.get(f"/jobs/{job}/results?partial=true", headers=user)
    error = assert_error(answer, 400, "JobNotFinished")
    assert "Start it" not in error["message"]


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


def test_results_without_a_signed_link_cannot_be_handed_on(trio: Trio) -> None:
    user = trio.site.login()
    trio.batches["aurora"].refuses["results"] = Reply(200, {"id": "a1", "assets": {}, "links": []})
    job = trio.running(user)
    trio.drive(job)
    said = trio.read(job, user)["federation:problem"]["message"]
    assert said.startswith("part3 at terra: Backend 'aurora' gives no signed link")


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
