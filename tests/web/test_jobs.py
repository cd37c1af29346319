"""Batch jobs through the federation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.backends import RawServer, Reply, json_says
from tests.web.site import CREATED, Site, assert_error, backend, conforms, graph, job


def test_a_job_is_created_where_it_can_run_with_every_field_of_the_request(site: Site) -> None:
    location = "http://aurora.test/openeo/jobs/j-1.~2"
    headers = {"Location": location, "OpenEO-Identifier": "j-1.~2"}
    aurora = site.backends["aurora"]
    aurora.answers["POST /jobs"] = Reply(201, None, headers)
    body = {
        "title": "A job",
        "description": "Of many words.",
        "plan": "free",
        "budget": 12.5,
        "log_level": "debug",
        "job_options": {"memory": "4G", "federation:backend": "aurora"},
        "unknown": {"kept": [True]},
    }
    answer = site.post(
        "/jobs", body | {"process": graph(process_id="radar_mask")}, headers=site.login()
    )
    conforms("/jobs", answer, "POST")
    assert answer.status_code == 201
    assert answer.headers["OpenEO-Identifier"] == "aurora-j-1.~2"
    assert answer.headers["Location"] == "http://federation.test/openeo/1.3/jobs/aurora-j-1.~2"
    assert answer.headers["OpenEO-Federation-Backends"] == "aurora"
    sent = aurora.asked("POST", "/jobs")[0].document
    assert sent == body | {
        "process": graph(process_id="radar_mask"),
        "job_options": {"memory": "4G"},
    }


def test_the_id_of_a_new_job_is_found_in_its_location_as_well(site: Site) -> None:
    location = "http://terra.test/openeo/jobs/j-1"
    site.backends["terra"].answers["POST /jobs"] = Reply(201, None, {"Location": location})
    answer = site.post("/jobs", {"process": graph()}, headers=site.login())
    assert answer.headers["OpenEO-Identifier"] == "terra-j-1"


def test_a_backend_that_names_no_job_is_a_failure_not_a_500(site: Site) -> None:
    site.backends["terra"].answers["POST /jobs"] = Reply(201)
    answer = site.post("/jobs", {"process": graph()}, headers=site.login())
    assert_error(answer, 502, "BackendFailure")


@pytest.mark.parametrize("local_id", ["a-b", "a.b", "a~b", "terra-1", "-", "A_b-C.d~e"])
def test_ids_with_dashes_dots_and_tildes_survive(site: Site, local_id: str) -> None:
    terra = site.backends["terra"]
    terra.answers[f"GET /jobs/{local_id}"] = job(local_id, process=graph())
    answer = site.get(f"/jobs/terra-{local_id}", headers=site.login())
    found = conforms("/jobs/{job_id}", answer)
    assert found["id"] == f"terra-{local_id}"
    assert found["federation:backends"] == ["terra"]


@pytest.mark.parametrize("job_id", ["nobody-1", "terra", "terra-", "-1", "x"])
def test_an_id_of_no_backend_is_a_job_that_is_not_found(site: Site, job_id: str) -> None:
    assert_error(site.get(f"/jobs/{job_id}", headers=site.login()), 404, "JobNotFound")


@pytest.mark.parametrize("local_id", [".", "..", "%2E%2E", "x" * 1001])
def test_an_id_that_cannot_stand_in_a_path_is_no_job_and_asks_no_backend(
    site: Site, local_id: str
) -> None:
    error = assert_error(
        site.get(f"/jobs/terra-{local_id}", headers=site.login()), 404, "JobNotFound"
    )
    assert len(error["message"]) < 500
    assert [c.path for c in site.backends["terra"].calls if "/jobs" in c.path] == []


def test_a_job_that_its_backend_does_not_know_is_the_backends_own_error(site: Site) -> None:
    unknown = Reply(404, {"id": "7", "code": "JobNotFound", "message": "No job 'x'."})
    site.backends["terra"].answers["GET /jobs/x"] = unknown
    error = assert_error(site.get("/jobs/terra-x", headers=site.login()), 404, "JobNotFound")
    assert error["federation:backends"] == ["terra"]


@pytest.mark.parametrize(
    ("method", "below"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/estimate"),
        ("GET", "/results"),
        ("POST", "/results"),
        ("DELETE", "/results"),
        ("GET", "/logs"),
    ],
)
def test_a_job_on_an_offline_backend_is_503_naming_it_not_404(
    site: Site, method: str, below: str
) -> None:
    user = site.login()
    site.go_down("aurora")
    site.federation.refresh()
    json = {"title": "New"} if method == "PATCH" else None
    answer = site.request(method, f"/jobs/aurora-1{below}", json=json, headers=user)
    error = assert_error(answer, 503, "BackendUnavailable")
    assert error["federation:backends"] == ["aurora"]


@pytest.mark.parametrize("path", ["/jobs/aurora-1", "/jobs/aurora-1/logs"])
def test_a_job_on_a_backend_that_was_offline_at_the_login_is_503_while_it_is(
    site: Site, path: str
) -> None:
    site.go_down("aurora")
    site.federation.refresh()
    user = site.login()
    error = assert_error(site.get(path, headers=user), 503, "BackendUnavailable")
    assert error["federation:backends"] == ["aurora"]
    site.come_back("aurora")
    site.federation.refresh()
    assert (
        "log in again" in assert_error(site.get(path, headers=user), 403, "TokenInvalid")["message"]
    )


def test_changes_pass_with_unknown_fields(site: Site) -> None:
    terra = site.backends["terra"]
    terra.answers["PATCH /jobs/1"] = Reply(204)
    changes = {"title": "New", "plan": None, "log_level": "error", "x:unknown": 1}
    answer = site.request("PATCH", "/jobs/terra-1", json=changes, headers=site.login())
    assert answer.status_code == 204
    assert terra.asked("PATCH", "/jobs/1")[0].document == changes


def test_a_new_process_must_be_one_that_the_jobs_backend_can_run(site: Site) -> None:
    terra = site.backends["terra"]
    terra.answers["PATCH /jobs/1"] = Reply(204)
    user = site.login()
    able = {"process": graph(process_id="ndvi")}
    unable = {"process": graph(process_id="radar_mask")}
    answer = site.request("PATCH", "/jobs/terra-1", json=unable, headers=user)
    assert_error(answer, 400, "NoBackendForProcess")
    assert terra.asked("PATCH", "/jobs/1") == []
    assert site.request("PATCH", "/jobs/terra-1", json=able, headers=user).status_code == 204
    assert terra.asked("PATCH", "/jobs/1")[0].document == able


def test_a_job_cannot_be_moved_to_another_backend(site: Site) -> None:
    changes = {"federation:backend": "aurora"}
    answer = site.request("PATCH", "/jobs/terra-1", json=changes, headers=site.login())
    assert_error(answer, 400, "NoBackendForProcess")


def test_estimate_start_cancel_and_delete_pass(site: Site) -> None:
    terra = site.backends["terra"]
    estimate = {"costs": 3, "duration": "PT5M"}
    terra.answers |= {
        "GET /jobs/1/estimate": estimate,
        "POST /jobs/1/results": Reply(202),
        "DELETE /jobs/1/results": Reply(204),
        "DELETE /jobs/1": Reply(204),
    }
    user = site.login()
    found = conforms("/jobs/{job_id}/estimate", site.get("/jobs/terra-1/estimate", headers=user))
    assert found == estimate
    assert site.request("POST", "/jobs/terra-1/results", headers=user).status_code == 202
    assert site.request("DELETE", "/jobs/terra-1/results", headers=user).status_code == 204
    deleted = site.request("DELETE", "/jobs/terra-1", headers=user)
    assert deleted.status_code == 204
    assert "Content-Type" not in deleted.headers


def results(signed: str) -> dict[str, Any]:
    base = "http://terra.test/openeo/jobs/1/results"
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": "1",
        "geometry": {"type": "Point", "coordinates": [11.0, 46.0]},
        "bbox": [11.0, 46.0, 11.0, 46.0],
        "properties": {"datetime": CREATED},
        "assets": {
            "a.tif": {"href": "http://files.terra.test/a.tif?sig=1", "roles": ["data"]},
            "b.tif": {"href": "results/b.tif?sig=1", "roles": ["data"]},
        },
        "links": [
            {"rel": "self", "href": base},
            {"rel": "canonical", "href": signed},
            {"rel": "item", "href": "http://terra.test/openeo/jobs/1/results/items/x.json?sig=2"},
        ],
    }


def test_results_keep_the_backends_asset_addresses_and_signed_links(site: Site) -> None:
    signed = "http://terra.test/openeo/jobs/1/results?expires=9&signature=abc"
    terra = site.backends["terra"]
    terra.answers["GET /jobs/1/results"] = Reply(200, results(signed), {"OpenEO-Costs": "0"})
    answer = site.get("/jobs/terra-1/results?partial=true", headers=site.login())
    found = conforms("/jobs/{job_id}/results", answer)
    assert found["assets"]["a.tif"]["href"] == "http://files.terra.test/a.tif?sig=1"
    assert found["assets"]["b.tif"]["href"] == (
        "http://terra.test/openeo/jobs/1/results/b.tif?sig=1"
    )
    rels = {link["rel"]: link["href"] for link in found["links"]}
    assert rels["self"] == "http://federation.test/openeo/1.3/jobs/terra-1/results"
    assert rels["canonical"] == signed
    assert rels["item"].startswith("http://terra.test/")
    assert found["federation:backends"] == ["terra"]
    assert answer.headers["OpenEO-Costs"] == "0"
    assert terra.asked("GET", "/jobs/1/results")[0].query == "partial=true"


def test_results_are_asked_for_in_the_form_that_the_user_accepts(site: Site) -> None:
    terra, user = site.backends["terra"], site.login()
    terra.answers["GET /jobs/1/results"] = results("http://terra.test/openeo/jobs/1/results")
    site.get("/jobs/terra-1/results", headers=user | {"Accept": "application/geo+json"})
    assert terra.asked("GET", "/jobs/1/results")[0].headers["ACCEPT"] == "application/geo+json"


def test_results_may_lie_at_another_host_which_gets_no_credentials(tmp_path: Path) -> None:
    stored = b'{"type": "Feature", "assets": {"a.tif": {"href": "a.tif"}}, "links": []}'
    terra = backend("terra")
    site = Site({"terra": terra}, tmp_path, urls={"terra": "http://127.0.0.1:1/openeo"})
    with RawServer(json_says(stored)) as store:
        moved = Reply(302, None, {"Location": f"{store.url}/r/1.json?sig=2"})
        terra.answers["GET /jobs/1/results"] = moved
        answer = site.get("/jobs/terra-1/results", headers=site.login())
        (asked,) = store.requests
    assert answer.json["assets"]["a.tif"]["href"] == f"{store.url}/r/a.tif"
    assert asked.startswith(b"GET /r/1.json?sig=2 ")
    assert b"authorization" not in asked.lower()


def test_an_unsigned_canonical_link_leads_through_the_federation(site: Site) -> None:
    unsigned = "http://terra.test/openeo/jobs/1/results"
    site.backends["terra"].answers["GET /jobs/1/results"] = results(unsigned)
    found = site.get("/jobs/terra-1/results", headers=site.login()).json
    rels = {link["rel"]: link["href"] for link in found["links"]}
    assert rels["canonical"] == "http://federation.test/openeo/1.3/jobs/terra-1/results"


def test_the_424_of_a_failed_job_passes_as_it_is(site: Site) -> None:
    entry = {"id": "9", "level": "error", "message": "Out of memory.", "code": "OutOfMemory"}
    site.backends["terra"].answers["GET /jobs/1/results"] = Reply(424, entry)
    answer = site.get("/jobs/terra-1/results", headers=site.login())
    assert answer.status_code == 424
    assert conforms("/jobs/{job_id}/results", answer) == entry


@pytest.mark.parametrize("status", [300, 301, 304])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/jobs/terra-1"),
        ("PATCH", "/jobs/terra-1"),
        ("POST", "/jobs/terra-1/results"),
        ("DELETE", "/jobs/terra-1/results"),
    ],
)
def test_what_a_backend_has_not_done_is_not_told_as_done(
    site: Site, method: str, path: str, status: int
) -> None:
    site.backends["terra"].answers[f"{method} {path.replace('terra-', '')}"] = Reply(status)
    json = {"title": "New"} if method == "PATCH" else None
    answer = site.request(method, path, json=json, headers=site.login())
    body = assert_error(answer, 502, "BackendFailure")
    assert body["message"] == f"The backend 'terra' failed (HTTP): it answers with status {status}"


@pytest.mark.parametrize("path", ["DELETE /jobs/1", "POST /jobs/1/results"])
def test_a_login_page_is_no_success(site: Site, path: str) -> None:
    login = Reply(headers={"Content-Type": "text/html; charset=utf-8"}, body=[b"\n<!DOCTYPE html>"])
    site.backends["terra"].answers[path] = login
    method, _, below = path.partition(" ")
    answer = site.request(method, below.replace("/1", "/terra-1"), headers=site.login())
    body = assert_error(answer, 502, "BackendFailure")
    assert body["message"] == "The backend 'terra' failed (content): it answers with a web page"


def test_a_success_in_plain_words_is_one(site: Site) -> None:
    done = Reply(202, headers={"Content-Type": "text/html; charset=utf-8"}, body=[b"queued"])
    site.backends["terra"].answers["POST /jobs/1/results"] = done
    answer = site.request("POST", "/jobs/terra-1/results", headers=site.login())
    assert answer.status_code == 202


@pytest.mark.parametrize("said", [{}, {"detail": "no"}, {"level": "error", "message": None}])
def test_a_424_that_tells_nothing_is_a_failure_of_the_backend(site: Site, said: Any) -> None:
    site.backends["terra"].answers["GET /jobs/1/results"] = Reply(424, said)
    answer = site.get("/jobs/terra-1/results", headers=site.login())
    body = assert_error(answer, 502, "BackendFailure")
    assert body["message"] == (
        "The backend 'terra' failed (HTTP): status 424 without an openEO error"
    )
    assert body["federation:backends"] == ["terra"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/jobs?limit=1&limit=2", "limit"),
        ("/jobs/terra-1/logs?level=info&level=error", "level"),
        ("/jobs/terra-1/results?x=1&partial=true&x=1", "x"),
        ("/federation/estimates?job=terra-1&job=terra-2", "job"),
    ],
)
def test_a_parameter_that_is_given_twice_is_an_error_and_reaches_no_backend(
    site: Site, path: str, name: str
) -> None:
    user = site.login()
    asked = len(site.backends["terra"].calls)
    body = assert_error(site.get(path, headers=user), 400, "RequestInvalid")
    assert body["message"] == (
        f"The query parameter '{name}' is given more than once. Give it once."
    )
    assert len(site.backends["terra"].calls) == asked


@pytest.mark.parametrize("said", [{}, {"id": 1}, {"id": None, "status": "running"}])
@pytest.mark.parametrize("below", ["", "/logs", "/results"])
def test_a_success_without_what_was_asked_for_is_a_failure_of_the_backend(
    site: Site, below: str, said: Any
) -> None:
    site.backends["terra"].answers[f"GET /jobs/1{below}"] = said
    answer = site.get(f"/jobs/terra-1{below}", headers=site.login())
    error = assert_error(answer, 502, "BackendFailure")
    assert error["federation:backends"] == ["terra"]


@pytest.mark.parametrize("links", [None, "none", {}, [None, 5, {"rel": "self"}, {"href": "/x"}]])
def test_what_is_no_link_is_left_out_and_the_rest_stays(site: Site, links: Any) -> None:
    entry = {"id": "4", "level": "info", "message": "Hello."}
    refused = {"id": "7", "code": "JobLocked", "message": "No.", "links": links}
    site.backends["terra"].answers |= {
        "GET /jobs/1": job("1", process=graph(), links=links),
        "GET /jobs/1/logs": {"logs": [entry, "odd", None], "links": links},
        "DELETE /jobs/1": Reply(400, refused),
        "GET /me": {"user_id": "alice", "links": links},
    }
    user = site.login()
    for path, template in (("", "/jobs/{job_id}"), ("/logs", "/jobs/{job_id}/logs")):
        found = conforms(template, site.get(f"/jobs/terra-1{path}", headers=user))
        assert found["links"] == []
    assert found["logs"] == [entry]
    conforms("/me", site.get("/me", headers=user))
    refusal = site.request("DELETE", "/jobs/terra-1", headers=user)
    assert "links" not in conforms("/jobs/{job_id}", refusal, "DELETE")


def test_a_log_without_links_has_none(site: Site) -> None:
    site.backends["terra"].answers["GET /jobs/1/logs"] = {"logs": []}
    found = conforms("/jobs/{job_id}/logs", site.get("/jobs/terra-1/logs", headers=site.login()))
    assert found == {"logs": [], "links": []}


def test_logs_pass_with_offset_limit_and_level_and_lead_on_through_the_federation(
    site: Site,
) -> None:
    terra = site.backends["terra"]
    following = "http://terra.test/openeo/jobs/1/logs?offset=5&limit=2&level=info"
    terra.answers["GET /jobs/1/logs"] = {
        "logs": [{"id": "4", "level": "info", "message": "Hello."}],
        "level": "info",
        "links": [{"rel": "next", "href": following}],
    }
    path = "/jobs/terra-1/logs?offset=3&limit=2&level=info"
    found = conforms("/jobs/{job_id}/logs", site.get(path, headers=site.login()))
    assert found["logs"] == [{"id": "4", "level": "info", "message": "Hello."}]
    assert found["links"][0]["href"] == (
        "http://federation.test/openeo/1.3/jobs/terra-1/logs?offset=5&limit=2&level=info"
    )
    assert terra.asked("GET", "/jobs/1/logs")[0].query == "offset=3&limit=2&level=info"


UNFIT = {
    "offset=" + "x" * 5000: "'offset' is 5000 characters long",
    "partial=" + "1" * 5000: "'partial' is 5000 characters long",
    "x" * 2000 + "=1": "'xxxxx",
    "&".join(f"q{n}={'x' * 500}" for n in range(9)): "The query is 4535 characters long; 3000",
    "limit=0": "'limit' must be a whole number",
    "limit=some": "'limit' must be a whole number",
    "level=loud": "'level' must be one of error, warning, info, debug",
}


@pytest.mark.parametrize("query", UNFIT)
@pytest.mark.parametrize("path", ["/jobs/terra-1/logs", "/jobs/terra-1/results"])
def test_a_query_that_no_backend_could_take_is_an_error_that_names_it(
    site: Site, path: str, query: str
) -> None:
    error = assert_error(site.get(f"{path}?{query}", headers=site.login()), 400, "RequestInvalid")
    assert UNFIT[query] in error["message"]
    assert site.backends["terra"].asked("GET", path.replace("terra-", "")) == []


def test_query_parameters_that_the_federation_does_not_know_are_forwarded(site: Site) -> None:
    terra = site.backends["terra"]
    terra.answers["GET /jobs/1/logs"] = {"logs": [], "links": []}
    query = "offset=" + "x" * 900 + "&level=&own=%C3%A4"
    assert site.get(f"/jobs/terra-1/logs?{query}", headers=site.login()).status_code == 200
    assert terra.asked("GET", "/jobs/1/logs")[0].query == query
