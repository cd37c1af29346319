"""What a provider publishes: its keys, which are kept, and what it says of a token's user.

A token can name any key, so an unknown one is looked for at most once in a while;
and a provider that has just failed is not waited for by one request after the other.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, Protocol

import jwt
from cachetools import TTLCache

from backends.addresses import AddressPolicy, answered, body, unavailable
from backends.errors import OpenEOError

KEEP_SECONDS: Final = 600.0
"""Keys are looked at again after that time."""
UNKNOWN_KEY_SECONDS: Final = 10.0
"""At most once in that time somebody looks for a key that is not known."""
RETRY_SECONDS: Final = 5.0
"""A provider that failed is not asked again for that time."""
USERINFO_SECONDS: Final = 300.0
USERINFO_KEPT: Final = 1000
MAX_BYTES: Final = 1 << 20
DISCOVERY: Final = "/.well-known/openid-configuration"

# The operator chose the provider, wherever it lies. It answers itself: no redirect is followed,
# by which another could speak for it or get a user's token.
_POLICY: Final = AddressPolicy(("*",), allow_private=True)


class Fetch(Protocol):
    """Gets a JSON object from a URL, with the token as Bearer token if there is one.

    Raises ``OpenEOError`` where nothing sound comes back in time.
    """

    def __call__(self, url: str, deadline: float, token: str | None = None) -> dict[str, Any]: ...


def fetch_json(url: str, deadline: float, token: str | None = None) -> dict[str, Any]:
    """A ``Fetch`` over HTTP."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with answered(url, _POLICY, deadline, headers=headers, redirects=0) as answer:
        if answer.status != 200:
            raise unavailable(url, f"it answers with status {answer.status}")
        content = body(url, answer, MAX_BYTES)
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise unavailable(url, "it is no JSON object")
    return document


class Issuer:
    """One provider as it shows itself to the world."""

    def __init__(
        self,
        url: str,
        *,
        deadline: float,
        fetch: Fetch = fetch_json,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._deadline = deadline
        self._fetch = fetch
        self._now = now
        self._lock = threading.Lock()
        self._configuration: Mapping[str, Any] = {}
        self._keys: Sequence[jwt.PyJWK] = ()
        self._fetched: float | None = None
        self._tried: float | None = None
        self._failure = ""
        self._said: TTLCache[str, Mapping[str, Any]] = TTLCache(USERINFO_KEPT, USERINFO_SECONDS)

    def keys(self, kid: object) -> Sequence[jwt.PyJWK]:
        """The keys that may have signed a token that names this key, or none; often one.

        Raises ``OpenEOError`` where the provider does not answer and its keys are
        not known from before.
        """
        if not self._is_recent(self._fetched, KEEP_SECONDS):
            self._look(RETRY_SECONDS)
        if not self._keys:
            raise self._unavailable()
        found = self._named(kid)
        if not found:
            self._look(UNKNOWN_KEY_SECONDS)
            found = self._named(kid)
        return found

    def userinfo(self, token: str) -> Mapping[str, Any]:
        """What the provider says of the token's user; raises as ``keys`` does."""
        name = sha256(token.encode()).hexdigest()
        with self._lock:
            known = self._said.get(name)
        if known is not None:
            return known
        endpoint = self._configuration.get("userinfo_endpoint")
        if not isinstance(endpoint, str):
            return {}
        try:
            said = self._fetch(endpoint, self._deadline, token)
        except OpenEOError as error:
            raise self._unavailable(error.message) from None
        with self._lock:
            self._said[name] = said
        return said

    def _named(self, kid: object) -> Sequence[jwt.PyJWK]:
        if kid is None:
            return self._keys
        return [key for key in self._keys if key.key_id == kid]

    def _is_recent(self, moment: float | None, seconds: float) -> bool:
        return moment is not None and self._now() - moment < seconds

    def _look(self, pause: float) -> None:
        """Fetch the keys, unless somebody did so a moment ago; the old ones stay if that fails."""
        if not self._lock.acquire(timeout=self._deadline):
            return
        try:
            if not self._is_recent(self._tried, pause):
                self._tried = self._now()
                self._get()
        finally:
            self._lock.release()

    def _get(self) -> None:
        ends = self._now() + self._deadline
        try:
            configuration = self._fetch(self._url + DISCOVERY, self._deadline)
            if configuration.get("issuer") != self._url:
                raise OpenEOError("UrlNotAvailable", "It says that it is another issuer.")
            jwks = self._fetch(str(configuration.get("jwks_uri")), max(ends - self._now(), 0.01))
            self._keys = usable(jwks)
        except OpenEOError as error:
            self._failure = error.message
            return
        self._configuration, self._fetched = configuration, self._now()

    def _unavailable(self, reason: str = "") -> OpenEOError:
        return OpenEOError(
            "IdentityProviderUnavailable",
            f"The OpenID Connect provider {self._url} cannot be asked whose token this is. "
            f"{reason or self._failure} Please try again later.",
            headers={"Retry-After": str(int(RETRY_SECONDS))},
        )


def usable(jwks: Mapping[str, Any]) -> Sequence[jwt.PyJWK]:
    """Those of the keys that can sign with RS256; raises ``OpenEOError`` if there are none."""
    listed = jwks.get("keys")
    found = []
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA":
            continue
        if entry.get("use", "sig") != "sig" or entry.get("alg", "RS256") != "RS256":
            continue
        try:
            found.append(jwt.PyJWK(entry, algorithm="RS256"))
        except jwt.PyJWTError:
            continue  # the others may be all right
    if not found:
        raise OpenEOError("UrlNotAvailable", "It publishes no RSA key for signatures.")
    return found
