"""Issuers' keys: fetched once, kept while the issuer is down, looked for again but not at will."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aggregator.errors import IdentityProviderUnavailable
from aggregator.settings import Identity
from aggregator.upstream.client import Client, Limits
from aggregator.upstream.issuers import DOCUMENT_BYTES, Issuers
from tests.fakes.backends import Call, RawServer, Reply, says
from tests.fakes.clock import Clock
from tests.fakes.issuers import JWKS, Issuer, document_of, jwk, rsa_key
from tests.fakes.transports import WsgiAdapter

TIMES = Identity(deadline=5.0, key_refresh_interval=600, unknown_key_interval=30)


class Outside:
    """Issuers over scripted ones."""

    def __init__(self, *published: Issuer, directory: Path | None = None) -> None:
        self.adapter = WsgiAdapter({issuer.host: issuer.app for issuer in published})
        self.clock = Clock()
        self.issuers = self.again(directory)

    def again(self, directory: Path | None) -> Issuers:
        """Another process of the same federation."""

        def connect(name: str, origin: str) -> Client:
            return Client(name, origin, transport=lambda: self.adapter)

        return Issuers(connect, TIMES, directory=directory, clock=self.clock)

    def down(self, issuer: Issuer) -> None:
        self.adapter.down.add(issuer.host)

    def up(self, issuer: Issuer) -> None:
        self.adapter.down.discard(issuer.host)


def key_ids(found: Any) -> list[str | None]:
    return [key.id for key in found.keys]


def test_keys_are_fetched_once_and_named_as_the_issuer_spells_itself() -> None:
    issuer = Issuer()
    issuer.publish(issuer="https://id.test/realm/")
    outside = Outside(issuer)
    first = outside.issuers.keys(issuer.url)
    assert (first.issuer, key_ids(first)) == ("https://id.test/realm/", ["k-1"])
    assert outside.issuers.keys(issuer.url) is first
    assert issuer.fetches == 1


def test_a_rotated_key_is_found_at_once() -> None:
    issuer = Issuer()
    outside = Outside(issuer)
    old = outside.issuers.keys(issuer.url)
    issuer.rotate("k-2", 1)
    new = outside.issuers.newer(issuer.url, old)
    assert key_ids(new) == ["k-2"]
    assert outside.issuers.keys(issuer.url) is new


def test_however_many_ask_for_unknown_keys_the_issuer_is_asked_once_per_interval() -> None:
    issuer = Issuer()
    outside = Outside(issuer)
    keys = outside.issuers.keys(issuer.url)
    for _ in range(3):
        for _ in range(100):
            assert outside.issuers.newer(issuer.url, keys) is keys
        outside.clock.advance(30)
    assert issuer.fetches == 1 + 3


def test_many_threads_that_ask_at_the_same_time_cause_one_fetch() -> None:
    issuer = Issuer()
    outside = Outside(issuer)
    old = outside.issuers.keys(issuer.url)
    issuer.rotate("k-2", 1)
    published, waiting = issuer.app.answers[JWKS], threading.Semaphore(0)
    release = threading.Event()

    def slow(call: Call) -> Any:
        waiting.release()
        assert release.wait(5)
        return published

    issuer.app.answers[JWKS] = slow
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(outside.issuers.newer(issuer.url, old)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    assert waiting.acquire(timeout=30)
    release.set()
    for thread in threads:
        thread.join(5)
    assert [key_ids(keys) for keys in found] == [["k-2"]] * 8
    assert issuer.fetches == 2


def test_keys_stay_while_their_issuer_is_down_and_are_renewed_when_it_is_back() -> None:
    issuer = Issuer()
    outside = Outside(issuer)
    keys = outside.issuers.keys(issuer.url)
    outside.down(issuer)
    outside.clock.advance(10_000)
    outside.issuers.refresh([issuer.url])
    assert outside.issuers.keys(issuer.url) is keys
    assert outside.issuers.newer(issuer.url, keys) is keys
    outside.up(issuer)
    issuer.rotate("k-2", 1)
    outside.clock.advance(10)
    outside.issuers.refresh([issuer.url])
    assert key_ids(outside.issuers.keys(issuer.url)) == ["k-2"]


def test_keys_that_have_not_changed_stay_the_same_object_so_that_tokens_stay_verified() -> None:
    issuer = Issuer()
    outside = Outside(issuer)
    keys = outside.issuers.keys(issuer.url)
    outside.clock.advance(601)
    outside.issuers.refresh([issuer.url])
    assert issuer.fetches == 2
    assert outside.issuers.keys(issuer.url) is keys


def test_an_issuer_is_looked_at_again_only_when_that_is_due() -> None:
    issuer = Issuer()
    outside = Outside(issuer)
    for _ in range(5):
        outside.issuers.refresh([issuer.url])
    outside.clock.advance(599)
    outside.issuers.refresh([issuer.url])
    assert issuer.fetches == 1


def test_an_issuer_that_has_just_failed_is_not_waited_for_again() -> None:
    issuer = Issuer()
    outside = Outside(issuer)
    outside.down(issuer)
    for _ in range(10):
        with pytest.raises(IdentityProviderUnavailable) as caught:
            outside.issuers.keys(issuer.url)
    assert len(outside.adapter.asked) == 1
    error = caught.value
    assert (error.status, error.headers["Retry-After"]) == (503, "5")
    assert issuer.url in error.message and "It cannot be reached." in error.message
    outside.up(issuer)
    outside.clock.advance(5)
    assert outside.issuers.keys(issuer.url).keys


def test_keys_outlive_a_restart_while_the_issuer_is_down(tmp_path: Path) -> None:
    issuer = Issuer()
    outside = Outside(issuer, directory=tmp_path)
    outside.issuers.keys(issuer.url)
    outside.down(issuer)
    assert key_ids(outside.again(tmp_path).keys(issuer.url)) == ["k-1"]
    for file in tmp_path.iterdir():
        file.write_bytes(b"spoilt")
    with pytest.raises(IdentityProviderUnavailable):
        outside.again(tmp_path).keys(issuer.url)


def broken(change: Callable[[Issuer], Any]) -> str:
    """What is said of an issuer that publishes something wrong."""
    issuer = Issuer()
    change(issuer)
    with pytest.raises(IdentityProviderUnavailable) as caught:
        Outside(issuer).issuers.keys(issuer.url)
    return caught.value.message


@pytest.mark.parametrize(
    ("discovery", "said"),
    [
        ({"issuer": "https://evil.test/realm"}, "another issuer"),
        ({"issuer": None}, "another issuer"),
        ({"issuer": ["https://id.test/realm"]}, "another issuer"),
        ({"jwks_uri": None}, "by https"),
        ({"jwks_uri": "http://id.test/realm/keys"}, "by https"),
        ({"jwks_uri": "https://u:p@id.test/realm/keys"}, "no usable address"),
        ({"jwks_uri": "https:///keys"}, "no usable address"),
        ({"jwks_uri": "https://[broken/keys"}, "no usable address"),
        ({"jwks_uri": "https://nowhere.test/keys"}, "cannot be reached"),
        ({"jwks_uri": "https://id.test/other"}, "cannot be used"),
    ],
)
def test_a_discovery_document_that_leads_astray_is_not_followed(
    discovery: dict[str, Any], said: str
) -> None:
    assert said in broken(lambda issuer: issuer.publish(**discovery))


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"keys": None},
        {"keys": []},
        {"keys": [None, 7, "x", {"kty": "oct", "k": "AA"}]},
        [],
        Reply(200, headers={"Content-Type": "text/html"}, body=[b"<html>"]),
        Reply(200, headers={"Content-Type": "application/json"}, body=[b'{"keys": [']),
        Reply(500, {"code": "Internal", "message": "No."}),
        Reply(302, headers={"Location": "file:///etc/passwd"}),
        Reply(302, headers={"Location": "http://id.test/realm/keys"}),
        Reply(
            200,
            headers={"Content-Type": "application/json"},
            body=[b'{"keys": [', b" " * DOCUMENT_BYTES, b"]}"],
        ),
    ],
)
def test_garbage_for_keys_is_no_keys_and_spoils_none(answer: Any) -> None:
    assert "cannot be" in broken(lambda issuer: issuer.app.answers.update({JWKS: answer}))
    issuer = Issuer()
    outside = Outside(issuer)
    keys = outside.issuers.keys(issuer.url)
    issuer.app.answers[JWKS] = answer
    assert outside.issuers.newer(issuer.url, keys) is keys


def test_of_a_set_the_keys_that_can_be_used_are_taken() -> None:
    issuer = Issuer()
    document = document_of(issuer)
    document["keys"] += [{"kty": "oct", "k": "AA"}, jwk(rsa_key(2), "k-3"), {"kty": "new"}]
    issuer.app.answers[JWKS] = document
    assert key_ids(Outside(issuer).issuers.keys(issuer.url)) == ["k-1", "k-3"]


@contextmanager
def dripping() -> Iterator[str]:
    """An issuer that never ends its answer."""

    def play(peer: Any) -> None:
        says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{")(peer)
        while not server.stopped.wait(0.02):
            peer.sendall(b" ")

    server = RawServer(play)
    with server:
        yield server.url


def test_an_endless_answer_ends_with_the_deadline() -> None:
    with dripping() as url:
        times = Identity(deadline=0.4)

        def connect(name: str, origin: str) -> Client:
            return Client(name, origin, limits=Limits(1, 1))

        issuers = Issuers(connect, times, directory=None, clock=Clock())
        with pytest.raises(IdentityProviderUnavailable, match="in time"):
            issuers.keys(url)


def test_in_the_background_keys_are_there_before_anybody_asks() -> None:
    issuer = Issuer()
    outside = Outside(issuer)
    fetched, published = threading.Event(), issuer.app.answers[JWKS]

    def tell(call: Call) -> Any:
        fetched.set()
        return published

    issuer.app.answers[JWKS] = tell
    known: list[str] = []
    outside.issuers.start(lambda: known)
    try:
        known.append(issuer.url)
        outside.issuers.wake()
        assert fetched.wait(5)
    finally:
        outside.issuers.stop()
    assert key_ids(outside.issuers.keys(issuer.url)) == ["k-1"]
    assert issuer.fetches == 1
