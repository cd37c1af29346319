"""A JSON Web Token read apart (RFC 7515, 7519); nothing of it is believed yet."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from aggregator.documents import JsonObject, is_object, text
from aggregator.errors import TokenInvalid

LENGTH = 32 * 1024
"""Characters that a token may have."""

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Token:
    """A token's parts; `raw` is what was signed and how."""

    raw: str = field(repr=False)
    header: JsonObject = field(repr=False)
    claims: JsonObject = field(repr=False)

    @property
    def algorithm(self) -> str:
        """The algorithm it says it is signed by."""
        return text(self.header, "alg")

    @property
    def key_id(self) -> str | None:
        """The key it names; None if it names none."""
        return text(self.header, "kid") or None

    @property
    def issuer(self) -> str:
        """Who it says it is from."""
        return text(self.claims, "iss")


def read_token(raw: str) -> Token:
    """The parts of a token. Raises TokenInvalid for what is no JWT, or a doubtful one.

    Doubtful are a name that stands twice, numbers that are none, and another use of a JWT than as
    an access token.
    """
    if len(raw) > LENGTH:
        raise TokenInvalid(f"The bearer token is longer than {LENGTH} characters.")
    if not _COMPACT.fullmatch(raw):
        raise TokenInvalid(
            "The bearer token is neither a login of this federation nor a JSON Web Token (JWT), "
            "which has three parts with a dot between them. Please log in again."
        )
    header, claims, _ = raw.split(".")
    token = Token(raw, _object(header), _object(claims))
    _check_header(token.header)
    return token


def _check_header(header: JsonObject) -> None:
    if "crit" in header or "b64" in header:
        raise TokenInvalid("The bearer token asks for extensions of JWT that are not known here.")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in _KINDS:
        raise TokenInvalid("The bearer token is a JSON Web Token (JWT), but no access token.")
    if "kid" in header and not isinstance(header["kid"], str):
        raise _malformed()


_KINDS = ("jwt", "at+jwt")


def _object(encoded: str) -> JsonObject:
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_")
        orjson.loads(decoded)  # which is strict with numbers and characters
        found = json.loads(decoded, object_pairs_hook=_unique)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _malformed() from error
    if not is_object(found):
        raise _malformed()
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _malformed() -> TokenInvalid:
    return TokenInvalid(
        "The bearer token cannot be read: it is not a well-formed JSON Web Token (JWT)."
    )
