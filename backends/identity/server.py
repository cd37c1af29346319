"""The authorization server: Authlib's, with the grants and endpoints of this provider."""

from collections.abc import Callable
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc9207 import IssuerParameter
from flask import Request, Response, request

from backends.identity.devices import Devices
from backends.identity.endpoints import (
    DeviceRegistration,
    EndSession,
    Introspection,
    Revocation,
    UserInfo,
)
from backends.identity.grants import S256, AuthorizationCode, ClientCredentials, DeviceCode, Refresh
from backends.identity.keys import Keyring
from backends.identity.registered import RegisteredClient
from backends.identity.settings import Settings
from backends.identity.store import Codes, Database, RefreshTokens
from backends.identity.tokens import AccessTokens, IdTokens


class _Request(OAuth2Request):  # type: ignore[misc]  # the library has no types
    """A request to the server.

    The library wants TLS at the socket. Here the issuer has to be https, which then
    ends before us, or a loopback address: the settings see to that.
    """

    def __init__(self, sent: Request) -> None:
        super().__init__(sent.method, "https://provider.invalid/", headers=sent.headers)
        self.payload = FlaskOAuth2Payload(sent)
        self._sent = sent

    @property
    def args(self) -> Any:
        return self._sent.args

    @property
    def form(self) -> Any:
        return self._sent.form


class Server(AuthorizationServer):  # type: ignore[misc]  # the library has no types
    """Issues tokens to the clients of the settings.

    ``forget_browser`` ends the session of the browser that sent the request.
    """

    def __init__(
        self,
        settings: Settings,
        keys: Keyring,
        database: Database,
        *,
        forget_browser: Callable[[], None],
    ) -> None:
        super().__init__()
        lifetimes = settings.lifetimes
        self.settings = settings
        self.keys = keys
        self.database = database
        self.forget_browser = forget_browser
        self.codes = Codes(database, lifetimes.code)
        self.devices = Devices(database, lifetimes.device_code, lifetimes.device_interval)
        self.refresh_tokens = RefreshTokens(
            database,
            lifetimes.refresh_token,
            remembered=max(lifetimes.access_token, lifetimes.session),
        )
        self.register_token_generator("default", AccessTokens(settings, keys, database))
        self._register()

    def _register(self) -> None:
        id_tokens = IdTokens(self.settings, self.keys, self.database)
        self.register_grant(AuthorizationCode, [id_tokens, S256(required=True)])
        self.register_grant(DeviceCode, [id_tokens])
        self.register_grant(Refresh, [id_tokens])
        self.register_grant(ClientCredentials)
        for endpoint in (DeviceRegistration, UserInfo, Revocation, Introspection, EndSession):
            self.register_endpoint(endpoint)
        self.register_extension(_Issuer(self.settings.issuer))

    def query_client(self, client_id: str) -> RegisteredClient | None:
        known = self.settings.clients.get(client_id)
        return RegisteredClient(known) if known else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Keep the refresh token; an access token says all by itself."""
        if "refresh_token" not in token:
            return
        before = request.refresh_token
        self.refresh_tokens.add(
            token["refresh_token"],
            client=request.client.client_id,
            login=request.user.login,
            scope=before.scope if before else token["scope"],
        )

    def tell_client(self, error: OAuth2Error) -> Response:
        """The answer that takes an error back to the client, by its user's browser."""
        response: Response = self.handle_error_response(None, error)
        _Issuer(self.settings.issuer).add_issuer_parameter(self, response)
        return response

    def create_oauth2_request(self, _request: object) -> OAuth2Request:
        return _Request(request)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nothing: nobody listens."""


class _Issuer(IssuerParameter):  # type: ignore[misc]  # the library has no types
    """Says in each answer to a browser who gives it (RFC 9207)."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        return self._issuer
