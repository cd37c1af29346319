"""A backend that misbehaves on its socket costs at most its deadline, and then nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from cryptography.fernet import Fernet

from aggregator.app import create_app
from aggregator.settings import read as read_settings
from tests.fakes.backends import Play, RawServer, json_says, says
from tests.web.site import backend, basic
from tests.web.test_served import listening

DEADLINE = 1.5
SLACK = 3.0
"""Seconds for a busy machine; by default a listing takes longer than both."""
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def hang(peer: socket) -> None:
    peer.recv(1)


def drip(peer: socket) -> None:
    peer.sendall(OK + b"Content-Length: 9999\r\n\r\n")
    while True:
        peer.sendall(b" ")
        time.sleep(0.02)


def endless(peer: socket) -> None:
    peer.sendall(OK + b"\r\n")
    while True:
        peer.sendall(b" " * 65536)


BAD: dict[str, Play] = {
    "hangs": hang,
    "resets": says(),
    "answers 500": json_says(b"<html>", "500 Internal Server Error"),
    "talks garbage": says(b"\x00\x01\x02\r\n\r\n"),
    "sends half a body": says(OK + b"Content-Length: 99\r\n\r\n{"),
    "drips": drip,
    "never ends": endless,
    "redirects in circles": says(b"HTTP/1.1 302 F\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"),
    "sends a wrong content type": says(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n{}"
    ),
}


@contextmanager
def federation(directory: Path, play: Play) -> Iterator[tuple[Any, dict[str, str], RawServer]]:
    """A good and a bad backend; the bad one has let the user in before it went bad."""
    answers = {"GET /jobs": {"jobs": [{"id": "1"}], "links": []}}
    playing = [json_says(b'{"api_version": "1.2.0", "access_token": "x"}')]

    def current(peer: socket) -> None:
        playing[0](peer)

    with ExitStack() as stack:
        url = stack.enter_context(listening(backend("a", answers=answers)))
        bad = stack.enter_context(RawServer(current))
        members = {
            "a": {"url": url, "basic_authentication": True},
            "bad": {"url": bad.url, "basic_authentication": True},
        }
        common = {
            "sealing_key": Fernet.generate_key().decode(),
            "upstream": {
                "listing_deadline": DEADLINE,
                "request_deadline": DEADLINE,
                "probe_deadline": DEADLINE,
                "first_answer_deadline": 5.0,
                "max_answer_bytes": 2_000_000,
                "max_metadata_bytes": 2_000_000,
                "offline_probe_interval": 30.0,
            },
        }

        def app_in(place: Path) -> Any:
            wanted = {"backends": members, "data_directory": str(place), **common}
            return create_app(read_settings(wanted))

        before = app_in(directory / "before").test_client()
        login = before.get("/credentials/basic", headers=basic("alice", "alice")).json
        before.application.extensions["federation"].stop()
        assert login is not None
        playing[0] = play
        app = app_in(directory / "now")
        stack.callback(app.extensions["federation"].stop)
        # The breaker is closed as if the backend had gone bad only now.
        client = app.test_client()
        client.get("/")
        app.extensions["federation"].fleet.breakers["bad"].reset()
        yield client, {"Authorization": f"Bearer basic//{login['access_token']}"}, bad


def read(client: Any, user: dict[str, str]) -> float:
    """Seconds that a listing takes, which has all of the good backend and misses the bad one."""
    for _ in range(3):
        started = time.monotonic()
        found = client.get("/jobs", headers=user).json
        took = time.monotonic() - started
        if "a" not in found["federation:missing"]:  # which on a busy machine can be late as well
            break
    assert [job["id"] for job in found["jobs"]] == ["a-1"]
    assert found["federation:missing"] == ["bad"]
    return took


def listings(bad: RawServer) -> int:
    """How often it was asked for jobs; it is probed as well."""
    return sum(request.startswith(b"GET /jobs ") for request in bad.requests)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_backend_costs_at_most_its_deadline_and_is_missing(name: str, tmp_path: Path) -> None:
    with federation(tmp_path, BAD[name]) as (client, user, bad):
        breaker = client.application.extensions["federation"].fleet.breakers["bad"]
        for _ in range(3):
            assert read(client, user) < DEADLINE + SLACK
        end = time.monotonic() + 30  # the last one may still be on its way
        while not breaker.is_open and time.monotonic() < end:
            time.sleep(0.01)
        asked = listings(bad)
        read(client, user)
        assert listings(bad) == asked, "it is not asked any more"


@pytest.mark.parametrize("name", BAD)
def test_a_bad_backend_hides_nothing_of_the_others(name: str, tmp_path: Path) -> None:
    with federation(tmp_path, BAD[name]) as (client, _, _bad):
        listed = client.get("/collections").json
        assert [collection["id"] for collection in listed["collections"]] == ["S2"]
        assert listed["federation:missing"] == ["bad"]
        assert client.get("/collections/S2").status_code == 200
        assert client.get("/health").json["backends"]["bad"]["status"] == "offline"
        one = client.get("/jobs/bad-1", headers={"Authorization": "Bearer basic//x"})
        assert one.json["code"] == "TokenInvalid"
