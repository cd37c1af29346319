"""Plans for requests, from the documents of the members as they were last seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aggregator.errors import CollectionNotFound, NoBackendForProcess
from aggregator.routing import Plan
from aggregator.routing.splitting import Obstacle, Unsplittable
from aggregator.usecases.credits import BATCH
from aggregator.usecases.splitting import Whole, with_reason
from tests.unit.routing.documents import load, node, ref
from tests.unit.routing.documents import process as graph_of
from tests.unit.routing.splitting.members import BOX, PROCESSES, YEAR, over_time
from tests.unit.routing.splitting.members import collection as described
from tests.web.site import ENDPOINTS, Site, assert_error, backend
from tests.web.test_services import WMS

NO_BACKEND = "NoBackendForProcess"
FILES = {
    "input": {"netCDF": {"gis_data_types": ["raster"], "parameters": {}}},
    "output": {"netCDF": {"gis_data_types": ["raster"], "parameters": {}}},
}
BODY = {
    "process": graph_of(
        optical=load("S2", spatial_extent=BOX, temporal_extent=YEAR),
        mean=over_time(ref("optical")),
        radar=load("S1", spatial_extent=BOX, temporal_extent=YEAR),
        merged=node("merge_cubes", cube1=ref("mean"), cube2=ref("radar")),
        save=node("save_result", data=ref("merged"), format="netCDF"),
    )
}


def member(name: str, collection: str) -> Any:
    """A backend with a collection and all that it takes to be handed results."""
    listed = [
        {
            "id": process_id,
            "description": process_id,
            "parameters": [{"name": n, "description": n, "schema": {}} for n in names],
            "returns": {"schema": {}},
        }
        for process_id, names in PROCESSES.items()
    ]
    answers = {
        "GET /processes": {"processes": listed, "links": []},
        "GET /file_formats": FILES,
        f"GET /collections/{collection}": described(collection),
    }
    return backend(name, (collection,), answers=answers)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site({"terra": member("terra", "S2"), "aurora": member("aurora", "S1")}, tmp_path)


def plan(site: Site, body: Any = BODY, **more: Any) -> Any:
    federation = site.federation
    whole = Whole(body, federation.view(None), "POST /jobs", BATCH, **more)
    return federation.splitting.plan_for(whole)


def test_the_full_metadata_of_collections_tell_how_much_is_handed_on(site: Site) -> None:
    found = plan(site)
    assert isinstance(found, Plan)
    assert [part.backend for part in found.parts] == ["terra", "aurora"]
    assert [(e.node, e.format, e.size) for e in found.exchanges] == [
        ("mean", "netCDF", 1112 * 1112 * 2 * 4)
    ]


def test_the_configuration_says_how_much_a_part_may_read_of_others(tmp_path: Path) -> None:
    members = {"terra": member("terra", "S2"), "aurora": member("aurora", "S1")}
    strict = Site(members, tmp_path, splitting={"exchange_bytes": 9_000_000})
    error = assert_error(strict.post("/jobs", BODY, headers=strict.login()), 400, NO_BACKEND)
    assert (
        "the result of node 'mean' is estimated at about 9.89 MB, and a part reads"
        in error["message"]
    )
    found = strict.post("/validation", BODY["process"]).json["errors"]
    assert [(one["code"], "at most 9 MB" in one["message"]) for one in found] == [
        (NO_BACKEND, True)
    ]
    free = Site(members, tmp_path / "free", splitting={"exchange_bytes": 0})
    assert isinstance(plan(free), Plan)


def test_parts_run_only_where_the_user_is_known(site: Site, tmp_path: Path) -> None:
    def planned(at: Site) -> Any:
        view = at.federation.view(None)
        header = at.login()["Authorization"]
        return plan(at, access=at.federation.accounts.access(header, view))

    assert isinstance(planned(site), Plan)
    closed = Site(site.backends, tmp_path / "closed", without_passwords=("aurora",))
    assert planned(closed).sentence() == (
        "It cannot be split over several backends either: only aurora can run node 'radar', and "
        "your login does not count there."
    )


def test_a_member_that_is_down_leaves_no_plan(site: Site) -> None:
    site.go_down("aurora")
    for _ in range(5):
        site.federation.refresh()
    found = plan(site)
    assert isinstance(found, Unsplittable)
    assert "aurora is offline" in found.sentence()


def test_what_could_run_in_parts_once_a_member_is_up_is_503_naming_it(site: Site) -> None:
    user = site.login()
    site.go_down("aurora")
    site.federation.refresh()
    said = (
        "This needs backend 'aurora', which cannot be reached at the moment. No single backend "
        "can run this process, but in parts it could run, some of them there."
    )
    for path in ("/jobs", "/result", "/federation/estimates"):
        error = assert_error(site.post(path, BODY, headers=user), 503, "BackendUnavailable")
        assert (error["message"], error["federation:backends"]) == (said, ["aurora"])
    (error,) = site.post("/validation", BODY["process"]).json["errors"]
    assert (error["code"], error["message"]) == ("BackendUnavailable", said)
    tiled = {**BODY, "federation:tiles": {"size": 0.5, "unit": "degrees"}}
    error = assert_error(site.post("/jobs", tiled, headers=user), 503, "BackendUnavailable")
    assert error["message"] == said


def serving(name: str, collection: str, *, services: bool) -> Any:
    """Such a member, perhaps with web services."""
    made = member(name, collection)
    more = {"/services": ["POST"], "/service_types": ["GET"]} if services else {}
    listed = ENDPOINTS | more
    endpoints = [{"path": path, "methods": methods} for path, methods in listed.items()]
    made.answers["GET /"] = {**made.answers["GET /"], "endpoints": endpoints}
    made.answers["GET /service_types"] = {"XYZ": WMS} if services else {}
    return made


def test_a_service_that_one_backend_could_run_as_a_batch_job_is_told_which(tmp_path: Path) -> None:
    members = {
        "terra": serving("terra", "S2", services=True),
        "aurora": serving("aurora", "S1", services=False),
    }
    site = Site(members, tmp_path)
    radar = node("load_collection", id="S1", spatial_extent=BOX, temporal_extent=YEAR)
    saved = node("save_result", data=ref("radar"), format="netCDF")
    body = {"type": "XYZ", "process": graph_of(radar=radar, save=saved)}
    user = site.login()
    error = assert_error(site.post("/services", body, headers=user), 400, NO_BACKEND)
    assert error["message"].endswith("As a batch job (POST /jobs) it could run at aurora.")
    site.go_down("aurora")
    site.federation.refresh()
    down = assert_error(site.post("/services", body, headers=user), 400, NO_BACKEND)
    assert "POST /jobs" not in down["message"]


def test_validation_tells_of_an_unknown_choice_and_all_else_that_is_missing(site: Site) -> None:
    chosen: dict[str, Any] = {"x": {"from_parameter": "value"}, "y": "nobody"}
    condition = {"process_graph": {"is": node("eq", result=True, **chosen)}}
    load_it = load("S9", properties={"federation:backends": condition})
    found = site.post("/validation", graph_of(load=load_it)).json["errors"]
    assert [error["code"] for error in found] == [NO_BACKEND, "CollectionNotFound"]
    assert "asks for backend 'nobody'" in found[0]["message"]


def test_an_unknown_choice_is_told_once(site: Site) -> None:
    chosen: dict[str, Any] = {"x": {"from_parameter": "value"}, "y": "nobody"}
    condition = {"process_graph": {"is": node("eq", result=True, **chosen)}}
    load_it = load("S1", properties={"federation:backends": condition})
    answer = site.post("/jobs", {"process": graph_of(load=load_it)}, headers=site.login())
    error = assert_error(answer, 400, NO_BACKEND)
    assert error["message"] == (
        "Node 'load' asks for backend 'nobody', and there is no such backend in this federation. "
        "The backends are terra, aurora. It cannot be split over several backends either: no "
        "backend can run node 'load'."
    )


def test_a_request_for_one_backend_is_not_split(site: Site) -> None:
    found = plan(site, {**BODY, "federation:backend": "terra"})
    assert isinstance(found, Unsplittable)
    assert "the request asks for backend 'terra'" in found.sentence()


FOUND = Unsplittable((Obstacle("cannot-read", "backend 'terra' cannot be handed results"),))


def test_the_reason_is_added_where_each_need_could_be_met_somewhere() -> None:
    error = with_reason(NoBackendForProcess("No single one.", {"terra": ["lacks"]}), FOUND)
    assert error.message == (
        "No single one. It cannot be split over several backends either: backend 'terra' cannot "
        "be handed results."
    )
    assert error.as_json()["federation:lacking"] == {"terra": ["lacks"]}


def test_reasons_that_were_told_are_not_told_again() -> None:
    nobody = Unsplittable((Obstacle("nobody", "no backend can run node 'a'", "terra lacks it"),))
    told = NoBackendForProcess("No single one: terra lacks it.", {"terra": ["lacks it"]})
    assert with_reason(told, nobody).message == (
        "No single one: terra lacks it. It cannot be split over several backends either: no "
        "backend can run node 'a'."
    )
    other = NoBackendForProcess("No single one: terra is away.", {"terra": ["is away"]})
    assert with_reason(other, nobody).message.endswith("can run node 'a': terra lacks it.")


def test_what_nobody_has_and_what_was_asked_for_stay_as_they_were() -> None:
    nowhere = CollectionNotFound("S9", "")
    assert with_reason(nowhere, FOUND) is nowhere
    chosen = NoBackendForProcess("It was to run on terra.")
    asked = Unsplittable((Obstacle("explicit", "the request asks for backend 'terra'"),))
    assert with_reason(chosen, asked) is chosen
