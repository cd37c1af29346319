"""The tokens that are issued: access tokens as JWTs (RFC 9068), ID tokens."""

import secrets
from typing import Any

from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import KeySet

from backends.identity import claims
from backends.identity.keys import Keyring
from backends.identity.registered import RegisteredClient, SignedIn
from backends.identity.settings import Settings
from backends.identity.store import Database


class AccessTokens(JWTBearerTokenGenerator):  # type: ignore[misc]  # the library has no types
    """Makes access tokens, and refresh tokens for those who asked for ``offline_access``."""

    def __init__(self, settings: Settings, keys: Keyring, database: Database) -> None:
        super().__init__(
            settings.issuer,
            refresh_token_generator=lambda **_: secrets.token_urlsafe(48),
            expires_generator=settings.lifetimes.access_token,
        )
        self._settings = settings
        self._keys = keys
        self._database = database

    def generate(  # noqa: PLR0917  # as the library calls it
        self,
        grant_type: str,
        client: RegisteredClient,
        user: SignedIn | None = None,
        scope: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, Any]:
        wanted = include_refresh_token and "offline_access" in (scope or "").split()
        token: dict[str, Any] = super().generate(
            grant_type, client, user, scope, expires_in, wanted
        )
        return token

    def get_jwks(self) -> KeySet:
        return self._keys.signing()

    def get_audiences(self, client: RegisteredClient, user: SignedIn | None, scope: str) -> str:
        return self._settings.audience

    def get_auth_time(self, user: SignedIn | None) -> int | None:
        return user.login.auth_time if user else None

    def get_jti(self, client: object, grant_type: str, user: object, scope: str) -> str:
        return secrets.token_urlsafe(16)

    def get_extra_claims(
        self, client: RegisteredClient, grant_type: str, user: SignedIn | None, scope: str
    ) -> dict[str, Any]:
        now = int(self._database.clock())
        said = claims.access(user.user if user else client.known)
        times = {"iat": now, "exp": now + self._settings.lifetimes.access_token}
        session = {"sid": user.login.session} if user else {}
        return {**said, **times, **session, "azp": client.client_id}


class IdTokens(OpenIDCode):  # type: ignore[misc]  # the library has no types
    """Adds an ID token where the scope has ``openid`` and a user logged in."""

    def __init__(self, settings: Settings, keys: Keyring, database: Database) -> None:
        super().__init__(require_nonce=False)
        self._settings = settings
        self._keys = keys
        self._database = database

    def exists_nonce(self, nonce: str, request: object) -> bool:
        """False: it is the client that checks its nonce, and a code is good for one use."""
        return False

    def resolve_client_private_key(self, client: RegisteredClient) -> KeySet:
        return self._keys.signing()

    def get_encode_header(self, client: RegisteredClient) -> dict[str, str]:
        return {"alg": "RS256", "typ": "JWT"}

    def get_client_claims(self, client: RegisteredClient) -> dict[str, Any]:
        now = int(self._database.clock())
        return {
            "iss": self._settings.issuer,
            "aud": client.client_id,
            "azp": client.client_id,
            "iat": now,
            "exp": now + self._settings.lifetimes.id_token,
        }

    def generate_user_info(self, user: SignedIn, scope: str) -> dict[str, Any]:
        said = claims.identity(user.user, scope)
        return {**said, "sid": user.login.session, "auth_time": user.login.auth_time}
