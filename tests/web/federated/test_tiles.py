"""A job over a large area: one for the user, one for each tile at the backends that can run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.batch import refusal
from tests.web.federated.site import Trio, load, save
from tests.web.site import assert_error, conforms, process

AREA = {"west": 10.0, "south": 46.0, "east": 11.0, "north": 47.0}
TILES = {"size": 0.5}
SAME = {"terra": "S2", "aurora": "S2", "borea": "LAND"}


def over(area: Any, *steps: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A process over an area."""
    cube = load("S2")
    cube["arguments"]["spatial_extent"] = area
    return {"process_graph": {"cube": cube, **dict(steps), "save": save("cube", "GTiff")}}


@pytest.fixture
def pair(tmp_path: Path) -> Trio:
    return Trio(tmp_path, collections=SAME)


def extents(trio: Trio, backend: str) -> list[tuple[float, float]]:
    """South-west corners of what a backend's jobs load."""
    graphs = [job.sent["process"]["process_graph"] for job in trio.batches[backend].made]
    found = [graph["cube"]["arguments"]["spatial_extent"] for graph in graphs]
    return [(box["west"], box["south"]) for box in found]


def test_each_tile_is_a_part_and_all_who_can_run_it_have_their_share(pair: Trio) -> None:
    user = pair.site.login()
    body = {"title": "Tyrol", "process": over(AREA), "federation:tiles": TILES}
    answer = pair.site.post("/jobs", body, headers=user)
    conforms("/jobs", answer, "POST")
    job = answer.headers["OpenEO-Identifier"]
    found = pair.read(job, user)
    assert found["federation:tiles"] == TILES
    assert found["process"] == over(AREA)
    assert [(p["id"], p["backend"], p["why"]) for p in found["federation:parts"]] == [
        ("tile1", "terra", "tile x20y92; terra, aurora can run it"),
        ("tile2", "aurora", "tile x21y92; terra, aurora can run it"),
        ("tile3", "terra", "tile x20y93; terra, aurora can run it"),
        ("tile4", "aurora", "tile x21y93; terra, aurora can run it"),
    ]
    pair.start(job, user)
    state = pair.drive(job)
    assert state is not None and state.status == "finished"
    assert extents(pair, "terra") == [(10.0, 46.0), (10.0, 46.5)]
    assert extents(pair, "aurora") == [(10.5, 46.0), (10.5, 46.5)]
    assert pair.starts() == {"terra": [1, 1], "aurora": [1, 1], "borea": []}
    assert all("federation:tiles" not in j.sent for b in pair.batches.values() for j in b.made)


def test_the_results_of_all_tiles_are_one_collection(pair: Trio) -> None:
    user = pair.site.login()
    job = pair.running(user, process=over(AREA), title="Tyrol", **{"federation:tiles": TILES})
    pair.drive(job)
    answer = pair.site.get(f"/jobs/{job}/results", headers=user)
    found = conforms("/jobs/{job_id}/results", answer)
    assert (found["type"], found["id"], found["title"]) == ("Collection", job, "Tyrol")
    assert {name: asset["href"] for name, asset in found["assets"].items()} == {
        "tile1_out.nc": "http://files.terra.test/t1.nc?sig=1",
        "tile2_out.nc": "http://files.aurora.test/a1.nc?sig=1",
        "tile3_out.nc": "http://files.terra.test/t2.nc?sig=1",
        "tile4_out.nc": "http://files.aurora.test/a2.nc?sig=1",
    }
    assert found["federation:backends"] == ["terra", "aurora"]
    assert found["links"][0]["href"] == f"http://federation.test/openeo/1.3/jobs/{job}/results"
    assert [link["rel"] for link in found["links"]] == ["self", "canonical", *["child"] * 4]
    assert "federation:missing" not in found


