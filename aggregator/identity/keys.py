"""An issuer's public keys (JWKS, RFC 7517), each with the algorithms that it serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from aggregator.documents import JsonObject, array, is_object, text

RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
EC_ALGORITHMS = ("ES256",)
RSA_BITS = (2048, 8192)
"""Fewer are weak, more take long to check."""
EXPONENT = 2**32
"""A public exponent is below: a large one makes every check slow."""
KEYS = 100
"""More of a set are not read."""

PublicKey = RSAPublicKey | EllipticCurvePublicKey


@dataclass(frozen=True)
class Key:
    """A public key, its id if it has one, and the algorithms it may be used with."""

    public: PublicKey
    algorithms: tuple[str, ...]
    id: str | None = None


@dataclass(frozen=True)
class KeySet:
    """The keys of an issuer, whose name is spelt as its own discovery document spells it."""

    issuer: str
    keys: tuple[Key, ...] = field(repr=False)

    def candidates(self, key_id: str | None, algorithm: str) -> Sequence[Key]:
        """The keys that a token may be signed with: those it names, or all if it names none."""
        return [
            key
            for key in self.keys
            if algorithm in key.algorithms and (key_id is None or key.id == key_id)
        ]

    def knows(self, key_id: str | None) -> bool:
        """Whether there is a key of that id; None is no id."""
        return key_id is not None and any(key.id == key_id for key in self.keys)


def read_keys(issuer: str, document: JsonObject) -> KeySet:
    """The keys of a JWKS that can verify access tokens.

    Others are passed over: symmetric ones, those for encryption, weak ones, private ones that were
    published by mistake, and such as cannot be read.
    """
    found = [_key(entry) for entry in array(document, "keys")[:KEYS]]
    return KeySet(issuer, tuple(key for key in found if key is not None))


def _key(entry: Any) -> Key | None:
    if not is_object(entry) or text(entry, "use", "sig") != "sig":
        return None
    operations = array(entry, "key_ops")
    if operations and "verify" not in operations:
        return None
    allowed = _ALLOWED.get(text(entry, "kty"), ())
    stated = text(entry, "alg")
    algorithms = tuple(name for name in allowed if stated in ("", name))
    public = _public(entry, algorithms[0]) if algorithms else None
    return None if public is None else Key(public, algorithms, text(entry, "kid") or None)


_ALLOWED = {"RSA": RSA_ALGORITHMS, "EC": EC_ALGORITHMS}


def _public(entry: JsonObject, algorithm: str) -> PublicKey | None:
    try:
        key: object = jwt.PyJWK(dict(entry), algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        return None
    if isinstance(key, RSAPublicKey):
        least, most = RSA_BITS
        usable = least <= key.key_size <= most and key.public_numbers().e < EXPONENT
        return key if usable else None
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    return None
