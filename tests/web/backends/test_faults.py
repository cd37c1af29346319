"""A real server that goes wrong: what is seen on the wire, and that it goes on after that."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
import urllib3

from tests.web.backends.test_served import Served

BASE = "/openeo/1.3"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A backend under gunicorn whose faults can be controlled."""
    made = Served(tmp_path_factory.mktemp("faulty"), faults={"control": True})
    yield made
    made.close()


@contextmanager
def wrong(served: Served, *faults: Any) -> Iterator[None]:
    put = requests.put(f"{served.url}/faults", json={"faults": list(faults)}, timeout=30)
    assert put.status_code == 200, put.text
    try:
        yield
    finally:
        assert requests.delete(f"{served.url}/faults", timeout=30).status_code == 200
        assert get(served, "/file_formats").status_code == 200, "it goes on"


def get(served: Served, path: str, **options: Any) -> requests.Response:
    return requests.get(f"{served.url}{BASE}{path}", **{"timeout": 5, **options})


def raw(served: Served, path: str, seconds: float) -> bytes:
    """All that comes within so many seconds; raises what the connection ends with."""
    head = f"GET {BASE}{path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    found = b""
    with socket.create_connection(("127.0.0.1", served.port), 5) as peer:
        peer.sendall(head.encode())
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            peer.settimeout(left)
            try:
                piece = peer.recv(65536)
            except TimeoutError:
                break
            if not piece:
                break
            found += piece
    return found


@pytest.mark.parametrize("kind", ["reset", "outage"])
def test_a_reset_is_a_reset(served: Served, kind: str) -> None:
    with wrong(served, {"kind": kind, "paths": ["/processes"]}):
        with pytest.raises(ConnectionResetError):
            raw(served, "/processes", 5)
        assert get(served, "/collections").status_code == 200


def test_a_hang_says_nothing_and_holds_no_thread_once_its_peers_have_gone(served: Served) -> None:
    with wrong(served, {"kind": "hang", "paths": ["/processes"]}):
        # More than the server has threads.
        for _ in range(20):
            assert raw(served, "/processes", 0.05) == b""
        started = time.monotonic()
        assert get(served, "/collections").status_code == 200
        assert time.monotonic() - started < 3


def test_half_a_body_ends_before_its_announced_end(served: Served) -> None:
    with (
        wrong(served, "half-body"),
        pytest.raises(
            (
                requests.exceptions.ChunkedEncodingError,
                requests.ConnectionError,
                urllib3.exceptions.HTTPError,
            )
        ),
    ):
        get(served, "/processes")


def test_garbage_is_sent_as_json(served: Served) -> None:
    with wrong(served, "garbage"):
        answer = get(served, "/file_formats")
        assert answer.headers["Content-Type"] == "application/json"
        with pytest.raises(requests.JSONDecodeError):
            answer.json()


def test_a_drip_comes_byte_by_byte(served: Served) -> None:
    with wrong(served, {"kind": "drip", "seconds": 0.05, "paths": ["/"]}):
        _, _, body = raw(served, "/", 0.5).partition(b"\r\n\r\n")
        assert 2 < len(body) < 12


def test_an_endless_body_ends_with_its_reader(served: Served) -> None:
    with wrong(served, "endless"):
        with get(served, "/file_formats", stream=True) as answer:
            read = 0
            for piece in answer.iter_content(65536):
                read += len(piece)
                if read > 5_000_000:
                    break
        assert read > 5_000_000


def test_redirects_go_in_circles(served: Served) -> None:
    with wrong(served, "redirect-loop"), pytest.raises(requests.TooManyRedirects):
        get(served, "/processes")


def test_a_clock_that_is_off_is_the_only_clock(served: Served) -> None:
    with wrong(served, {"kind": "clock", "behind": 86_400 * 365}):
        dates = get(served, "/").raw.headers.getlist("Date")
        assert len(dates) == 1
        assert str(time.gmtime().tm_year) not in dates[0]
    assert len(get(served, "/").raw.headers.getlist("Date")) == 1


def test_an_outage_behind_a_proxy_is_a_web_page(served: Served) -> None:
    with wrong(served, {"kind": "outage", "status": 503}):
        answer = get(served, "/")
        assert (answer.status_code, answer.headers["Content-Type"][:9]) == (503, "text/html")


def test_rules_are_broken_while_it_runs(served: Served) -> None:
    with wrong(served, "collections.provider-roles-missing", "processes.missing:ndvi"):
        collection = get(served, "/collections/SENTINEL2_L2A").json()
        assert all("roles" not in one for one in collection["providers"])
        names = {one["id"] for one in get(served, "/processes").json()["processes"]}
        assert "ndvi" not in names
        assert "mean" in names
    roles = get(served, "/collections/SENTINEL2_L2A").json()["providers"][-1]["roles"]
    assert "host" in roles


def test_a_client_that_knows_the_right_document_sees_the_wrong_one(served: Served) -> None:
    tag = get(served, "/").headers["ETag"]
    known = {"If-None-Match": tag}
    assert get(served, "/", headers=known).status_code == 304
    with wrong(served, "capabilities.no-billing"):
        answer = get(served, "/", headers=known)
        assert answer.status_code == 200
        assert "billing" not in answer.json()
        assert answer.headers["ETag"] != tag
