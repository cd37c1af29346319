"""What a report says first: that nothing is there, that a login failed, where it looked."""

from __future__ import annotations

import json
import ssl
from typing import Any

import pytest
import requests
from flask import Flask

from scripts.self_review.account import Account, BasicLogin
from scripts.self_review.catalogue import load
from scripts.self_review.findings import Cause, Finding, could_not_tell
from scripts.self_review.notices import _mistakes
from scripts.self_review.probe.pace import Limits
from scripts.self_review.report import Report
from scripts.self_review.reports import FORMS
from tests.fakes.backends import FakeBackend, RawServer, says
from tests.fakes.servers import served
from tests.fakes.transports import FailingAdapter, WsgiAdapter
from tests.unit.self_review.reviewing import HOST, ROOT, reviewed

CAPABILITIES: dict[str, Any] = {
    "api_version": "1.3.0",
    "backend_version": "1",
    "stac_version": "1.0.0",
    "id": "x",
    "title": "A backend",
    "description": "It has little.",
    "endpoints": [],
    "links": [],
}
PAGE = b"<!doctype html><p>It works!"
WEB_PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (
    len(PAGE),
    PAGE,
)


def test_a_review_that_went_as_expected_has_nothing_to_say_first() -> None:
    assert list(reviewed({"GET /": CAPABILITIES}, only=("api-30",)).notices) == []


def test_that_nobody_answers_is_said_with_the_reason() -> None:
    adapter = FailingAdapter(requests.ConnectionError(ConnectionRefusedError("refused")))
    report = reviewed({}, transport=adapter)
    assert list(report.notices) == [
        f"There was no answer at {ROOT}: the connection failed (refused). "
        "Is the address right, and the server up?"
    ]


def test_a_server_without_tls_is_told_from_one_with_a_bad_certificate() -> None:
    with served(Flask("plain")) as url:
        address = url.removeprefix("http://")
        report = reviewed({}, url=f"https://{address}/api", only=("api-4",), sockets=True)
    (notice,) = report.notices
    assert notice.startswith(
        f"There was no answer at https://{address}/api: no TLS connection can be made ("
    )
    assert notice.endswith(f"). If it is served without TLS, give http://{address}/api.")
    (finding,) = report.findings
    assert (finding.verdict, finding.outcome.hint) == (
        "fail",
        "Serve the API over HTTPS, with a certificate of a public authority.",
    )


def test_a_server_that_is_no_openeo_is_said_to_be_none() -> None:
    with RawServer(says(WEB_PAGE)) as server:
        report = reviewed({}, url=server.url, only=("api-30",), sockets=True)
    (notice,) = report.notices
    assert notice.startswith(
        f"No openEO API was found at {server.url}: GET {server.url}/ answered 200 (text/html), "
        "without an api_version. Give the versioned address of the API"
    )


def test_a_server_in_maintenance_is_said_to_be_down() -> None:
    page = (
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n"
    )
    with RawServer(says(page)) as server:
        report = reviewed({}, url=server.url, only=("api-30",), sockets=True)
    (notice,) = report.notices
    assert " answered 503 (text/html), " in notice
    assert notice.endswith("It seems to be down; try again when it is up.")


def test_json_that_says_it_is_a_web_page_is_told() -> None:
    body = json.dumps(CAPABILITIES).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
    with RawServer(says(head % len(body) + body)) as server:
        report = reviewed({}, url=server.url, only=("api-30",), sockets=True)
    assert list(report.notices) == [
        f"GET {server.url}/ is JSON, but says that it is text/html; clients may refuse it. "
        "Send Content-Type: application/json."
    ]


def test_a_certificate_that_does_not_validate_is_said_to_be_the_reason() -> None:
    problem = ssl.SSLCertVerificationError("certificate has expired")
    adapter = FailingAdapter(requests.exceptions.SSLError(problem))
    report = reviewed({}, url="https://backend.example", transport=adapter)
    (notice,) = report.notices
    assert notice.startswith("There was no answer at https://backend.example: the certificate does")
    assert "certificate has expired" in notice
    assert notice.endswith("With --insecure the rest can be reviewed.")


def test_that_another_address_was_reviewed_is_said() -> None:
    versions = {"versions": [{"url": f"{ROOT}/", "api_version": "1.3.0"}]}
    host = FakeBackend({"GET /.well-known/openeo": versions})
    api = FakeBackend({"GET /": CAPABILITIES}, "/openeo/1.3")
    adapter = WsgiAdapter({ROOT: api, HOST: host})
    other = f"{HOST}/openeo/9.9"
    report = reviewed({}, url=other, only=("api-30",), transport=adapter)
    assert report.root == ROOT
    assert list(report.notices) == [
        f"There is no openEO API at {other}; reviewed is {ROOT}, to which "
        "/.well-known/openeo leads."
    ]
    assert list(reviewed({}, url=HOST, only=("api-30",), transport=adapter).notices) == []


def test_a_login_that_fails_is_said_and_nothing_is_said_to_be_left_behind() -> None:
    answers = {"GET /": CAPABILITIES}
    login = Account(BasicLogin("alice", "wrong-password"))
    report = reviewed(answers, only=("api-730", "api-310*", "api-400"), account=login)
    assert list(report.notices) == [
        f"The login failed: GET {ROOT}/credentials/basic answered 404 without an access_token. "
        "Check user and password."
    ]
    assert list(report.left_behind) == []


@pytest.mark.parametrize(
    ("requests_", "left"), [(3, "1 requirement is"), (2, "2 requirements are")]
)
def test_a_limit_that_was_reached_is_said_with_the_option_that_raises_it(
    requests_: int, left: str
) -> None:
    limits = Limits(per_second=1e6, seconds=5, overall=60, requests=requests_)
    report = reviewed({"GET /": CAPABILITIES}, only=("api-30", "api-40", "api-200"), limits=limits)
    assert list(report.notices) == [
        f"Not asked: the {requests_} requests of this review are used up; {left} left open by it. "
        "See --max-requests and --deadline."
    ]


def test_checks_of_ours_that_fail_are_said_to_be_no_fault_of_the_backend() -> None:
    rows = list(load())[:7]
    broken = could_not_tell("An unexpected KeyError happened.", Cause.INTERNAL)
    ids = [row.id for row in rows]

    def last(count: int) -> str:
        return list(_mistakes([Finding(row, broken) for row in rows[:count]]))[-1]

    assert list(_mistakes([Finding(rows[0], could_not_tell("Open.", Cause.TIME))])) == []
    said = "A check of this program failed, which is no fault of the backend: "
    told = ". Please report it with the report as JSON."
    assert last(5) == f"{said}{', '.join(ids[:5])}{told}"
    assert last(7) == f"{said}{', '.join(ids[:5])} and 2 more{told}"


@pytest.fixture(scope="module")
def unreachable() -> Report:
    adapter = FailingAdapter(requests.ConnectionError(ConnectionRefusedError("refused")))
    return reviewed({}, transport=adapter)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_says_why_nothing_could_be_judged(unreachable: Report, form: str) -> None:
    text = " ".join(FORMS[form](unreachable).split())
    assert "Is the address right, and the server up?" in text
