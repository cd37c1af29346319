"""The endpoints beside that for tokens: devices, userinfo, revocation, introspection, logout."""

from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_oauth2 import ResourceProtector
from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidRequestError, UnauthorizedClientError
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636.challenge import CODE_CHALLENGE_PATTERN
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint
from authlib.oidc.core import UserInfoEndpoint
from authlib.oidc.rpinitiated import EndSessionEndpoint
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from backends.identity import claims
from backends.identity.claims import Account
from backends.identity.grants import ANY_CLIENT, SECRETS
from backends.identity.registered import RegisteredClient
from backends.identity.settings import DEVICE_CODE
from backends.identity.store import RefreshToken


class DeviceRegistration(DeviceAuthorizationEndpoint):  # type: ignore[misc]  # no types
    """Gives a device its code, and the code that its user types (RFC 8628, section 3.1)."""

    CLIENT_AUTH_METHODS = ANY_CLIENT

    def authenticate_client(self, request: OAuth2Request) -> RegisteredClient:
        client: RegisteredClient = super().authenticate_client(request)
        if not client.check_grant_type(DEVICE_CODE):
            raise UnauthorizedClientError("The client is not registered for device codes.")
        self._check_challenge(request)
        return client

    def create_endpoint_response(self, request: OAuth2Request) -> tuple[int, Any, Any]:
        status, data, headers = super().create_endpoint_response(request)
        lifetimes = self.server.settings.lifetimes
        times = {"expires_in": lifetimes.device_code, "interval": lifetimes.device_interval}
        return status, {**data, **times}, headers

    def get_verification_uri(self) -> str:
        return str(self.server.settings.address("/device"))

    def save_device_credential(
        self, client_id: str, scope: str | None, data: dict[str, Any]
    ) -> None:
        client = self.server.query_client(client_id)
        added = self.server.devices.add(
            data["device_code"],
            data["user_code"],
            client=client_id,
            scope=client.get_allowed_scope(scope),
            code_challenge=self.server.create_oauth2_request(None).form.get("code_challenge"),
        )
        if not added:
            raise InvalidRequestError("There is no user code left; try again.")

    def _check_challenge(self, request: OAuth2Request) -> None:
        challenge = request.form.get("code_challenge")
        if challenge is None:
            return
        if request.form.get("code_challenge_method") != "S256":
            raise InvalidRequestError("The code_challenge_method must be S256.")
        if not CODE_CHALLENGE_PATTERN.match(challenge):
            raise InvalidRequestError("This code_challenge is not possible.")


@dataclass(frozen=True)
class IssuedToken:
    """An access token that was issued here, whose signature and time are right."""

    claims: dict[str, Any]
    account: Account
    client: RegisteredClient
    is_ended: bool

    @property
    def scope(self) -> str:
        return str(self.claims.get("scope", ""))

    def get_scope(self) -> str:
        return self.scope

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return self.is_ended

    def check_client(self, client: RegisteredClient) -> bool:
        return client.client_id == self.client.client_id

    def get_client(self) -> RegisteredClient:
        return self.client

    def get_user(self) -> Account:
        return self.account


def read_access_token(server: Any, token: str) -> IssuedToken | None:
    """The access token, or None if it is none of this provider or has expired."""
    try:
        decoded = jwt.decode(token, server.keys.verifying(), algorithms=["RS256"])
    except (JoseError, ValueError):
        return None
    said = decoded.claims
    if decoded.header.get("typ") != "at+jwt" or said["exp"] <= server.database.clock():
        return None
    client = server.query_client(said["azp"])
    account = server.settings.user_of(said["sub"]) if "sid" in said else client and client.known
    if client is None or account is None:
        return None
    ids = [said["jti"], *([said["sid"]] if "sid" in said else [])]
    return IssuedToken(said, account, client, server.refresh_tokens.is_revoked(*ids))


class _AccessTokenValidator(BearerTokenValidator):  # type: ignore[misc]  # no types
    def __init__(self, server: Any) -> None:
        super().__init__()
        self._server = server

    def authenticate_token(self, token_string: str) -> IssuedToken | None:
        return read_access_token(self._server, token_string)


class UserInfo(UserInfoEndpoint):  # type: ignore[misc]  # no types
    """Who the bearer of an access token is (OpenID Connect Core, section 5.3)."""

    def __init__(self, server: Any) -> None:
        protector = ResourceProtector()
        protector.register_token_validator(_AccessTokenValidator(server))
        super().__init__(server, protector)

    def generate_user_info(self, user: Account, scope: str) -> dict[str, Any]:
        return claims.identity(user, scope)


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # no types
    """Ends a token before its time (RFC 7009). Whoever verifies access tokens by their
    signature alone goes on taking them until they expire."""

    CLIENT_AUTH_METHODS = ANY_CLIENT

    def query_token(
        self, token_string: str, token_type_hint: str | None
    ) -> RefreshToken | IssuedToken | None:
        found: RefreshToken | None = self.server.refresh_tokens.find(token_string)
        return found or read_access_token(self.server, token_string)

    def revoke_token(self, token: RefreshToken | IssuedToken, request: OAuth2Request) -> None:
        name = token.claims["jti"] if isinstance(token, IssuedToken) else token.login.session
        self.server.refresh_tokens.revoke(name)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # no types
    """Tells clients with a secret what an access token is worth (RFC 7662)."""

    CLIENT_AUTH_METHODS = SECRETS

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:
        return read_access_token(self.server, token_string)

    def check_permission(self, token: object, client: object, request: OAuth2Request) -> bool:
        return True

    def introspect_token(self, token: IssuedToken) -> dict[str, Any]:
        name = claims.identity(token.account, "profile")["preferred_username"]
        return {**token.claims, "active": True, "token_type": "Bearer", "username": name}


class EndSession(EndSessionEndpoint):  # type: ignore[misc]  # no types
    """Logging out by a link of a client (OpenID Connect RP-Initiated Logout 1.0)."""

    def get_server_jwks(self) -> KeySet:
        keys: KeySet = self.server.keys.verifying()
        return keys

    def get_algorithms(self) -> list[str]:
        return ["RS256"]

    def _validate_id_token_hint(self, id_token_hint: str) -> dict[str, Any] | None:
        """What the hint says; one that cannot be read any more is none, and its user is asked."""
        try:
            hint: dict[str, Any] = super()._validate_id_token_hint(id_token_hint)
        except (InvalidRequestError, ValueError):
            return None
        return hint

    def end_session(self, end_session_request: object) -> None:
        self.server.forget_browser()
