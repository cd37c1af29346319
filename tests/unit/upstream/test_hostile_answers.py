"""Answers made to hurt: none becomes more than one failure of the backend that sent it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from aggregator.errors import BackendError, BackendFailure, BackendTimeout
from aggregator.settings import Backend, Upstream
from aggregator.upstream.breakers import Breaker
from aggregator.upstream.client import NESTING, Client, Request
from aggregator.upstream.fleet import Fleet
from aggregator.upstream.metadata import Metadata, Stored, next_query
from aggregator.upstream.snapshots import Snapshots
from tests.fakes.backends import Call, FakeBackend, RawServer, Reply, json_says, says
from tests.fakes.clock import Clock
from tests.fakes.transports import WsgiAdapter

JOBS = Request("GET", "/jobs")


def ask(url: str, credentials: str | None = None) -> Any:
    return Client("terra", url).document(JOBS, credentials, deadline=5, limit=10**6)[1]


@pytest.mark.parametrize("links", [b"5", b"true", b'"x"', b"{}", b"[5, null]"])
def test_an_error_with_strange_links_is_still_the_backends_error(links: bytes) -> None:
    body = b'{"id": "1", "code": "Oops", "message": "No.", "links": ' + links + b"}"
    with RawServer(json_says(body, "400 No")) as server, pytest.raises(BackendError) as failed:
        ask(server.url)
    assert failed.value.as_json("x").get("links") in (None, [])


@pytest.mark.parametrize("body", [b'{"code": 5, "message": "No."}', b'{"code": "A"}', b"[]", b"5"])
def test_an_error_without_code_or_message_is_a_failure_of_the_backend(body: bytes) -> None:
    foreign = pytest.raises(BackendFailure, match="status 400 without an openEO error")
    with RawServer(json_says(body, "400 No")) as server, foreign:
        ask(server.url)


@pytest.mark.parametrize("location", [b"http://[::1", b"http://a:99999999/", b"//[/", b"http://"])
@pytest.mark.parametrize("credentials", [None, "Bearer secret"])
def test_a_redirect_to_no_address_is_a_failure(location: bytes, credentials: str | None) -> None:
    head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"
    with RawServer(says(head)) as server, pytest.raises(BackendFailure):
        ask(server.url, credentials)


def test_an_answer_that_is_nested_too_deeply_to_be_passed_on_is_a_failure() -> None:
    for levels, fits in ((NESTING - 1, True), (NESTING, False), (5000, False)):
        body = b'{"a":' + b"[" * levels + b"]" * levels + b"}"
        with RawServer(json_says(body)) as server:
            if fits:
                assert "a" in ask(server.url)
            else:
                with pytest.raises(BackendFailure):
                    ask(server.url)


def test_folded_headers_and_control_characters_arrive_as_spaces() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png;\r\n name=x\r\nOpenEO-Costs: 1\x002\r\n"
    with RawServer(says(head + b"Content-Length: 0\r\n\r\n")) as server:
        answer = Client("terra", server.url).ask(JOBS, deadline=5, limit=10)
    assert answer.headers["content-type"] == "image/png; name=x"
    assert answer.headers["OpenEO-Costs"] == "1 2"


@pytest.mark.parametrize("status", ["400 Bad", "414 URI Too Long", "431 Header Too Large"])
def test_requests_that_a_backend_finds_wrong_do_not_close_it_for_everybody(status: str) -> None:
    with RawServer(json_says(b"<html>", status)) as server:
        fleet = Fleet([Client("terra", server.url)], failures_before_offline=2)
        for _ in range(4):
            failure = fleet.ask_all({"terra": JOBS}, {}, deadline=5).failures["terra"]
            assert failure.code == "BackendFailure"
    assert not fleet.breakers["terra"].is_open


def test_a_backend_that_keeps_failing_is_closed() -> None:
    with RawServer(json_says(b"<html>", "500 Oops")) as server:
        fleet = Fleet([Client("terra", server.url)], failures_before_offline=2)
        for _ in range(2):
            fleet.ask_all({"terra": JOBS}, {}, deadline=5)
    assert fleet.breakers["terra"].is_open


def metadata_of(
    answers: dict[str, Any], url: str = "http://terra.test", limit: int = 10_000
) -> tuple[Metadata, FakeBackend]:
    app = FakeBackend(answers)
    adapter = WsgiAdapter({"http://terra.test": app, "https://terra.test": app})
    return Metadata(Client("terra", url, transport=lambda: adapter), limit), app


def test_a_secure_backend_is_never_asked_at_an_insecure_address() -> None:
    found = {
        "versions": [
            {"api_version": "1.3.0", "url": "http://terra.test/openeo/1.3"},
            {"api_version": "1.2.0", "url": "https://terra.test/openeo/1.2"},
        ]
    }
    secure, _ = metadata_of({"GET /.well-known/openeo": found}, "https://terra.test")
    secure.discover(5)
    assert secure.url == "https://terra.test/openeo/1.2"
    plain, _ = metadata_of({"GET /.well-known/openeo": found})
    plain.discover(5)
    assert plain.url == "http://terra.test/openeo/1.3"


def _page(call: Call) -> Any:
    number = int(call.query.partition("=")[2] or 0)
    following = [{"rel": "next", "href": f"/collections?page={number + 1}"}]
    return {"collections": [{"id": f"c{number}", "description": "x" * 500}], "links": following}


def test_pages_together_may_be_no_larger_than_one_document() -> None:
    metadata, app = metadata_of({"GET /collections": _page})
    with pytest.raises(BackendFailure, match="more than"):
        metadata.fetch("collections", None, 0.0, 5)
    assert len(app.calls) < 20


def test_a_next_link_that_leads_back_is_followed_once() -> None:
    def loop(call: Call) -> Any:
        other = "b" if call.query == "page=a" else "a"
        href = f"http://elsewhere.example/x?page={other}"
        return {"collections": [], "links": [{"rel": "next", "href": href}]}

    metadata, app = metadata_of({"GET /collections": loop})
    with pytest.raises(BackendFailure, match="endless"):
        metadata.fetch("collections", None, 0.0, 5)
    assert [call.query for call in app.calls] == ["", "page=a", "page=b"]


def test_pages_together_have_a_deadline() -> None:
    metadata, _ = metadata_of({"GET /collections": _page}, limit=10**9)
    with pytest.raises((BackendTimeout, BackendFailure)):
        metadata.fetch("collections", None, 0.0, 0.001)


@pytest.mark.parametrize(
    ("href", "query"),
    [
        ("http://[::1", {}),
        ("//[/?page=2#x?y", {"page": "2"}),
        ("?page=2&empty=", {"page": "2", "empty": ""}),
        ("http://elsewhere.example/jobs?page=2", {"page": "2"}),
    ],
)
def test_of_a_next_link_only_the_query_counts(href: str, query: dict[str, str]) -> None:
    assert next_query({"links": [{"rel": "next", "href": href}]}) == query


def test_a_redirect_from_a_secure_address_to_an_insecure_one_is_not_followed() -> None:
    app = FakeBackend({"GET /jobs": Reply(302, headers={"Location": "http://terra.test/x"})})
    adapter = WsgiAdapter({"http://terra.test": app, "https://terra.test": app})
    client = Client("terra", "https://terra.test", transport=lambda: adapter)
    with pytest.raises(BackendFailure, match="unsafe address"):
        client.ask(JOBS, deadline=5, limit=100)
    assert len(app.calls) == 1


def test_a_backend_that_has_recovered_may_fail_as_often_as_before() -> None:
    breaker = Breaker(2)
    breaker.failed()
    assert breaker.failed() and breaker.is_open
    breaker.reset()
    assert not breaker.failed()
    assert not breaker.is_open


def test_a_backend_that_is_too_slow_once_stays_online() -> None:
    def slow(call: Call) -> Any:
        raise requests.ReadTimeout

    answers: dict[str, Any] = {"GET /": {"api_version": "1.3.0", "endpoints": []}}
    adapter = WsgiAdapter({"http://terra.test": FakeBackend(answers, root="/openeo/1.3")})
    url = "http://terra.test/openeo/1.3"
    fleet = Fleet([Client("terra", url, transport=lambda: adapter)])
    found = Snapshots([Backend("terra", url)], fleet, Upstream(), directory=None, clock=Clock())
    found.refresh()
    answers["GET /"] = slow
    online = []
    for _ in range(2):
        found.refresh()
        online.append(found.current()["terra"].online)
    assert online == [True, False]


def test_a_document_that_has_not_changed_is_not_sent_again() -> None:
    def tagged(call: Call) -> Any:
        if call.headers.get("IF_NONE_MATCH") == '"1"':
            return Reply(304)
        return Reply(200, {"processes": [{"id": "ndvi"}], "links": []}, {"ETag": '"1"'})

    metadata, app = metadata_of({"GET /processes": tagged})
    known = metadata.fetch("processes", None, 1.0, 5)
    assert known is not None
    again = metadata.fetch("processes", known, 2.0, 5)
    assert again == Stored(known.body, '"1"', 2.0, known.digest)
    assert [call.headers.get("IF_NONE_MATCH") for call in app.calls] == [None, '"1"']
