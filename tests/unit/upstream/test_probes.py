"""One look at a member: what counts as up, and the class of what does not."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from aggregator.settings import Availability, Backend
from aggregator.upstream.client import Client, Limits
from aggregator.upstream.probes import Prober
from tests.fakes.backends import FakeBackend, RawServer, Reply, says
from tests.fakes.clock import Clock
from tests.fakes.transports import FailingAdapter, WsgiAdapter

URL = "http://terra.test/openeo/1.3"
GOOD = {"api_version": "1.3.0"}
LIMIT = {"id": "x", "code": "TooManyRequests", "message": "Later."}


def prober(answers: dict[str, Any], probe: str = "capabilities", url: str = URL) -> Prober:
    adapter = WsgiAdapter({"http://terra.test": FakeBackend(answers, root="/openeo/1.3")})

    def connect(name: str, address: str) -> Client:
        return Client(name, address, transport=lambda: adapter)

    settings = Availability(probe=probe, deadline=2.0)
    return Prober(Backend("terra", url), connect, settings, limit=10**6, clock=Clock())


@pytest.mark.parametrize(
    ("answer", "up", "status", "error"),
    [
        (GOOD, True, 200, ""),
        (Reply(401, LIMIT), True, 401, ""),
        (Reply(404, LIMIT), True, 404, ""),
        (Reply(429, LIMIT), True, 429, ""),
        (Reply(402, "<html>pay</html>"), True, 402, ""),
        (Reply(500, LIMIT), False, 500, "server"),
        (Reply(503, "<html>Bad gateway</html>"), False, 503, "server"),
        ({"hello": "world"}, False, None, "content"),
        (Reply(200, "<html>Welcome to nginx</html>"), False, None, "content"),
    ],
)
def test_what_counts_as_up(answer: Any, up: bool, status: int | None, error: str) -> None:
    seen = prober({"GET /": answer}).probe()
    assert (seen.backend, seen.at) == ("terra", 1_700_000_000_000)
    assert (seen.up, seen.status, seen.error) == (up, status, error)
    assert bool(seen.detail) == (not up)


def test_no_connection_is_down() -> None:
    adapter = FailingAdapter(requests.ConnectionError(ConnectionRefusedError("refused")))
    client = Client("terra", URL, transport=lambda: adapter)
    seen = Prober(Backend("terra", URL), lambda *_: client, Availability(), limit=1000).probe()
    assert (seen.up, seen.status, seen.error) == (False, None, "connection")


def test_an_answer_that_drips_is_cut_at_the_deadline() -> None:
    def drip(peer: Any) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            peer.sendall(b" ")
            time.sleep(0.02)

    with RawServer(drip) as server:
        settings = Availability(deadline=0.3)
        url = f"{server.url}/1.3"

        def connect(name: str, address: str) -> Client:
            return Client(name, address, limits=Limits(5, 5))

        seen = Prober(Backend("terra", url), connect, settings, limit=10**6).probe()
    assert (seen.up, seen.error) == (False, "timeout")
    assert seen.duration < 5000


def test_half_an_answer_is_down() -> None:
    with RawServer(says(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")) as server:
        url = f"{server.url}/1.3"

        def connect(name: str, address: str) -> Client:
            return Client(name, address, limits=Limits(5, 5))

        seen = Prober(Backend("terra", url), connect, Availability(deadline=5), limit=10**6).probe()
    assert (seen.up, seen.error) == (False, "connection")


@pytest.mark.parametrize(
    ("answers", "up"),
    [
        ({"GET /health": Reply(200, {})}, True),
        ({"GET /health": Reply(204)}, True),
        ({"GET /health": Reply(503, "down"), "GET /": GOOD}, False),
        # Without /health the capabilities tell.
        ({"GET /": GOOD}, True),
        ({"GET /": Reply(500, LIMIT)}, False),
    ],
)
def test_health_is_asked_where_there_is_one(answers: dict[str, Any], up: bool) -> None:
    assert prober(answers, "health").probe().up == up


def test_the_address_is_found_once() -> None:
    versions = {"versions": [{"url": URL, "api_version": "1.3.0", "production": True}]}
    asked: list[str] = []

    def well_known(call: Any) -> Any:
        asked.append("discovery")
        return versions

    backend = FakeBackend({"GET /.well-known/openeo": well_known, "GET /openeo/1.3/": GOOD})
    adapter = WsgiAdapter({"http://terra.test": backend})
    one = Prober(
        Backend("terra", "http://terra.test"),
        lambda name, url: Client(name, url, transport=lambda: adapter),
        Availability(),
        limit=10**6,
    )
    assert [one.probe().up, one.probe().up] == [True, True]
    assert asked == ["discovery"]
