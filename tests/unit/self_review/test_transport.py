"""HTTPS: an address without it fails, and so does a certificate that does not validate."""

from __future__ import annotations

import ssl
from typing import Any

import requests

from tests.fakes.backends import FakeBackend
from tests.fakes.transports import WsgiAdapter
from tests.unit.self_review.reviewing import reviewed

PUBLIC = "https://backend.example"


class Untrusted(WsgiAdapter):
    """Answers only those who do not look at the certificate."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kw: Any) -> requests.Response:
        if kw.get("verify", True):
            problem = ssl.SSLCertVerificationError("certificate has expired")
            raise requests.exceptions.SSLError(problem)
        return super().send(request, *args, **kw)


def judged(url: str, adapter: WsgiAdapter) -> tuple[str, str]:
    report = reviewed({}, only=("api-4",), url=url, transport=adapter)
    (found,) = report.findings
    return found.verdict.value, found.outcome.says


def test_a_certificate_that_does_not_validate_fails() -> None:
    adapter = Untrusted({PUBLIC: FakeBackend({"GET /": {}})})
    verdict, says = judged(PUBLIC, adapter)
    assert verdict == "fail"
    assert "certificate has expired" in says


def test_a_certificate_that_validates_passes() -> None:
    assert judged(PUBLIC, WsgiAdapter({PUBLIC: FakeBackend({"GET /": {}})}))[0] == "pass"


def test_a_public_address_without_https_fails() -> None:
    plain = "http://backend.example"
    adapter = WsgiAdapter({plain: FakeBackend({"GET /": {}})})
    assert judged(plain, adapter) == ("fail", "http://backend.example is not HTTPS.")


def test_a_certificate_of_the_same_machine_is_judged_as_well() -> None:
    local = "https://127.0.0.1:1"
    assert judged(local, Untrusted({local: FakeBackend({"GET /": {}})}))[0] == "fail"


def test_an_address_of_the_same_machine_is_not_judged() -> None:
    local = "http://127.0.0.1:1"
    adapter = WsgiAdapter({local: FakeBackend({"GET /": {}})})
    assert judged(local, adapter)[0] == "not applicable"
