"""What only this backend can have written: access tokens and signed links."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import jwt

from backends.errors import OpenEOError
from backends.jobs.records import Job

RESULTS: Final = "results"
"""The purpose of links to the results of a job."""
TOKEN_LIFETIME: Final = timedelta(days=1)
ALGORITHM: Final = "HS256"


class Tokens:
    """Access tokens: JWTs that name a user and expire after a day."""

    def __init__(self, key: bytes, issuer: str, clock: Callable[[], datetime]) -> None:
        self._key = key
        self._issuer = issuer
        self._clock = clock

    def issue(self, user: str) -> str:
        """A token for that user."""
        now = self._clock()
        claims = {
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": user,
            "iat": int(now.timestamp()),
            "exp": int((now + TOKEN_LIFETIME).timestamp()),
        }
        return jwt.encode(claims, self._key, ALGORITHM)

    def user_of(self, token: str) -> str:
        """Whose token it is; raises ``TokenInvalid`` for any other or an expired one."""
        claims = _claims(token, self._key, audience=self._issuer)
        if claims is None:
            raise _refused("The access token is not one of this backend. Please log in again.")
        if claims["exp"] <= self._clock().timestamp():
            raise _refused("The access token has expired. Please log in again.")
        return str(claims["sub"])


class LinkSigner:
    """Signs what a link grants, so that the link works without logging in, for a time."""

    def __init__(self, key: bytes, clock: Callable[[], datetime]) -> None:
        self._key = key
        self._clock = clock

    def sign(self, purpose: str, content: dict[str, Any], lifetime: timedelta) -> str:
        """A text for a URL that stands for ``content`` and is good for ``purpose`` only."""
        expires = int((self._clock() + lifetime).timestamp())
        return jwt.encode({**content, "aud": purpose, "exp": expires}, self._key, ALGORITHM)

    def read(self, purpose: str, signed: str) -> dict[str, Any]:
        """What was signed; raises ``TokenInvalid`` or, when too old, ``ResultLinkExpired``."""
        content = _claims(signed, self._key, audience=purpose)
        if content is None:
            raise _refused("The signature of this link is not valid. Please request a new link.")
        if content["exp"] <= self._clock().timestamp():
            raise OpenEOError(
                "ResultLinkExpired", "The link has expired. Please request the results again."
            )
        return content


def signed_results(signer: LinkSigner, api_url: str, job: Job, lifetime: timedelta) -> str:
    """The URL at which whoever has it can read the job's results, of this run only."""
    signed = signer.sign(RESULTS, {"job": job.id, "attempt": job.order}, lifetime)
    return f"{api_url}/results/{signed}"


def _claims(token: str, key: bytes, *, audience: str) -> dict[str, Any] | None:
    # The times are held against the clock that was handed in, not the library's.
    options = {"verify_exp": False, "verify_iat": False, "require": ["exp", "aud"]}
    try:
        return jwt.decode(token, key, [ALGORITHM], audience=audience, options=options)  # type: ignore[arg-type,unused-ignore]
    except jwt.InvalidTokenError:
        return None


def _refused(message: str) -> OpenEOError:
    return OpenEOError("TokenInvalid", message)
