"""An issuer of tokens: its keys, what it publishes of them, and tokens of every kind."""

from __future__ import annotations

import functools
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.fakes.backends import FakeBackend

NOW = 1_700_000_000
DISCOVERY = "GET /realm/.well-known/openid-configuration"
JWKS = "GET /realm/keys"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@functools.cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key of that number, made once."""
    return rsa.generate_private_key(65537, bits)


@functools.cache
def ec_key(number: int = 0, curve: str = "secp256r1") -> ec.EllipticCurvePrivateKey:
    """A key of that number, made once."""
    curves = {"secp256r1": ec.SECP256R1, "secp384r1": ec.SECP384R1}
    return ec.generate_private_key(curves[curve]())


def jwk(key: PrivateKey, kid: str | None = None, **more: Any) -> dict[str, Any]:
    """The public half as an entry of a JWKS."""
    if isinstance(key, rsa.RSAPrivateKey):
        found = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        found = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    found = {name: value for name, value in found.items() if name != "key_ops"}
    return found | ({"kid": kid} if kid else {}) | more


def claims(issuer: str, **changed: Any) -> dict[str, Any]:
    """The claims of a token for an hour from NOW; a claim of None is left out."""
    usual = {"iss": issuer, "sub": "u-1", "aud": "openeo", "iat": NOW, "exp": NOW + 3600}
    return {name: value for name, value in (usual | changed).items() if value is not None}


def signed(
    said: dict[str, Any],
    key: Any,
    algorithm: str = "RS256",
    kid: str | None = "k-1",
    **header: Any,
) -> str:
    """A token with these claims."""
    named = {"kid": kid} if kid else {}
    payload = json.dumps(said).encode()
    return jwt.PyJWS().encode(payload, key, algorithm, headers=named | header)


class Issuer:
    """Publishes its discovery document and keys at https://id.test/realm, and signs tokens."""

    def __init__(self, host: str = "https://id.test") -> None:
        self.host, self.url = host, f"{host}/realm"
        self.current = "k-1"
        self.private: dict[str, PrivateKey] = {"k-1": rsa_key(0)}
        self.app = FakeBackend({})
        self.publish()

    def publish(self, **discovery: Any) -> None:
        """Publish the present keys."""
        document = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"} | discovery
        self.app.answers[DISCOVERY] = document
        self.app.answers[JWKS] = {"keys": [jwk(key, kid) for kid, key in self.private.items()]}

    def rotate(self, kid: str, number: int) -> None:
        """Sign by a new key from now on, and publish it alone."""
        self.private, self.current = {kid: rsa_key(number)}, kid
        self.publish()

    def token(self, **said: Any) -> str:
        """A good token with these claims."""
        return signed(claims(self.url, **said), self.private[self.current], kid=self.current)

    @property
    def fetches(self) -> int:
        """How often its keys were fetched."""
        return len(self.app.asked("GET", "/realm/keys"))


def document_of(issuer: Issuer) -> dict[str, Any]:
    """The JWKS as it is published, to be changed."""
    copied: dict[str, Any] = json.loads(json.dumps(issuer.app.answers[JWKS]))
    return copied
