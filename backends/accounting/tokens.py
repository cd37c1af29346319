"""A token of the issuer, by the backend's own credentials (OAuth 2.0, client credentials)."""

import time
from collections.abc import Callable
from typing import Any, Final

from backends.accounting.configuration import Accounting
from backends.accounting.exchange import Exchange, UnreachableError

LIFETIME: Final = 300.0
"""Seconds that a token is used of which the issuer does not say how long it lives."""
MARGIN: Final = 0.1
"""The share of its life that a token is not used for any more."""


class Tokens:
    """Fetches tokens when they are needed, and keeps them while they live."""

    def __init__(
        self,
        accounting: Accounting,
        exchange: Exchange,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounting = accounting
        self._exchange = exchange
        self._clock = clock
        self._token = ""
        self._until = float("-inf")

    def token(self) -> str:
        """A token that lives; raises ``UnreachableError`` where the issuer gives none."""
        if self._clock() >= self._until:
            asked_at = self._clock()
            answer = self._ask()
            lifetime = answer.get("expires_in")
            if isinstance(lifetime, bool) or not isinstance(lifetime, int | float):
                lifetime = LIFETIME
            self._token = str(answer["access_token"])
            self._until = asked_at + lifetime * (1 - MARGIN)
        return self._token

    def forget(self) -> None:
        """Fetch another one next time: this one was refused."""
        self._until = float("-inf")

    def _ask(self) -> dict[str, Any]:
        try:
            secret = self._accounting.secret()
        except OSError as error:
            raise UnreachableError(f"the client's secret cannot be read: {error}") from error
        form = {
            "grant_type": "client_credentials",
            "client_id": self._accounting.client_id,
            "client_secret": secret,
            "scope": "openid",
        }
        status, answer = self._exchange.post(self._endpoint(), form=form)
        if status != 200 or not isinstance(answer, dict) or not answer.get("access_token"):
            reason = answer.get("error") if isinstance(answer, dict) else None
            raise UnreachableError(f"the issuer gives no token (HTTP {status}, {reason})")
        return answer

    def _endpoint(self) -> str:
        """The issuer's token endpoint, from its discovery document."""
        issuer = self._accounting.issuer
        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        status, found = self._exchange.get(address)
        if status != 200 or not isinstance(found, dict):
            raise UnreachableError(f"the issuer does not describe itself (HTTP {status})")
        endpoint = found.get("token_endpoint")
        if str(found.get("issuer")).rstrip("/") != issuer.rstrip("/"):
            raise UnreachableError(f"at {issuer} there is another issuer, {found.get('issuer')!r}")
        if not isinstance(endpoint, str) or not endpoint.startswith(("https://", "http://")):
            raise UnreachableError("the issuer names no token endpoint")
        return endpoint
