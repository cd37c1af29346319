"""JSON web tokens as an attacker makes them: byte by byte, with whatever signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

Signer = Callable[[bytes], bytes]


def forge(header: Mapping[str, Any], claims: Mapping[str, Any], sign: Signer) -> str:
    """A token of that header and those claims, signed by whatever `sign` does."""
    head, body = (encoded(json.dumps(part).encode()) for part in (header, claims))
    return f"{head}.{body}.{encoded(sign(f'{head}.{body}'.encode()))}"


def unsigned(_message: bytes) -> bytes:
    """No signature at all."""
    return b""


def hmac_with(secret: bytes) -> Signer:
    """A signature with a secret, which may be a public key taken for one."""
    return lambda message: hmac.new(secret, message, hashlib.sha256).digest()


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token, whoever has signed it."""
    header, claims, _ = token.split(".")
    return json.loads(decoded(header)), json.loads(decoded(claims))


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
