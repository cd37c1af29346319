"""Loading from the web within bounds: only where the policy allows, in time, and not too much."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from backends.addresses import AddressPolicy, Away, fetch
from backends.errors import OpenEOError

ANYWHERE = AddressPolicy()
HERE = AddressPolicy(("127.0.0.1",), allow_private=True)


def resolving_to(*addresses: str) -> Callable[[str, int], tuple[str, ...]]:
    return lambda _host, _port: addresses


def refusal(url: str, policy: AddressPolicy = ANYWHERE, *addresses: str) -> str:
    with pytest.raises(OpenEOError) as caught:
        policy.check(url, resolving_to(*(addresses or ("93.184.215.14",))))
    return caught.value.code


def test_a_public_host_is_allowed() -> None:
    ANYWHERE.check("https://example.org/data.tif", resolving_to("93.184.215.14", "2606:2800::1"))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "ftp://example.org/data.tif",
        "s3://bucket/key",
        "/vsicurl/http://example.org/a.tif",
        "http://",
        "http://example.org:99999/",
        "http://[::1",
        "http://exa mple.org/",
        "http://example.org/\r\nX-Evil: 1",
        "http://alice:secret@example.org/",
        "http://exämple.org/",
        "",
    ],
)
def test_what_is_no_plain_web_address_is_not_loaded(url: str) -> None:
    assert refusal(url) == "UrlNotAllowed"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
    ],
)
def test_a_name_that_leads_into_a_private_network_is_refused(address: str) -> None:
    assert refusal("http://innocent.example.org/", ANYWHERE, address) == "UrlNotAllowed"


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    addresses = ("93.184.215.14", "127.0.0.1")
    assert refusal("http://example.org/", ANYWHERE, *addresses) == "UrlNotAllowed"


def test_private_networks_may_be_allowed() -> None:
    AddressPolicy(allow_private=True).check("http://intranet/", resolving_to("10.0.0.1"))


def test_only_listed_hosts_are_allowed() -> None:
    policy = AddressPolicy(("*.example.org", "data.example.com:8443"))
    policy.check("https://a.example.org/", resolving_to("93.184.215.14"))
    policy.check("https://data.example.com:8443/", resolving_to("93.184.215.14"))
    for url in ("https://example.com/", "https://data.example.com/", "https://example.org.evil/"):
        assert refusal(url, policy) == "UrlNotAllowed"


def test_the_own_addresses_are_allowed_on_this_machine_and_no_other_port_is() -> None:
    policy = AddressPolicy(own=("127.0.0.1:8101",))
    policy.check("http://127.0.0.1:8101/openeo/1.3/collections")
    assert refusal("http://127.0.0.1:22/", policy, "127.0.0.1") == "UrlNotAllowed"


def test_an_unknown_host_is_not_available() -> None:
    def nowhere(_host: str, _port: int) -> tuple[str, ...]:
        raise OSError("Name or service not known")

    with pytest.raises(OpenEOError, match=r"^UrlNotAvailable: 'http://nowhere.example/'"):
        ANYWHERE.check("http://nowhere.example/?token=secret", nowhere)


def test_errors_tell_no_secrets_of_the_url() -> None:
    with pytest.raises(OpenEOError) as caught:
        ANYWHERE.check("ftp://alice:secret@example.org/?token=hidden", resolving_to())
    assert "secret" not in str(caught.value)
    assert "hidden" not in str(caught.value)


SIGNATURE = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJqb2IiOiJqLTEifQ.h_E9Dk8uegLcFvVaPT2pvfLzc"


def test_errors_do_not_tell_the_signature_of_a_link() -> None:
    with pytest.raises(OpenEOError) as caught:
        ANYWHERE.check(f"ftp://example.org/results/{SIGNATURE}/files/openEO.nc", resolving_to())
    assert "'ftp://example.org/results/eyJhbGci.../files/openEO.nc'" in str(caught.value)


@contextmanager
def serving(*answers: bytes | Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """A server on this machine that gives these answers, one for each connection."""
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def work() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection, suppress(OSError):  # who has heard enough may go
                    requests.append(connection.recv(65536))
                    if callable(answer):
                        answer(connection)
                    else:
                        connection.sendall(answer)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", requests
    thread.join(5)


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def moved(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


def test_the_content_is_fetched() -> None:
    with serving(ok(b"hello")) as (url, requests):
        assert fetch(f"{url}/a%20b?c=1", HERE) == b"hello"
    assert requests[0].startswith(b"GET /a%20b?c=1 HTTP/1.1\r\n")
    assert b"\r\nHost: 127.0.0.1:" in requests[0]


def test_the_connection_goes_to_the_address_that_was_judged() -> None:
    policy = AddressPolicy(("data.example.org",), allow_private=True)
    with serving(ok(b"hello")) as (url, requests):
        named = url.replace("127.0.0.1", "data.example.org")
        assert fetch(named, policy, resolver=resolving_to("127.0.0.1")) == b"hello"
    assert b"Host: data.example.org:" in requests[0]


def test_redirects_are_followed() -> None:
    with serving(moved("/there"), ok(b"hello")) as (url, requests):
        assert fetch(f"{url}/here", HERE) == b"hello"
    assert requests[1].startswith(b"GET /there ")


def test_a_redirect_gets_no_further_than_the_policy() -> None:
    with serving(moved("http://169.254.169.254/latest")) as (url, _):
        policy = AddressPolicy(("*",), own=(url.removeprefix("http://"),))
        with pytest.raises(OpenEOError, match=r"^UrlNotAllowed: .*169\.254"):
            fetch(url, policy)


def test_endless_redirects_end() -> None:
    with serving(*[moved("/again")] * 6) as (url, _), pytest.raises(OpenEOError, match="redirects"):
        fetch(url, HERE)


def test_an_announced_size_beyond_the_limit_is_refused() -> None:
    with serving(ok(b"x" * 100)) as (url, _), pytest.raises(OpenEOError, match="FileSizeExceeded"):
        fetch(url, HERE, max_bytes=99)


def test_an_unannounced_size_beyond_the_limit_is_refused() -> None:
    endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 100
    with serving(endless) as (url, _), pytest.raises(OpenEOError, match="FileSizeExceeded"):
        fetch(url, HERE, max_bytes=99)
    with serving(endless) as (url, _):
        assert fetch(url, HERE, max_bytes=100) == b"x" * 100


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"garbage\r\n\r\n",
        b"",
    ],
)
def test_what_is_no_sound_answer_is_not_available(answer: bytes) -> None:
    with serving(answer) as (url, _), pytest.raises(OpenEOError, match="UrlNotAvailable"):
        fetch(url, HERE)


def test_slow_drips_end_at_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        try:
            for _ in range(100):
                connection.sendall(b"H")
                time.sleep(0.05)
        except OSError:
            pass

    started = time.monotonic()
    with serving(drip) as (url, _), pytest.raises(OpenEOError, match="takes too long"):
        fetch(url, HERE, deadline=0.3)
    assert time.monotonic() - started < 10


def refused(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d Status\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def failure(answer: bytes) -> OpenEOError:
    """What comes of an answer."""
    with serving(answer) as (url, _), pytest.raises(OpenEOError) as caught:
        fetch(url, HERE)
    return caught.value


def test_a_backend_that_says_why_is_quoted() -> None:
    body = b'{"id": "7", "level": "error", "code": "NoDataAvailable", "message": "No data."}'
    said = failure(refused(424, body)).message
    assert said.endswith("it answers with status 424 (NoDataAvailable: No data).")


@pytest.mark.parametrize(
    "body",
    [b"<html>secret</html>", b"[" * 30_000, b'["secret"]', b'{"message": {"secret": 1}}', b"\xff"],
)
def test_nothing_else_is_quoted(body: bytes) -> None:
    assert failure(refused(500, body)).message.endswith("it answers with status 500.")


def test_a_quotation_is_short_and_of_one_line() -> None:
    said = failure(refused(400, b'{"message": "one\\n\\u001b[31mtwo%s"}' % (b"x" * 9000))).message
    assert "one[31mtwo" in said
    assert len(said) < 700


@pytest.mark.parametrize(
    ("answer", "away"),
    [
        (refused(503, b""), True),
        (refused(502, b""), True),
        (b"", True),
        (refused(500, b""), False),
        (refused(404, b""), False),
    ],
)
def test_a_server_that_may_come_back_is_told_from_one_that_refuses(
    answer: bytes, away: bool
) -> None:
    assert isinstance(failure(answer), Away) is away