def test_a_backend_that_is_away_is_missing_from_the_results_and_costs_no_other_tile(
    pair: Trio,
) -> None:
    user = pair.site.login()
    job = pair.running(user, process=over(AREA), **{"federation:tiles": TILES})
    pair.drive(job)
    pair.batches["aurora"].refuses["results"] = refusal(503, "InfrastructureBusy")
    found = pair.site.get(f"/jobs/{job}/results", headers=user).json
    assert list(found["assets"]) == ["tile1_out.nc", "tile3_out.nc"]
    assert found["federation:missing"] == ["aurora"]
    pair.batches["terra"].refuses["results"] = refusal(503, "InfrastructureBusy")
    answer = pair.site.get(f"/jobs/{job}/results", headers=user)
    assert_error(answer, 503, "InfrastructureBusy")


def test_a_tile_that_was_deleted_is_no_backend_that_is_away(pair: Trio) -> None:
    user = pair.site.login()
    job = pair.running(user, process=over(AREA), **{"federation:tiles": TILES})
    pair.drive(job)
    assert pair.site.request("DELETE", "/jobs/terra-t2", headers=user).status_code == 204
    answer = pair.site.get(f"/jobs/{job}/results", headers=user)
    assert assert_error(answer, 404, "JobNotFound")["message"] == (
        f"You have no batch job 'terra-t2'. It was tile3 of job '{job}', whose results have gone "
        "with it. Start that job again for new ones, or ask with 'partial=true' for those of the "
        "others."
    )
    found = pair.site.get(f"/jobs/{job}/results?partial=true", headers=user).json
    assert list(found["assets"]) == ["tile1_out.nc", "tile2_out.nc", "tile4_out.nc"]
    pair.start(job, user)
    pair.drive(job)
    assert len(pair.site.get(f"/jobs/{job}/results", headers=user).json["assets"]) == 4


def test_what_is_done_can_be_had_before_all_is(pair: Trio) -> None:
    user = pair.site.login()
    pair.batches["aurora"].looks = 50
    job = pair.running(user, process=over(AREA), **{"federation:tiles": TILES})
    pair.step(12)
    answer = pair.site.get(f"/jobs/{job}/results", headers=user)
    assert_error(answer, 400, "JobNotFinished")
    found = pair.site.get(f"/jobs/{job}/results?partial=true", headers=user).json
    assert list(found["assets"]) == ["tile1_out.nc", "tile3_out.nc"]
    assert found["openeo:status"] == "running"
    assert "federation:missing" not in found  # aurora answers, it has nothing yet


def test_there_are_no_partial_results_while_no_backend_has_any(pair: Trio) -> None:
    user = pair.site.login()
    job = pair.running(user, process=over(AREA), **{"federation:tiles": TILES})
    pair.step(1)
    partial = f"/jobs/{job}/results?partial=true"
    error = assert_error(pair.site.get(partial, headers=user), 400, "JobNotFinished")
    assert "federation:backends" not in error
    pair.batches["aurora"].refuses["results"] = refusal(503, "InfrastructureBusy")
    assert_error(pair.site.get(partial, headers=user), 503, "InfrastructureBusy")


def test_tiles_go_to_a_chosen_backend_and_by_the_policy_that_is_asked_for(pair: Trio) -> None:
    user = pair.site.login()
    wanted = {"process": over(AREA), "federation:tiles": TILES}
    job = pair.create(user, **wanted, **{"federation:backend": "aurora"})
    found = pair.read(job, user)["federation:parts"]
    assert {part["backend"] for part in found} == {"aurora"}
    job = pair.create(user, **wanted, **{"federation:policy": "cheapest"})
    found = pair.read(job, user)["federation:parts"]
    assert {part["backend"] for part in found} == {"terra"}


