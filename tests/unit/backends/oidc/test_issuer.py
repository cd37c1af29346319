"""The keys of a provider: kept, looked for again, and not at an attacker's will."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from backends.errors import OpenEOError
from backends.oidc.issuer import Issuer, usable
from tests.fakes.issuers import ec_key, jwk, rsa_key
from tests.fakes.publishing import ISSUER, Publishing

DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
def there() -> Publishing:
    return Publishing()


@pytest.fixture
def issuer(there: Publishing) -> Issuer:
    return Issuer(ISSUER, deadline=5, fetch=there, now=lambda: there.now)


def ids(issuer: Issuer, kid: object = None) -> list[str | None]:
    return [key.key_id for key in issuer.keys(kid)]


def test_keys_are_fetched_once(issuer: Issuer, there: Publishing) -> None:
    for _ in range(5):
        assert ids(issuer, "k-0") == ["k-0"]
    assert there.asked == [DISCOVERY, "/keys"]


def test_a_key_that_is_new_is_found(issuer: Issuer, there: Publishing) -> None:
    ids(issuer)
    there.rotate(1)
    there.now += 10
    assert ids(issuer, "k-1") == ["k-1"]


def test_nobody_can_make_it_ask_often(issuer: Issuer, there: Publishing) -> None:
    ids(issuer)
    there.now += 10
    for number in range(100):
        assert ids(issuer, f"made-up-{number}") == []
    assert there.asked.count("/keys") == 2
    there.now += 10
    ids(issuer, "made-up")
    assert there.asked.count("/keys") == 3


def test_keys_are_looked_at_again_after_a_while(issuer: Issuer, there: Publishing) -> None:
    ids(issuer)
    there.rotate(1)
    there.now += 599
    assert ids(issuer) == ["k-0"]
    there.now += 1
    assert ids(issuer) == ["k-1"]


def test_known_keys_serve_on_while_the_provider_is_away(issuer: Issuer, there: Publishing) -> None:
    ids(issuer)
    there.away = True
    there.now += 6000
    for _ in range(10):
        assert ids(issuer, "k-0") == ["k-0"]
    assert there.asked.count(DISCOVERY) == 2


def test_a_provider_that_is_away_at_first_is_an_error_that_says_so(
    issuer: Issuer, there: Publishing
) -> None:
    there.away = True
    for _ in range(10):
        with pytest.raises(OpenEOError) as caught:
            issuer.keys(None)
        assert (caught.value.code, caught.value.status) == ("IdentityProviderUnavailable", 503)
        assert ISSUER in caught.value.message
        assert "It is away." in caught.value.message
        assert caught.value.headers == {"Retry-After": "5"}
    assert there.asked == [DISCOVERY]
    there.away = False
    there.now += 5
    assert ids(issuer) == ["k-0"]


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.example"},
        {"keys": []},
        {"keys": None},
        {"keys": "text"},
        {"keys": [3, {}, {"kty": "RSA"}, {"kty": "oct", "k": "c2VjcmV0"}]},
    ],
)
def test_what_makes_no_sense_is_no_answer(
    issuer: Issuer, there: Publishing, changes: dict[str, Any]
) -> None:
    there.changes = changes
    with pytest.raises(OpenEOError) as caught:
        issuer.keys(None)
    assert caught.value.code == "IdentityProviderUnavailable"


def test_only_keys_for_rsa_signatures_are_taken() -> None:
    keys = [
        jwk(rsa_key(0), "good"),
        jwk(rsa_key(0), "for encryption", use="enc"),
        jwk(rsa_key(0), "for another algorithm", alg="PS256"),
        jwk(ec_key(0), "elliptic"),
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
    ]
    assert [key.key_id for key in usable({"keys": keys})] == ["good"]


def test_many_requests_at_once_ask_once(there: Publishing) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slowly(url: str, deadline: float, token: str | None = None) -> dict[str, Any]:
        entered.set()
        assert leave.wait(10)
        return there(url, deadline, token)

    issuer = Issuer(ISSUER, deadline=5, fetch=slowly, now=lambda: there.now)
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(ids(issuer))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert entered.wait(10)
    leave.set()
    for thread in threads:
        thread.join(10)
    assert found == [["k-0"]] * 8
    assert there.asked == [DISCOVERY, "/keys"]


def test_a_user_is_asked_for_once(issuer: Issuer, there: Publishing) -> None:
    there.users["t"] = {"sub": "alice", "name": "Alice"}
    issuer.keys(None)
    for _ in range(3):
        assert issuer.userinfo("t") == {"sub": "alice", "name": "Alice"}
    assert there.asked.count("/me") == 1
