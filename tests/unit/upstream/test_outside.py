from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from aggregator.upstream.outside import Allowed, Outside, OutsideError, is_public

Answer = Callable[[BaseHTTPRequestHandler], None]
LOCAL = Allowed(hosts=("*",), private=True)


@contextmanager
def server(answer: Answer) -> Iterator[int]:
    """A server on loopback that answers GET like this; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield httpd.server_address[1]
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def says(status: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_an_allowed_address_is_fetched_without_credentials_under_its_own_name() -> None:
    seen: list[dict[str, str]] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append({name.lower(): value for name, value in handler.headers.items()})
        says(200, b'{"id": "ndvi"}')(handler)

    with server(answer) as port:
        outside = Outside(
            Allowed(("shared.example:*",), private=True), resolver=lambda *_: ["127.0.0.1"]
        )
        assert outside.fetch(f"http://shared.example:{port}/ndvi?x=1") == b'{"id": "ndvi"}'
    assert seen[0]["host"] == f"shared.example:{port}"
    assert not {"authorization", "cookie"} & set(seen[0])


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://shared.example/p", "must begin with https://HOST"),
        ("ftp://shared.example/p", "must begin with https://HOST"),
        ("file:///etc/passwd", "must begin with https://HOST"),
        ("https://user@shared.example/p", "must begin with https://HOST"),
        ("https://elsewhere.example/p", r"not one that this federation allows .*shared\.example"),
        ("https://shared.example:99999/p", "does not answer as it should"),
        ("https://[::1/p", "does not answer as it should"),
    ],
)
def test_other_addresses_are_refused_before_anybody_is_asked(url: str, why: str) -> None:
    def asked(host: str, port: int) -> list[str]:
        raise AssertionError((host, port))

    with pytest.raises(OutsideError, match=why):
        Outside(Allowed(("shared.example",)), resolver=asked).fetch(url)


def test_nothing_is_fetched_where_no_host_is_allowed() -> None:
    with pytest.raises(OutsideError, match="allowed: none"):
        Outside(Allowed()).fetch("https://shared.example/p")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_no_address_in_a_private_network_is_asked(address: str) -> None:
    assert not is_public(address)
    outside = Outside(Allowed(("*",)), resolver=lambda *_: ["93.184.216.34", address])
    with pytest.raises(OutsideError, match="private network"):
        outside.fetch("https://shared.example/p")


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:1.1.1.1"])
def test_public_addresses_are_known(address: str) -> None:
    assert is_public(address)


def test_a_redirect_is_judged_like_the_first_address() -> None:
    with server(says(302, Location="http://127.0.0.1:1/secret")) as port:
        allowed = Allowed((f"127.0.0.1:{port}",), private=True)
        with pytest.raises(OutsideError, match="not one that this federation allows"):
            Outside(allowed).fetch(f"http://127.0.0.1:{port}/p")


def test_a_redirect_without_end_is_left() -> None:
    with (
        server(says(302, Location="/again")) as port,
        pytest.raises(OutsideError, match="redirects more than 4 times"),
    ):
        Outside(LOCAL).fetch(f"http://127.0.0.1:{port}/p")


def test_what_is_too_large_is_not_read_to_its_end() -> None:
    with (
        server(says(200, b"x" * 200_000)) as port,
        pytest.raises(OutsideError, match="larger than 1000 bytes"),
    ):
        Outside(LOCAL, limit=1000).fetch(f"http://127.0.0.1:{port}/p")


def test_an_error_there_is_told_by_its_status() -> None:
    with server(says(404)) as port, pytest.raises(OutsideError, match="status 404"):
        Outside(LOCAL).fetch(f"http://127.0.0.1:{port}/p")


@pytest.mark.parametrize("head", [b"", b"HTTP/1.0 200 OK\r\n\r\n"])
def test_one_byte_at_a_time_ends_with_the_deadline(head: bytes) -> None:
    stop = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while not stop.wait(0.05):
            try:
                handler.wfile.write(b"H")
            except OSError:
                return

    with server(drip) as port:
        try:
            with pytest.raises(OutsideError, match=r"more than 0\.4 seconds"):
                Outside(LOCAL, deadline=0.4).fetch(f"http://127.0.0.1:{port}/p")
        finally:
            stop.set()


def test_a_resolver_that_hangs_is_left_behind() -> None:
    stop = threading.Event()

    def hang(_host: str, _port: int) -> list[str]:
        stop.wait(5)
        return []

    try:
        with pytest.raises(OutsideError, match="resolved in time"):
            Outside(Allowed(("*",)), deadline=0.1, resolver=hang).fetch("https://a.example/p")
    finally:
        stop.set()


def test_a_name_that_nobody_knows_is_said_so() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(OutsideError, match="cannot be resolved"):
        Outside(Allowed(("*",)), resolver=unknown).fetch("https://a.example/p")


def test_a_connection_that_is_refused_is_no_traceback() -> None:
    with pytest.raises(OutsideError, match="does not answer"):
        Outside(LOCAL).fetch("http://127.0.0.1:1/p")