def test_a_tile_that_no_single_backend_can_run_has_parts_of_its_own(tmp_path: Path) -> None:
    trio = Trio(tmp_path, collections={"terra": "S2", "aurora": "S1", "borea": "LAND"})
    user = trio.site.login()
    optical, radar = load("S2"), load("S1")
    optical["arguments"]["spatial_extent"] = radar["arguments"]["spatial_extent"] = AREA
    both = {
        "process_id": "merge_cubes",
        "arguments": {"cube1": {"from_node": "optical"}, "cube2": {"from_node": "radar"}},
    }
    whole = {
        "process_graph": {
            "optical": optical,
            "radar": radar,
            "both": both,
            "save": save("both", "GTiff"),
        }
    }
    tiles = {"size": 1.0}
    answer = trio.site.post("/jobs", {"process": whole, "federation:tiles": tiles}, headers=user)
    assert answer.status_code == 201, answer.text
    job = answer.headers["OpenEO-Identifier"]
    parts = {p["id"]: (p["needs"], p["backend"]) for p in trio.read(job, user)["federation:parts"]}
    assert set(parts) == {"tile1.part1", "tile1.part2"}
    assert parts["tile1.part2"][0] == ["tile1.part1"]
    trio.start(job, user)
    state = trio.drive(job)
    assert state is not None and state.status == "finished"
    found = trio.site.get(f"/jobs/{job}/results", headers=user).json
    assert list(found["assets"]) == ["tile1.part2_out.nc"]


def test_a_process_that_depends_on_the_whole_area_is_refused_with_the_reason(pair: Trio) -> None:
    user = pair.site.login()
    graph = over(AREA)
    graph["process_graph"]["zones"] = {
        "process_id": "aggregate_spatial",
        "arguments": {"data": {"from_node": "cube"}, "geometries": {}, "reducer": {}},
    }
    body = {"process": graph, "federation:tiles": TILES}
    error = assert_error(pair.site.post("/jobs", body, headers=user), 400, "TilingUnsupported")
    assert "'zones'" in error["message"]


@pytest.mark.parametrize(
    ("tiles", "told"),
    [({"size": -1}, "above 0"), ({"size": 0.0001}, "the most that is accepted"), (7, "an object")],
)
def test_tiles_that_cannot_be_are_refused(pair: Trio, tiles: Any, told: str) -> None:
    body = {"process": over(AREA), "federation:tiles": tiles}
    answer = pair.site.post("/jobs", body, headers=pair.site.login())
    assert answer.status_code == 400
    assert told in answer.json["message"]


@pytest.mark.parametrize("path", ["/result", "/services"])
def test_only_batch_jobs_are_divided(pair: Trio, path: str) -> None:
    body = {"type": "xyz", "process": over(AREA), "federation:tiles": TILES}
    answer = pair.site.post(path, body, headers=pair.site.login())
    error = assert_error(answer, 400, "TilesInvalid")
    assert "batch jobs only" in error["message"]


def test_validation_shows_the_tiles(pair: Trio) -> None:
    user = pair.site.login()
    body = {**over(AREA), "federation:tiles": TILES}
    answer = pair.site.post("/validation", body, headers=user)
    found = conforms("/validation", answer, "POST")
    assert found["errors"] == []
    assert found["federation:backends"] == ["terra", "aurora"]
    assert found["federation:plan"]["ends"] == ["tile1", "tile2", "tile3", "tile4"]
    found = pair.site.post(
        "/validation", {**over(None), "federation:tiles": TILES}, headers=user
    ).json
    assert [error["code"] for error in found["errors"]] == ["TilingUnsupported"]


def test_other_tiles_plan_the_job_anew(pair: Trio) -> None:
    user = pair.site.login()
    job = pair.create(user, process=over(AREA), **{"federation:tiles": TILES})
    changed = {"federation:tiles": {"size": 1.0}}
    answer = pair.site.request("PATCH", f"/jobs/{job}", json=changed, headers=user)
    assert answer.status_code == 204, answer.text
    found = pair.read(job, user)
    assert [part["id"] for part in found["federation:parts"]] == ["tile1"]
    assert found["federation:tiles"] == {"size": 1.0}


