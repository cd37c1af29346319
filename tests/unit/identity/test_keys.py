"""Of a JWKS only keys count that can verify access tokens, each for its own algorithms."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from aggregator.identity.keys import EC_ALGORITHMS, KEYS, RSA_ALGORITHMS, read_keys
from tests.fakes.issuers import ec_key, jwk, rsa_key


def algorithms(entry: Any) -> list[tuple[str, ...]]:
    return [key.algorithms for key in read_keys("https://i", {"keys": [entry]}).keys]


def test_a_key_serves_what_its_kind_can_or_what_it_says() -> None:
    assert algorithms(jwk(rsa_key())) == [RSA_ALGORITHMS]
    assert algorithms(jwk(rsa_key(), alg="PS384", use="sig", key_ops=["verify"])) == [("PS384",)]
    assert algorithms(jwk(ec_key())) == [EC_ALGORITHMS]


PRIVATE = RSAAlgorithm.to_jwk(rsa_key(), as_dict=True)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        7,
        {},
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "k-1"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {"kty": "RSA", "n": "AQAB", "e": "!"},
        {"kty": "RSA", "n": 5, "e": []},
        {"kty": "RSA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": ["RSA"]},
        jwk(rsa_key(), alg="HS256"),
        jwk(rsa_key(), alg="none"),
        jwk(rsa_key(), alg="RSA-OAEP"),
        jwk(rsa_key(), alg="ES256"),
        jwk(rsa_key(), use="enc"),
        jwk(rsa_key(), key_ops=["encrypt"]),
        jwk(rsa_key(0, 1024)),
        jwk(ec_key(0, "secp384r1")),
        jwk(ec_key(), crv="P-384"),
        {k: v for k, v in PRIVATE.items() if k != "key_ops"},
        jwk(rsa_key()) | {"e": "AQAAAAAAAAAAAQ"},
    ],
)
def test_a_key_that_cannot_verify_access_tokens_is_passed_over(entry: Any) -> None:
    assert algorithms(entry) == []


def test_keys_are_found_by_their_ids() -> None:
    document = {"keys": [jwk(rsa_key(0), "a"), jwk(rsa_key(1), "b"), jwk(ec_key(), "e")]}
    keys = read_keys("https://i", document)
    assert [key.id for key in keys.candidates("b", "RS256")] == ["b"]
    assert [key.id for key in keys.candidates(None, "RS256")] == ["a", "b"]
    assert keys.candidates("e", "RS256") == [] == keys.candidates("x", "RS256")
    assert keys.knows("e") and not keys.knows("x") and not keys.knows(None)


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": "x"}])
def test_a_document_without_keys_has_none(document: Any) -> None:
    assert read_keys("https://i", document).keys == ()


def test_of_endless_keys_only_the_first_are_read() -> None:
    document = {"keys": [None] * KEYS + [jwk(rsa_key())]}
    assert read_keys("https://i", document).keys == ()
    assert isinstance(read_keys("i", {"keys": document["keys"][1:]}).keys[0].public, RSAPublicKey)
