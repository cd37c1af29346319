"""Logging in with OpenID Connect, by the flows of the openEO client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import requests

from scripts.self_review.account import Examined
from scripts.self_review.findings import Cause, NotJudgedError, could_not_tell
from scripts.self_review.probe.answer import NotJsonError

TIMEOUT: Final = 20.0
DEVICE_SECONDS: Final = 300.0


class Flow(StrEnum):
    """How a token is got from an identity provider."""

    CLIENT_CREDENTIALS = "client credentials"
    DEVICE = "device code"
    REFRESH_TOKEN = "refresh token"  # noqa: S105 - no token


@dataclass(frozen=True)
class OidcSettings:
    """What the user said of the login. Without `provider` the first that is listed is taken."""

    flow: Flow
    provider: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    refresh_token: str | None = None
    display: Callable[[str], None] = print
    """How the user is told where to enter the device code."""


class OidcLogin:
    """A login at a provider that the backend lists."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self.prefix = ""
        self.issuer: str | None = None

    def token(self, examined: Examined) -> str:
        """An access token; raises NotJudgedError that says why there is none."""
        for secret in (self._settings.client_secret, self._settings.refresh_token):
            examined.probe.secrets.add(secret)
        provider = self._provider(examined)
        self.prefix = f"oidc/{provider['id']}/"
        self.issuer = str(provider["issuer"]).rstrip("/")
        return self._granted(provider)

    def _provider(self, examined: Examined) -> Mapping[str, Any]:
        answer = examined.probe.ask("GET", examined.url("/credentials/oidc"))
        try:
            listed = answer.object().get("providers") if answer.ok else None
        except NotJsonError:
            listed = None
        known = [one for one in listed or [] if isinstance(one, dict) and _is_whole(one)]
        wanted = self._settings.provider
        found = [one for one in known if wanted is None or one["id"] == wanted]
        if not found:
            ids = ", ".join(str(one["id"]) for one in known) or "none"
            raise _failed(f"the backend lists the providers {ids}, not {wanted or 'one'}")
        return found[0]

    def _granted(self, provider: Mapping[str, Any]) -> str:
        # The client is only needed here, and takes a second to import.
        from openeo.rest.auth import oidc

        session = _Session()
        try:
            info = oidc.OidcProviderInfo(
                issuer=provider["issuer"],
                scopes=provider.get("scopes") or [],
                provider_id=provider["id"],
                default_clients=provider.get("default_clients"),
                requests_session=session,
            )
            authenticator = self._authenticator(oidc, info, session)
            return str(authenticator.get_tokens().access_token)
        except (oidc.OidcException, requests.RequestException, KeyError, ValueError) as error:
            raise _failed(str(error)) from error

    def _authenticator(self, oidc: Any, info: Any, session: requests.Session) -> Any:
        given = self._settings
        client = given.client_id or _default_client(oidc, info, given.flow)
        known = oidc.OidcClientInfo(client, info, given.client_secret)
        match given.flow:
            case Flow.CLIENT_CREDENTIALS:
                return oidc.OidcClientCredentialsAuthenticator(known, requests_session=session)
            case Flow.REFRESH_TOKEN:
                return oidc.OidcRefreshTokenAuthenticator(
                    known, given.refresh_token, requests_session=session
                )
            case Flow.DEVICE:
                return oidc.OidcDeviceAuthenticator(
                    known,
                    display=given.display,
                    max_poll_time=DEVICE_SECONDS,
                    requests_session=session,
                )


class _Session(requests.Session):
    """A session in which no request waits for ever."""

    def request(self, *args: Any, **options: Any) -> requests.Response:
        options["timeout"] = options.get("timeout") or TIMEOUT
        return super().request(*args, **options)


def _default_client(oidc: Any, info: Any, flow: Flow) -> str:
    grants = {
        Flow.DEVICE: oidc.DefaultOidcClientGrant.DEVICE_CODE_PKCE,
        Flow.REFRESH_TOKEN: oidc.DefaultOidcClientGrant.REFRESH_TOKEN,
    }
    wanted = grants.get(flow)
    found = wanted and info.get_default_client_id(lambda granted: wanted in granted)
    if not found:
        raise _failed(f"the provider {info.id} has no client of its own for it; say --oidc-client")
    return str(found)


def _is_whole(provider: Mapping[str, Any]) -> bool:
    return all(isinstance(provider.get(key), str) for key in ("id", "issuer"))


def _failed(why: str) -> NotJudgedError:
    says = f"The login with OpenID Connect failed: {why}."
    return NotJudgedError(could_not_tell(says, Cause.LOGIN, hint="Check the --oidc-… options."))
