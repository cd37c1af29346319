"""Connections over TLS, to nobody but who proves to be the backend."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aggregator.errors import BackendFailure, BackendTimeout, BackendUnavailable
from aggregator.upstream.client import Client, Limits, Request
from tests.fakes.backends import Play, RawServer
from tests.unit.upstream.exchanges import HEAD, ask, drip, repeatedly


def certificate(directory: Path) -> Path:
    """A certificate of 127.0.0.1 that vouches for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "terra")])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = directory / "terra.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def over_tls(file: Path, play: Play) -> Play:
    """The script behind a TLS handshake and a request."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def secured(peer: socket.socket) -> None:
        with context.wrap_socket(peer.dup(), server_side=True) as secure:
            secure.recv(65536)
            play(secure)

    return secured


class SecureServer(RawServer):
    """Plays its script at once: the handshake comes first."""

    def _serve(self, peer: socket.socket) -> None:
        try:
            self._play(peer)
        except OSError:
            peer.close()


@pytest.fixture
def secure(tmp_path: Path) -> Callable[[Play], SecureServer]:
    file = certificate(tmp_path)

    def serve(play: Play) -> SecureServer:
        server = SecureServer(over_tls(file, play))
        server.url = server.url.replace("http:", "https:")
        return server

    return serve


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(tmp_path / "terra.pem"))


def test_a_certificate_that_nobody_vouches_for_gets_no_request(
    secure: Callable[[Play], SecureServer],
) -> None:
    heard: list[bytes] = []
    request = Request("GET", "/jobs")
    with secure(lambda peer: heard.append(peer.recv(99))) as server:
        client = Client("terra", server.url)
        with pytest.raises(BackendUnavailable, match="TLS"):
            client.ask(request, "Bearer alice", deadline=5, limit=99)
    assert heard == []


@pytest.mark.usefixtures("trusted")
def test_a_backend_is_asked_over_tls(secure: Callable[[Play], SecureServer]) -> None:
    with secure(repeatedly) as server:
        client = Client("terra", server.url)
        assert [ask(client)["nr"] for _ in range(3)] == [0, 1, 2]


@pytest.mark.usefixtures("trusted")
def test_what_comes_unasked_over_tls_is_nobodys_answer(
    secure: Callable[[Play], SecureServer],
) -> None:
    def play(peer: socket.socket) -> None:
        first = HEAD + b"8000\r\n\r\n" + b'{"of": "alice"}'.ljust(8000)
        unasked = HEAD + b'14\r\n\r\n{"of": "mary"}'
        # In one record, of which what is read at once ends where the second answer begins.
        peer.sendall(first.ljust(8192) + unasked)
        peer.recv(65536)

    with secure(play) as server:
        client = Client("terra", server.url)
        assert [ask(client)["of"] for _ in range(2)] == ["alice", "alice"]


@pytest.mark.usefixtures("trusted")
def test_a_certificate_counts_for_its_own_host_only(
    secure: Callable[[Play], SecureServer],
) -> None:
    with secure(repeatedly) as server, pytest.raises(BackendUnavailable, match="TLS"):
        ask(Client("terra", server.url.replace("127.0.0.1", "localhost")))


@pytest.mark.usefixtures("trusted")
def test_a_drip_over_tls_ends_with_the_deadline(secure: Callable[[Play], SecureServer]) -> None:
    with secure(drip) as server:
        started = time.monotonic()
        with pytest.raises(BackendTimeout):
            ask(Client("terra", server.url, limits=Limits(1, 5)), deadline=0.5)
        assert time.monotonic() - started < 3


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("sent", [b"", HEAD + b"20\r\n\r\n{"], ids=["no answer", "half of it"])
def test_what_was_sent_may_have_been_done_where_its_secure_connection_breaks(
    secure: Callable[[Play], SecureServer], sent: bytes
) -> None:
    def play(peer: socket.socket) -> None:
        peer.sendall(sent)
        os.write(peer.fileno(), b"no record of TLS")

    with secure(play) as server, pytest.raises(BackendFailure, match="TLS broke off"):
        start = Request("POST", "/jobs/j-1/results")
        Client("terra", server.url).ask(start, deadline=5, limit=99)
