"""Validation and synchronous results: where a process runs, and why nowhere."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aggregator.errors import BackendFailure
from tests.fakes.backends import Call, Reply
from tests.web.site import (
    ENDPOINTS,
    Site,
    assert_error,
    backend,
    collection,
    conforms,
    graph,
    in_full,
)


def tiff(call: Call) -> Reply:
    headers = {
        "Content-Type": "image/tiff; application=geotiff",
        "OpenEO-Costs": "3",
        "OpenEO-Identifier": "r-5.a~b",
        "Link": '<http://aurora.test/openeo/jobs/r-5.a~b/logs>; rel="monitor"',
        "Set-Cookie": "user=alice",
    }
    return Reply(200, headers=headers, body=[b"II*\x00", b"pixels"])


def run(site: Site, process: Any, **more: Any) -> Any:
    return site.post("/result", {"process": process, **more}, headers=site.login())


def test_a_result_is_computed_where_the_process_can_run_and_passed_on(site: Site) -> None:
    aurora = site.backends["aurora"]
    aurora.answers["POST /result"] = tiff
    answer = run(site, graph(process_id="radar_mask"), plan="free", budget=3, extra={"a": [1]})
    assert (answer.status_code, answer.data) == (200, b"II*\x00pixels")
    assert answer.headers["Content-Type"] == "image/tiff; application=geotiff"
    assert answer.headers["OpenEO-Costs"] == "3"
    assert answer.headers["OpenEO-Identifier"] == "aurora-r-5.a~b"
    assert answer.headers["Link"] == (
        '<http://federation.test/openeo/1.3/jobs/aurora-r-5.a~b/logs>; rel="monitor"'
    )
    assert answer.headers["OpenEO-Federation-Backends"] == "aurora"
    assert "ndvi" not in answer.headers["OpenEO-Federation-Routing"]
    assert "radar_mask" in answer.headers["OpenEO-Federation-Routing"]
    assert "Set-Cookie" not in answer.headers
    sent = aurora.asked("POST", "/result")[0]
    assert sent.authorization == "Bearer basic//alice-at-aurora"
    assert sent.document == {
        "process": graph(process_id="radar_mask"),
        "plan": "free",
        "budget": 3,
        "extra": {"a": [1]},
    }


def test_the_log_has_one_line_for_a_result_that_names_the_backend(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.backends["aurora"].answers["POST /result"] = tiff
    login = site.login()
    caplog.clear()
    caplog.set_level("INFO")
    answer = site.post("/result", {"process": graph(process_id="radar_mask")}, headers=login)
    (line,) = [record.getMessage() for record in caplog.records]
    identifier = answer.headers["X-Request-Id"]
    assert re.fullmatch(rf"{identifier} POST /result 200 \d+ ms, aurora", line)


def test_of_several_that_can_the_first_in_configured_order_runs_it(site: Site) -> None:
    for member in site.backends.values():
        member.answers["POST /result"] = tiff
    assert run(site, graph()).headers["OpenEO-Federation-Backends"] == "terra"


def test_who_is_known_at_one_backend_only_gets_results_there_and_is_told_so(tmp_path: Path) -> None:
    refused = Reply(403, {"id": "1", "code": "CredentialsInvalid", "message": "No."})
    strict = backend("strict", answers={"GET /credentials/basic": refused})
    terra = backend("terra", answers={"POST /result": tiff})
    answer = run(Site({"strict": strict, "terra": terra}, tmp_path), graph())
    assert answer.headers["OpenEO-Federation-Backends"] == "terra"
    assert answer.headers["OpenEO-Federation-Routing"] == (
        "This process runs on terra: 2 backends can, and it is the first of them in configured "
        "order. | strict able, choice number 2 (though your login does not count there) | "
        "terra chosen"
    )


def test_a_preferred_backend_goes_before_the_order(tmp_path: Path) -> None:
    members = {n: backend(n, answers={"POST /result": tiff}) for n in ("terra", "aurora")}
    site = Site(members, tmp_path, preferred=["aurora"])
    assert run(site, graph()).headers["OpenEO-Federation-Backends"] == "aurora"


@pytest.mark.parametrize(
    "body",
    [
        {"federation:backend": "aurora"},
        {"federation:force-backend": "aurora"},
        {"job_options": {"federation:backend": "aurora"}},
    ],
)
def test_an_explicit_choice_is_followed_and_not_forwarded(site: Site, body: dict[str, Any]) -> None:
    aurora = site.backends["aurora"]
    aurora.answers["POST /result"] = tiff
    assert run(site, graph(), **body).headers["OpenEO-Federation-Backends"] == "aurora"
    assert aurora.asked("POST", "/result")[0].document == {"process": graph()}


def condition(backend_id: str) -> dict[str, Any]:
    arguments = {"x": {"from_parameter": "value"}, "y": backend_id}
    return {"process_graph": {"eq": {"process_id": "eq", "arguments": arguments, "result": True}}}


def test_a_choice_in_load_collection_is_followed_and_removed(site: Site) -> None:
    aurora = site.backends["aurora"]
    aurora.answers["POST /result"] = tiff
    chosen = graph(properties={"federation:backends": condition("aurora")})
    assert run(site, chosen).headers["OpenEO-Federation-Backends"] == "aurora"
    assert aurora.asked("POST", "/result")[0].document == {"process": graph()}


def test_the_address_of_a_backend_chooses_it(site: Site) -> None:
    site.backends["aurora"].answers["POST /result"] = tiff
    for root in ("/federation/aurora/openeo/1.3", "/federation/aurora/openeo"):
        answer = site.request(
            "POST", "/result", root=root, json={"process": graph()}, headers=site.login()
        )
        assert answer.headers["OpenEO-Federation-Backends"] == "aurora"
        link = "<http://federation.test/federation/aurora/openeo/1.3/jobs/"
        assert answer.headers["Link"].startswith(link)


def test_the_address_of_a_backend_shows_what_that_backend_has(site: Site) -> None:
    root = "/federation/aurora/openeo"
    listed = conforms("/collections", site.request("GET", "/collections", root=root))
    assert [c["id"] for c in listed["collections"]] == ["S2", "S1"]
    versions = site.request("GET", "/.well-known/openeo", root=root).json["versions"]
    assert versions[0]["url"] == "http://federation.test/federation/aurora/openeo/1.3/"
    unknown = site.client.get("/federation/nobody/openeo/collections")
    assert "terra, aurora" in assert_error(unknown, 404, "NotFound")["message"]


@pytest.mark.parametrize("root", ["", "/federation/aurora/openeo/1.3"])
@pytest.mark.parametrize(
    "base",
    [
        "",
        "/openeo",
        "/openeo/1.3",
        "/openeo/v1.3.0",
        "/federation/aurora/openeo",
        "/federation/aurora/openeo/1.3",
    ],
)
def test_results_are_read_where_they_are_by_any_address_that_they_have_here(
    tmp_path: Path, base: str, root: str
) -> None:
    members = {
        name: backend(name, answers={"POST /result": tiff}, processes=("load_stac",))
        for name in ("terra", "aurora")
    }
    for member in members.values():
        member.answers["GET /processes"]["processes"][-1]["parameters"][0]["name"] = "url"
    site, path = Site(members, tmp_path), "/jobs/aurora-j-1/results"
    stac = {"process_id": "load_stac", "result": True}
    read = {"stac": {**stac, "arguments": {"url": f"http://federation.test{base}{path}"}}}
    body = {"process": {"process_graph": read}}
    answer = site.request("POST", "/result", root=root, json=body, headers=site.login())
    assert answer.headers["OpenEO-Federation-Backends"] == "aurora"
    there = {"stac": {**stac, "arguments": {"url": "http://aurora.test/openeo/jobs/j-1/results"}}}
    assert members["aurora"].asked("POST", "/result")[0].document["process"] == {
        "process_graph": there
    }


def test_a_collection_is_called_by_the_backends_own_name(tmp_path: Path) -> None:
    own = collection("T_S2", common_name="S2")
    answers = {
        "GET /collections": {"collections": [own], "links": []},
        "GET /collections/T_S2": in_full("T_S2", common_name="S2"),
        "POST /result": tiff,
    }
    site = Site({"terra": backend("terra", answers=answers), "b": backend("b")}, tmp_path)
    run(site, graph())
    sent = site.backends["terra"].asked("POST", "/result")[0].document
    assert sent["process"] == graph(collection_id="T_S2")


def test_a_band_that_only_one_backend_has_decides(tmp_path: Path) -> None:
    def with_bands(*bands: str) -> dict[str, Any]:
        dimensions = {"bands": {"type": "bands", "values": list(bands)}}
        return {"GET /collections/S2": in_full("S2", **{"cube:dimensions": dimensions})}

    few = backend("few", answers=with_bands("B02"))
    many = backend("many", answers={**with_bands("B02", "B8A"), "POST /result": tiff})
    site = Site({"few": few, "many": many}, tmp_path)
    assert run(site, graph(bands=["B8A"])).headers["OpenEO-Federation-Backends"] == "many"


def test_a_collection_nowhere_is_not_found(site: Site) -> None:
    error = assert_error(run(site, graph(collection_id="S3")), 404, "CollectionNotFound")
    assert "'S3'" in error["message"]


def test_a_process_nowhere_is_unsupported(site: Site) -> None:
    assert_error(run(site, graph(process_id="fly")), 400, "ProcessUnsupported")


def test_what_no_single_backend_has_names_what_each_lacks(site: Site) -> None:
    answer = run(site, graph(collection_id="LAND", process_id="radar_mask"))
    error = assert_error(answer, 400, "NoBackendForProcess")
    assert set(error["federation:lacking"]) == {"terra", "aurora"}


def test_what_only_an_offline_backend_could_run_is_503_naming_it(site: Site) -> None:
    user = site.login()
    site.go_down("aurora")
    site.federation.refresh()
    body = {"process": graph(process_id="radar_mask")}
    error = assert_error(site.post("/result", body, headers=user), 503, "BackendUnavailable")
    assert error["federation:backends"] == ["aurora"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "ProcessGraphMissing"),
        ({"process": 3}, "ProcessInvalid"),
        ({"process": {}}, "ProcessGraphMissing"),
        ({"process": {"process_graph": {}}}, "ProcessGraphInvalid"),
        (
            {"process": {"process_graph": {"a": {"process_id": "x", "arguments": {}}}}},
            "ProcessGraphInvalid",
        ),
        ({"process": graph(), "federation:backend": "nobody"}, "NoBackendForProcess"),
    ],
)
def test_a_malformed_process_is_an_error_before_any_backend_is_asked(
    site: Site, body: Any, code: str
) -> None:
    assert_error(site.post("/result", body, headers=site.login()), 400, code)
    assert all(not member.asked("POST", "/result") for member in site.backends.values())


def test_an_error_of_the_backend_arrives_as_it_is_with_its_name_and_reference(site: Site) -> None:
    busy = {"id": "ref-9", "code": "TooManyRequests", "message": "Slow down."}
    site.backends["terra"].answers["POST /result"] = Reply(429, busy, {"Retry-After": "30"})
    answer = run(site, graph())
    error = assert_error(answer, 429, "TooManyRequests")
    assert "Slow down." in error["message"]
    assert "terra" in error["message"] and "ref-9" in error["message"]
    assert answer.headers["Retry-After"] == "30"


def test_a_failure_that_is_not_of_openeo_says_which_backend_and_layer(site: Site) -> None:
    site.backends["terra"].answers["POST /result"] = Reply(500, body=[b"<html>Oops</html>"])
    error = assert_error(run(site, graph()), 502, "BackendFailure")
    assert error["federation:backends"] == ["terra"] and "HTTP" in error["message"]


def test_a_result_begins_to_arrive_before_it_is_whole(site: Site) -> None:
    more = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"first"
        assert more.wait(5)
        yield b"second"

    site.backends["terra"].answers["POST /result"] = Reply(200, body=pieces())
    answer = site.client.post(
        "/openeo/1.3/result", json={"process": graph()}, headers=site.login(), buffered=False
    )
    chunks = answer.iter_encoded()
    assert next(iter(chunks)) == b"first"
    more.set()
    assert b"".join(chunks) == b"second"


def test_a_result_that_breaks_off_is_not_taken_for_a_whole_one(site: Site) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"first"
        raise OSError("reset")

    site.backends["terra"].answers["POST /result"] = Reply(200, body=pieces())
    answer = site.client.post(
        "/openeo/1.3/result", json={"process": graph()}, headers=site.login(), buffered=False
    )
    with pytest.raises(BackendFailure):
        list(answer.iter_encoded())


def test_validation_says_who_can_run_a_process(site: Site) -> None:
    answer = site.post("/validation", graph())
    assert conforms("/validation", answer, "POST") == {
        "errors": [],
        "federation:backends": ["terra", "aurora"],
    }
    assert "terra" in answer.headers["OpenEO-Federation-Routing"]
    chosen = site.post("/validation", graph(process_id="radar_mask")).json
    assert chosen["federation:backends"] == ["aurora"]


def test_validation_says_who_was_checked_and_found_unable(site: Site) -> None:
    answer = site.post("/validation", graph(process_id="fly"))
    found = conforms("/validation", answer, "POST")
    assert [error["code"] for error in found["errors"]] == ["ProcessUnsupported"]
    assert found["federation:backends"] == ["terra", "aurora"]


def test_validation_of_a_malformed_graph_is_an_answer_with_errors(site: Site) -> None:
    found = conforms("/validation", site.post("/validation", {"process_graph": {}}), "POST")
    assert [error["code"] for error in found["errors"]] == ["ProcessGraphInvalid"]


def validating(**answers: Any) -> dict[str, Any]:
    listed = ENDPOINTS | {"/validation": ["POST"]}
    endpoints = [{"path": path, "methods": methods} for path, methods in listed.items()]
    return {"endpoints": endpoints, "answers": answers}


def test_backends_validate_what_they_could_run_and_only_the_content_counts(
    tmp_path: Path,
) -> None:
    wrong = {"errors": [{"code": "ProcessParameterRequired", "message": "Give 'x'."}]}
    members = {
        "terra": backend("terra", **validating(**{"POST /validation": wrong})),
        "aurora": backend("aurora", **validating(**{"POST /validation": {"errors": []}})),
    }
    site = Site(members, tmp_path)
    assert site.post("/validation", graph()).json == {
        "errors": [],
        "federation:backends": ["aurora"],
    }
    members["aurora"].answers["POST /validation"] = wrong
    found = site.post("/validation", graph()).json
    assert found["errors"] == wrong["errors"]
    assert found["federation:backends"] == ["terra", "aurora"]


def test_validation_that_no_backend_could_give_names_none(tmp_path: Path) -> None:
    broken = Reply(500, body=[b"<html>"])
    members = {"terra": backend("terra", **validating(**{"POST /validation": broken}))}
    found = Site(members, tmp_path).post("/validation", graph()).json
    assert [error["code"] for error in found["errors"]] == ["BackendFailure"]
    assert "federation:backends" not in found


@pytest.mark.parametrize("status", [201, 202, 204])
def test_another_success_than_a_result_is_a_failure_of_its_backend(site: Site, status: int) -> None:
    site.backends["terra"].answers["POST /result"] = Reply(status)
    answer = site.post("/result", {"process": graph()}, headers=site.login())
    said = assert_error(answer, 502, "BackendFailure")["message"]
    assert said.endswith(f"it answers with status {status} instead of a result")


def test_a_graph_of_500_diamonds_is_not_walked_path_by_path(site: Site) -> None:
    nodes: dict[str, Any] = {"n0": {"process_id": "ndvi", "arguments": {"x": 1}}}
    for number in range(500):
        previous = {"from_node": f"n{number}"}
        nodes[f"n{number + 1}"] = {
            "process_id": "ndvi",
            "arguments": {"x": previous, "y": previous},
        }
    nodes["n500"]["result"] = True
    # Path by path, of which there are 2 to the power of 500, this would never end.
    found = site.post("/validation", {"process_graph": nodes}).json
    assert found == {"errors": [], "federation:backends": ["terra"]}


def test_degrees_are_readable_in_a_header(tmp_path: Path) -> None:
    extent = {
        "spatial": {"bbox": [[4, 54, 32, 72]]},
        "temporal": {"interval": [["2015-01-01T00:00:00Z", None]]},
    }
    listed = {
        "GET /collections": {"collections": [collection("S2", extent=extent)], "links": []},
        "GET /collections/S2": collection("S2", extent=extent),
    }
    site = Site({"terra": backend("terra", answers=listed)}, tmp_path)
    box = {"west": 11, "south": 46, "east": 12, "north": 47}
    load = {"process_id": "load_collection", "arguments": {"id": "S2", "spatial_extent": box}}
    answer = site.post("/validation", {"process_graph": {"load": {**load, "result": True}}})
    told = answer.headers["OpenEO-Federation-Routing"]
    assert "4 to 32 degrees E" in told
    assert "?" not in told
