"""What every answer has: errors in one shape, headers for browsers, nothing secret in the log."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.backends import Call
from tests.web.site import Site, assert_error, backend, graph

EVERYTHING = [
    ("GET", "/"),
    ("GET", "/.well-known/openeo"),
    ("GET", "/conformance"),
    ("GET", "/health"),
    ("GET", "/collections"),
    ("GET", "/collections/S2"),
    ("GET", "/processes"),
    ("GET", "/file_formats"),
    ("GET", "/udf_runtimes"),
    ("GET", "/service_types"),
    ("GET", "/credentials/basic"),
    ("GET", "/credentials/oidc"),
    ("GET", "/me"),
    ("POST", "/validation"),
    ("POST", "/result"),
    ("GET", "/jobs"),
    ("POST", "/jobs"),
    ("GET", "/jobs/terra-1"),
    ("PATCH", "/jobs/terra-1"),
    ("DELETE", "/jobs/terra-1"),
    ("GET", "/jobs/terra-1/estimate"),
    ("GET", "/jobs/terra-1/results"),
    ("POST", "/jobs/terra-1/results"),
    ("DELETE", "/jobs/terra-1/results"),
    ("GET", "/jobs/terra-1/logs"),
    ("GET", "/federation/notes"),
    ("GET", "/nowhere"),
    ("PUT", "/collections"),
]
PRIVATE = [
    *(("GET", p) for p in ("/me", "/jobs", "/jobs/terra-1", "/jobs/terra-1/logs")),
    *(("GET", p) for p in ("/jobs/terra-1/results", "/jobs/terra-1/estimate")),
    *(("POST", p) for p in ("/result", "/jobs", "/jobs/terra-1/results")),
    *(("DELETE", p) for p in ("/jobs/terra-1", "/jobs/terra-1/results")),
    ("PATCH", "/jobs/terra-1"),
]


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_browsers_may_read_every_answer(site: Site, method: str, path: str) -> None:
    answer = site.request(method, path, headers={"Origin": "https://editor.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    exposed = answer.headers["Access-Control-Expose-Headers"]
    for name in ("Link", "Location", "OpenEO-Costs", "OpenEO-Identifier"):
        assert name in exposed
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize(("_method", "path"), EVERYTHING)
def test_preflight_needs_no_login_anywhere(site: Site, _method: str, path: str) -> None:
    answer = site.request("OPTIONS", path)
    assert "Content-Type" not in answer.headers, "there is no body that could be of a media type"
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        assert method in answer.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_what_is_a_users_needs_a_login(site: Site, method: str, path: str) -> None:
    json = {"process": graph()} if method in ("POST", "PATCH") else None
    answer = site.request(method, path, json=json)
    assert_error(answer, 401, "AuthenticationRequired")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_address_with_nothing_is_an_openeo_error(site: Site) -> None:
    assert_error(site.get("/nowhere"), 404, "NotFound")
    assert_error(site.client.get("/federation/x/y"), 404, "NotFound")


def test_a_part_of_the_api_that_is_not_offered_says_so(site: Site) -> None:
    assert_error(site.get("/collections/S2/items"), 501, "FeatureUnsupported")
    assert_error(site.get("/files/a/b.txt", headers=site.login()), 501, "FeatureUnsupported")


def test_a_method_that_is_not_possible_says_which_are(site: Site) -> None:
    answer = site.request("PUT", "/jobs")
    assert_error(answer, 405, "MethodNotAllowed")
    assert "GET" in answer.headers["Allow"] and "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("data", "content_type", "code"),
    [
        (b'{"process": ', "application/json", "RequestInvalid"),
        (b"", "application/json", "RequestInvalid"),
        (b"[]", "application/json", "RequestInvalid"),
        (b'{"a": NaN}', "application/json", "RequestInvalid"),
        (b"\xff", "application/json", "RequestInvalid"),
        (b'{"a":' * 100_000, "application/json", "RequestInvalid"),
        (b"<xml/>", "text/xml", "ContentTypeInvalid"),
        (b"a=1", "application/x-www-form-urlencoded", "ContentTypeInvalid"),
    ],
)
@pytest.mark.parametrize("path", ["/result", "/jobs", "/validation"])
def test_a_body_that_is_no_json_object_is_an_error(
    site: Site, path: str, data: bytes, content_type: str, code: str
) -> None:
    answer = site.request("POST", path, data=data, content_type=content_type, headers=site.login())
    assert_error(answer, 400, code)


def test_a_body_over_the_limit_says_what_the_limit_is(tmp_path: Path) -> None:
    site = Site({"terra": backend("terra")}, tmp_path, max_request_bytes=2048)
    answer = site.post("/validation", {"process_graph": {"a": "x" * 3000}})
    assert "2048" in assert_error(answer, 413, "RequestTooLarge")["message"]


def test_a_mistake_of_our_own_is_an_error_with_a_reference_and_no_traceback(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(view: Any) -> Any:
        raise RuntimeError("the secret of the house")

    site.federation.health = broken  # type: ignore[method-assign]
    answer = site.get("/health")
    error = assert_error(answer, 500, "Internal")
    assert "secret" not in answer.text
    assert error["id"] in error["message"] and error["id"] in caplog.text


def test_the_log_holds_no_tokens_passwords_or_queries(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    site.backends["terra"].answers["GET /jobs/1/logs"] = {"logs": [], "links": []}
    user = site.login("alice-secret")
    site.get("/jobs/terra-1/logs?signature=hidden", headers=user)
    site.get("/credentials/basic", headers={"Authorization": "Basic eDpzZWNyZXQ="})
    site.get("/jobs?limit=x", headers={"Authorization": "Bearer basic//wrong-token"})
    logged = caplog.text
    token = user["Authorization"].removeprefix("Bearer basic//")
    assert "/jobs/terra-1/logs" in logged
    for secret in (token, "hidden", "wrong-token", "alice-secret", "eDpzZWNyZXQ="):
        assert secret not in logged


def test_health_is_200_while_the_federation_can_serve_and_503_with_reasons_when_not(
    site: Site,
) -> None:
    assert site.client.get("/health").json == site.get("/health").json
    assert site.get("/health").json["status"] == "ok"
    site.go_down("aurora")
    site.federation.refresh()
    degraded = site.get("/health")
    assert (degraded.status_code, degraded.json["status"]) == (200, "degraded")
    site.go_down("terra")
    site.federation.refresh()
    broken = site.get("/health", headers={"Authorization": "Bearer nonsense"})
    assert broken.status_code == 503
    assert "No connection" in broken.json["backends"]["terra"]["problem"]


@pytest.mark.parametrize(("method", "path"), [e for e in EVERYTHING if e[1] != "/health"])
@pytest.mark.parametrize("seen", [True, False], ids=["after a while", "from the start"])
def test_with_every_backend_down_each_endpoint_still_answers_well_formed(
    site: Site, tmp_path: Path, method: str, path: str, seen: bool
) -> None:
    user = site.login()
    members = {"terra": backend("terra"), "aurora": backend("aurora")}
    if seen:
        site.go_down("terra", "aurora")
        site.federation.refresh()
    else:
        site = Site(members, tmp_path / "new", down=("terra", "aurora"))
        user = {}
    json = {"process": graph()} if method in ("POST", "PATCH") else None
    answer = site.request(method, path, json=json, headers=user)
    assert answer.status_code != 500
    if answer.status_code >= 400:
        assert_error(answer, answer.status_code, answer.json["code"])
    else:
        assert isinstance(answer.json, dict)


def test_a_header_of_one_answer_never_reaches_another_user(site: Site) -> None:
    def me(call: Call) -> dict[str, Any]:
        return {"user_id": (call.authorization or "").rpartition("/")[2], "links": []}

    for member in site.backends.values():
        member.answers["GET /me"] = me
    users = {name: site.login(name) for name in ("alice", "bob", "carol")}
    for name, header in users.items():
        found = site.get("/me", headers=header).json
        assert found["user_id"] == name
        assert found["federation:users"]["terra"]["user_id"] == f"{name}-at-terra"
