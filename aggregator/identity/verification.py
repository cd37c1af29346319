"""Whether a token is what it says: signed by its issuer, for us, now (RFC 7519, RFC 8725)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jwt

from aggregator.documents import JsonObject, is_number, text, texts
from aggregator.errors import TokenInvalid
from aggregator.identity.claims import Claims, client_in, name_in, values_in
from aggregator.identity.keys import EC_ALGORITHMS, RSA_ALGORITHMS, Key, KeySet
from aggregator.identity.tokens import Token

SUBJECT_LENGTH = 255
"""Longest subject. Source: OpenID Connect Core, section 2."""
TRIED = 8
"""Keys that are tried for a token that names none."""
LATEST = 10**12
"""Seconds since 1970 beyond which a time is none."""

_SIGNATURES = jwt.PyJWS(algorithms=[*RSA_ALGORITHMS, *EC_ALGORITHMS])


class UnknownKey(Exception):  # noqa: N818 - a question to whoever fetches keys, no failure yet
    """No key of the issuer that we know has signed the token; a newer one may have."""


@dataclass(frozen=True)
class Policy:
    """What is asked of tokens beside a signature. Empty `audience` and `parties` admit any."""

    audience: frozenset[str] = frozenset()
    parties: frozenset[str] = frozenset()
    leeway: float = 0.0
    entitlement_claims: tuple[str, ...] = ()
    subscription_claims: tuple[str, ...] = ()


def verify(token: Token, keys: KeySet, policy: Policy, now: float) -> Claims:
    """What a token of this issuer says of its user; `now` in seconds since 1970.

    Raises TokenInvalid, which says why, or UnknownKey.
    """
    check_origin(token, keys.issuer)
    _check_signature(token, keys)
    expires = _check_times(token.claims, policy.leeway, now)
    _check_recipient(token.claims, policy)
    return Claims(
        issuer=keys.issuer,
        subject=_subject(token.claims),
        expires=expires,
        client=client_in(token.claims),
        name=name_in(token.claims),
        entitlements=values_in(token.claims, policy.entitlement_claims),
        subscriptions=values_in(token.claims, policy.subscription_claims),
    )


def check_algorithm(token: Token) -> None:
    """Raises TokenInvalid for a token that no key of any issuer could have signed."""
    if token.algorithm not in (*RSA_ALGORITHMS, *EC_ALGORITHMS):
        raise TokenInvalid(
            "The bearer token is not signed by an algorithm that is taken here: "
            f"{', '.join((*RSA_ALGORITHMS, *EC_ALGORITHMS))}."
        )


def check_origin(token: Token, issuer: str) -> None:
    """Raises TokenInvalid if a token does not even say that it is from this issuer."""
    check_algorithm(token)
    if token.issuer != issuer:
        raise TokenInvalid(
            "The bearer token is of another issuer than the OpenID Connect provider it is sent "
            "for. Please log in with that provider."
        )


def has_expired(claims: Claims, leeway: float, now: float) -> bool:
    """Whether a token that was good is so no longer."""
    return now >= claims.expires + leeway


def _check_signature(token: Token, keys: KeySet) -> None:
    candidates = keys.candidates(token.key_id, token.algorithm)
    if any(_has_signed(key, token) for key in candidates[:TRIED]):
        return
    if not keys.knows(token.key_id):
        raise UnknownKey
    raise TokenInvalid("The signature of the bearer token is wrong.")


def _has_signed(key: Key, token: Token) -> bool:
    try:
        _SIGNATURES.decode_complete(token.raw, key.public, algorithms=[token.algorithm])
    except jwt.PyJWTError:
        return False
    return True


def _check_times(claims: JsonObject, leeway: float, now: float) -> float:
    expires = _moment(claims, "exp")
    if expires is None:
        raise TokenInvalid("The bearer token does not say when it expires (claim 'exp').")
    if now >= expires + leeway:
        raise TokenInvalid("The bearer token has expired. Please log in again.")
    begins = _moment(claims, "nbf")
    if begins is not None and now + leeway < begins:
        raise TokenInvalid("The bearer token is not valid yet (claim 'nbf').")
    return expires


def _moment(claims: JsonObject, name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if not is_number(value) or abs(value) > LATEST:
        raise TokenInvalid(f"The claim '{name}' of the bearer token must be a number of seconds.")
    return float(value)


def _check_recipient(claims: JsonObject, policy: Policy) -> None:
    if policy.audience and policy.audience.isdisjoint(_audience(claims)):
        raise TokenInvalid("The bearer token is not for this federation (claim 'aud').")
    if policy.parties and client_in(claims) not in policy.parties:
        raise TokenInvalid("The client that got the bearer token is not accepted (claim 'azp').")


def _audience(claims: JsonObject) -> Sequence[str]:
    one = text(claims, "aud")
    return [one] if one else texts(claims, "aud")


def _subject(claims: JsonObject) -> str:
    subject = text(claims, "sub")
    if not subject or len(subject) > SUBJECT_LENGTH or not subject.isprintable():
        raise TokenInvalid("The bearer token does not say who its user is (claim 'sub').")
    return subject
