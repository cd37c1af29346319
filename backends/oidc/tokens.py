"""Whether an access token is good: signed by its issuer with RS256, for this backend, now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import jwt

from backends.errors import OpenEOError
from backends.oidc.issuer import Issuer
from backends.oidc.providers import OidcProvider

LEEWAY: Final = 30.0
"""Seconds by which the clocks of a provider and of this machine may differ."""
ALGORITHM: Final = "RS256"
TRIED: Final = 8
"""Keys that are tried for a token that names none."""
TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_LATEST: Final = 1e12

# All but the signature is checked here, against the clock that was handed in.
_OPTIONS: Final[Any] = {
    **dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss"), False),
    "verify_sub": False,
    "verify_jti": False,
}


@dataclass(frozen=True)
class Bearer:
    """Whom a good token speaks for."""

    user_id: str
    provider: OidcProvider
    claims: Mapping[str, Any]
    token: str = field(repr=False)


def claimed_issuer(token: str) -> object:
    """Who is said to have signed the token; None for what is no token."""
    try:
        return jwt.decode(token, options={"verify_signature": False}).get("iss")
    except jwt.PyJWTError:
        return None


def verify(
    token: str, provider: OidcProvider, issuer: Issuer, clock: Callable[[], datetime]
) -> Bearer:
    """The bearer of a token of that provider.

    Raises ``TokenInvalid`` with the reason, or ``IdentityProviderUnavailable``.
    """
    header = _header(token)
    claims = _signed(token, issuer, header.get("kid"))
    if claims.get("iss") != provider.issuer:
        raise _refused(f"is not of the issuer {provider.issuer}")
    _check_times(claims, clock().timestamp())
    _check_audience(claims.get("aud"), provider.audience)
    return Bearer(provider.user_prefix + _subject(claims), provider, claims, token)


def _header(token: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise _refused("is no JSON Web Token") from None
    if header.get("alg") != ALGORITHM:
        raise _refused(f"is not signed with {ALGORITHM}")
    if str(header.get("typ", "JWT")).lower() not in TYPES:
        raise _refused("is no access token")
    return header


def _signed(token: str, issuer: Issuer, kid: object) -> dict[str, Any]:
    for key in issuer.keys(kid)[:TRIED]:
        try:
            claims: dict[str, Any] = jwt.decode(token, key.key, [ALGORITHM], options=_OPTIONS)
        except jwt.PyJWTError:
            continue
        return claims
    raise _refused("is not signed with a key of its issuer")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    if now >= _moment(claims, "exp") + LEEWAY:
        raise _refused("has expired")
    if "nbf" in claims and now + LEEWAY < _moment(claims, "nbf"):
        raise _refused("is not valid yet")


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LATEST:
        raise _refused(f"has no time in seconds as claim '{name}'")
    return float(value)


def _check_audience(said: object, wanted: tuple[str, ...]) -> None:
    audience = said if isinstance(said, list) else [said]
    if wanted and not any(one in wanted for one in audience):
        raise _refused(f"is not for this backend, whose audience is {' or '.join(wanted)}")


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise _refused("does not say who its user is (claim 'sub')")
    return subject


def _refused(reason: str) -> OpenEOError:
    return OpenEOError("TokenInvalid", f"The access token {reason}. Please log in again.")
