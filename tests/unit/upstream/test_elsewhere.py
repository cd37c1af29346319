"""Redirects of downloads to other hosts: followed without credentials, and not everywhere."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence

import pytest

from aggregator.errors import BackendFailure, BackendTimeout
from aggregator.upstream.client import Client, Request
from aggregator.upstream.elsewhere import Elsewhere
from aggregator.upstream.fleet import Fleet
from tests.fakes.backends import Play, RawServer, json_says, says

FILE = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nETag: x\r\n\r\npixels"
DOWNLOAD = Request("GET", "/files/a.tif", headers={"Range": "bytes=0-5"}, elsewhere=True)
SECRET = "Bearer alice-secret"
NAMES = {
    "inner.test": ["10.0.0.5"],
    "metadata.test": ["169.254.169.254"],
    "half.test": ["127.0.0.1", "10.0.0.5"],
}


def resolver(host: str, _port: int) -> Sequence[str]:
    """Names of the test; addresses stand for themselves."""
    if host == "nowhere.test":
        raise OSError("no such name")
    return NAMES.get(host, [host])


def moved(location: str, status: int = 302) -> RawServer:
    """A backend that redirects every request."""
    head = f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    return RawServer(says(head.encode()))


def client(url: str) -> Client:
    return Client("terra", url, elsewhere=Elsewhere("terra", resolver))


def downloaded(url: str, request: Request = DOWNLOAD) -> bytes:
    stream = client(url).open(request, SECRET, deadline=3)
    assert stream.status == 200
    return b"".join(stream.chunks())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_file_is_had_from_another_host_that_gets_no_credentials(status: int) -> None:
    with RawServer(says(FILE)) as store, moved(f"{store.url}/key?sig=1", status) as terra:
        assert downloaded(terra.url) == b"pixels"
        assert SECRET.encode() in terra.requests[0]
        (request,) = store.requests
    assert request.startswith(b"GET /key?sig=1 HTTP/1.1\r\n")
    assert b"range: bytes=0-5" in request.lower()
    assert b"authorization" not in request.lower()
    assert b"secret" not in request


def test_the_way_back_gets_no_credentials_either() -> None:
    plays: list[Play] = []

    def play(peer: socket.socket) -> None:
        plays.pop(0)(peer)

    with RawServer(play) as home, moved(f"{home.url}/two") as store:
        plays += [moved_to(f"{store.url}/one"), says(FILE)]
        assert downloaded(home.url) == b"pixels"
    first, second = home.requests
    assert SECRET.encode() in first
    assert second.startswith(b"GET /two ")
    assert b"authorization" not in second.lower()


def moved_to(location: str) -> Play:
    return says(f"HTTP/1.1 302 M\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())


@pytest.mark.parametrize("request_", [Request("GET", "/files/a"), Request("GET", "/jobs/j-1")])
def test_what_is_no_download_is_not_followed_to_other_hosts(request_: Request) -> None:
    with RawServer(says(FILE)) as store, moved(store.url) as terra:
        with pytest.raises(BackendFailure, match="another host, which gets no credentials"):
            downloaded(terra.url, request_)
        assert store.requests == []


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://10.0.0.5/x", "private network"),
        ("http://169.254.169.254/latest/meta-data", "private network"),
        ("http://[::1]:1/x", "private network"),
        ("http://[::ffff:10.0.0.5]/x", "private network"),
        ("http://inner.test/x", "private network"),
        ("http://metadata.test/x", "private network"),
        ("http://half.test/x", "private network"),
        ("http://nowhere.test/x", "cannot be resolved"),
        ("http://user:password@127.0.0.1/x", "must begin with"),
        ("ftp://127.0.0.1/x", "unsafe address"),
        ("file:///etc/passwd", "unsafe address"),
    ],
)
def test_no_backend_leads_into_networks_that_only_the_aggregator_reaches(
    location: str, why: str
) -> None:
    with moved(location) as terra, pytest.raises(BackendFailure, match=why):
        downloaded(terra.url)


@pytest.mark.parametrize("location", ["http://inner.test/x", "http://169.254.169.254/x"])
def test_public_metadata_is_followed_to_no_private_network_either(location: str) -> None:
    refused = pytest.raises(BackendFailure, match="private network")
    with moved(location) as terra, refused:
        client(terra.url).open(Request("GET", "/collections"), None, deadline=3)


def test_public_metadata_is_followed_to_other_ports_of_its_host_as_ever() -> None:
    with RawServer(says(FILE)) as other, moved(f"{other.url}/x") as terra:
        stream = client(terra.url).open(Request("GET", "/collections"), None, deadline=3)
        assert b"".join(stream.chunks()) == b"pixels"


def test_through_a_proxy_it_is_the_proxy_that_goes_to_other_hosts_without_the_token() -> None:
    plays = [moved_to("http://store.test/key?sig=1"), says(FILE)]

    def play(peer: socket.socket) -> None:
        plays.pop(0)(peer)

    with RawServer(play) as proxy:
        through = Client("terra", "http://terra.test/openeo", proxy=proxy.url)
        stream = through.open(DOWNLOAD, SECRET, deadline=3)
        assert b"".join(stream.chunks()) == b"pixels"
        first, second = proxy.requests
    assert first.startswith(b"GET http://terra.test/openeo/files/a.tif ")
    assert SECRET.encode() in first
    assert second.startswith(b"GET http://store.test/key?sig=1 ")
    assert b"authorization" not in second.lower()


def test_a_second_redirect_is_judged_like_the_first() -> None:
    refused = pytest.raises(BackendFailure, match="private network")
    with moved("http://inner.test/x") as store, moved(f"{store.url}/x") as terra, refused:
        downloaded(terra.url)


def test_redirects_between_hosts_have_an_end() -> None:
    with RawServer(says()) as store:
        store._play = moved_to(f"{store.url}/again")
        with moved(f"{store.url}/x") as terra, pytest.raises(BackendFailure, match="more than 4"):
            downloaded(terra.url)
        assert len(store.requests) == 4


def test_a_host_that_does_not_answer_is_no_fault_of_the_backends_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with moved(f"http://127.0.0.1:{port}/x") as terra:
        fleet = Fleet([client(terra.url)], failures_before_offline=1)
        with pytest.raises(BackendFailure, match="does not answer"):
            fleet.open("terra", DOWNLOAD, SECRET, deadline=3)
    assert not fleet.breakers["terra"].is_open


def test_an_error_of_the_other_host_is_a_failure_with_its_status() -> None:
    forbidden = RawServer(json_says(b"<Error/>", "403 Forbidden"))
    failure = pytest.raises(BackendFailure, match="status 403")
    with forbidden as store, moved(store.url) as terra, failure:
        downloaded(terra.url)


@pytest.mark.parametrize("size", range(17, FILE.index(b"pixels") - 1, 8))
def test_a_head_that_breaks_off_is_no_empty_file(size: int) -> None:
    failure = pytest.raises(BackendFailure, match="does not answer as it should")
    with RawServer(says(FILE[:size])) as store, moved(store.url) as terra, failure:
        downloaded(terra.url)


def test_what_comes_before_a_file_is_not_taken_for_it() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    with RawServer(says(early + FILE)) as store, moved(store.url) as terra:
        assert downloaded(terra.url) == b"pixels"


def test_a_host_that_drips_is_cut_off_at_the_deadline() -> None:
    def drip(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            peer.sendall(b"x")
            time.sleep(0.05)

    with RawServer(drip) as store, moved(f"{store.url}/x") as terra:
        begun = time.monotonic()
        stream = client(terra.url).open(DOWNLOAD, SECRET, deadline=0.5)
        with pytest.raises(BackendTimeout):
            list(stream.chunks())
        assert time.monotonic() - begun < 10