@pytest.mark.parametrize(
    ("choice", "shown", "backend"),
    [
        ({"federation:backend": "aurora"}, {"federation:backend": "aurora"}, "aurora"),
        (
            {"job_options": {"federation:policy": "cheapest"}},
            {"federation:policy": "cheapest"},
            "terra",
        ),
    ],
)
def test_a_changed_process_is_planned_by_the_same_choices(
    pair: Trio, choice: dict[str, Any], shown: dict[str, Any], backend: str
) -> None:
    user = pair.site.login()
    job = pair.create(user, process=over(AREA), **{"federation:tiles": TILES}, **choice)
    changed = {"process": over({**AREA, "east": 12.0})}
    answer = pair.site.request("PATCH", f"/jobs/{job}", json=changed, headers=user)
    assert answer.status_code == 204, answer.text
    found = pair.read(job, user)
    assert [part["backend"] for part in found["federation:parts"]] == [backend] * 8
    assert shown.items() <= found.items()
    pair.start(job, user)
    pair.drive(job)
    assert all(not j.sent.keys() & {*shown} for b in pair.batches.values() for j in b.made)


def test_another_policy_plans_the_job_anew(pair: Trio) -> None:
    user = pair.site.login()
    job = pair.create(user, process=over(AREA), **{"federation:tiles": TILES})
    changed = {"federation:policy": "cheapest"}
    answer = pair.site.request("PATCH", f"/jobs/{job}", json=changed, headers=user)
    assert answer.status_code == 204, answer.text
    found = pair.read(job, user)["federation:parts"]
    assert [part["backend"] for part in found] == ["terra"] * 4


def test_a_federation_may_divide_nothing(tmp_path: Path) -> None:
    trio = Trio(tmp_path, collections=SAME, splitting={"most_tiles": 0})
    body = {"process": over(AREA), "federation:tiles": TILES}
    answer = trio.site.post("/jobs", body, headers=trio.site.login())
    error = assert_error(answer, 400, "TilesInvalid")
    assert "this federation divides no areas" in error["message"]


def test_a_failed_tile_is_named(pair: Trio) -> None:
    user = pair.site.login()
    job = pair.running(user, process=over(AREA), **{"federation:tiles": TILES})
    pair.batches["aurora"].ends("error")
    state = pair.drive(job)
    assert state is not None and state.status == "error"
    found = pair.read(job, user)
    assert found["federation:problem"]["message"].startswith("tile2 at aurora:")
    answer = pair.site.get(f"/jobs/{job}/results", headers=user)
    assert answer.status_code == 424


def test_the_results_of_many_tiles_are_loaded_by_their_signed_link_not_by_the_id_of_the_job(
    pair: Trio,
) -> None:
    for member in pair.site.backends.values():
        member.answers["GET /processes"]["processes"].append(process("load_result", "id"))
    pair.site.federation.refresh()
    user = pair.site.login()
    job = pair.running(user, process=over(AREA), **{"federation:tiles": TILES})
    pair.drive(job)
    node = {"process_id": "load_result", "arguments": {"id": job}, "result": True}
    body = {"process": {"process_graph": {"again": node}}}
    error = assert_error(
        pair.site.post("/jobs", body, headers=user), 400, "ProcessParameterInvalid"
    )
    assert "has the results of 4 tiles" in error["message"]
    assert "which is the link 'canonical' in the results of the job" in error["message"]
    found = pair.site.get(f"/jobs/{job}/results", headers=user).json
    (link,) = [link["href"] for link in found["links"] if link["rel"] == "canonical"]
    stac = {"process_id": "load_stac", "arguments": {"url": link}, "result": True}
    whole = {"process": {"process_graph": {"again": stac}}}
    assert pair.site.post("/jobs", whole, headers=user).status_code == 201
    assert pair.batches["terra"].made[-1].sent["process"]["process_graph"]["again"] == stac
    stac["arguments"] = {"url": link.partition("?")[0]}
    assert_error(pair.site.post("/jobs", whole, headers=user), 400, "ProcessParameterInvalid")
    node["arguments"] = {"id": "aurora-a2"}
    assert pair.site.post("/jobs", body, headers=user).status_code == 201
