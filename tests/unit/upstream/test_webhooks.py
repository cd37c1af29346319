"""Telling a webhook: signed, once, within its time, at public addresses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any

import pytest

from aggregator.upstream.webhooks import NotTold, Webhooks, signature
from tests.fakes.backends import RawServer, says

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
OK = b"HTTP/1.1 204 No Content\r\n\r\n"
BODY = b'{"type":"incident-opened"}'


def private(deadline: float = 5.0) -> Webhooks:
    return Webhooks(SECRET, deadline=deadline, private=True)


def test_a_message_is_posted_and_signed() -> None:
    with RawServer(says(OK)) as server:
        private().tell(f"{server.url}/hook?a=b", "msg-1", BODY, 1_700_000_000)
    head, _, _ = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    assert lines[0] == "POST /hook?a=b HTTP/1.1"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg-1", "1700000000")
    assert headers["content-type"] == "application/json"
    assert headers["webhook-signature"].startswith("v1,")


def test_the_signature_is_that_of_standard_webhooks() -> None:
    key = b"0123456789abcdef01234567"
    signed = b'msg-1.1700000000.{"type":"incident-opened"}'
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert signature(key, "msg-1", 1_700_000_000, BODY) == f"v1,{expected}"
    assert signature(key, "msg-1", 1_700_000_001, BODY) != f"v1,{expected}"
    # The example of https://www.standardwebhooks.com, computed by its reference libraries.
    known = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert signature(
        known, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    ) == ("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "it answered with status 500"),
        (b"HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n", "it answered with status 404"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            "it answered with status 302",
        ),
        (b"", "ConnectionError"),
        (b"garbage\r\n\r\n", "ConnectionError"),
    ],
)
def test_what_is_no_success_is_told_and_no_redirect_is_followed(answer: bytes, why: str) -> None:
    with RawServer(says(answer)) as server, pytest.raises(NotTold, match=why):
        private().tell(server.url, "m", BODY, 1)
    assert len(server.requests) == 1


def test_a_webhook_that_drips_is_left_at_the_deadline() -> None:
    def drip(peer: Any) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            peer.sendall(b"s")
            time.sleep(0.02)

    with RawServer(drip) as server, pytest.raises(NotTold, match="no answer in time"):
        private(0.3).tell(server.url, "m", BODY, 1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_private_addresses_are_refused_before_anything_is_sent(host: str) -> None:
    with RawServer(says(OK)) as server:
        url = server.url.replace("127.0.0.1", host)
        with pytest.raises(NotTold, match="its address is not public"):
            Webhooks(SECRET, deadline=5.0).tell(url, "m", BODY, 1)
        assert [r for r in server.requests if r] == []


def test_no_address_is_told_of_a_failure() -> None:
    with pytest.raises(NotTold) as caught:
        private().tell("http://127.0.0.1:1/secret-path", "m", BODY, 1)
    assert "secret-path" not in str(caught.value)
