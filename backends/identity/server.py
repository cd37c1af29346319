"""The authorization server: Authlib's, with the grants and endpoints of this provider."""

from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload
from authlib.oauth2.rfc6749 import OAuth2Request
from flask import Request, request

from backends.identity.grants import ClientCredentials
from backends.identity.keys import Keyring
from backends.identity.registered import RegisteredClient
from backends.identity.settings import Settings
from backends.identity.store import Database, RefreshTokens
from backends.identity.tokens import AccessTokens


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
    """Issues tokens to the clients of the settings."""

    def __init__(self, settings: Settings, keys: Keyring, database: Database) -> None:
        super().__init__()
        self.settings = settings
        self.keys = keys
        self.refresh_tokens = RefreshTokens(database, settings.lifetimes.refresh_token)
        self.register_token_generator("default", AccessTokens(settings, keys, database))
        self.register_grant(ClientCredentials)

    def query_client(self, client_id: str) -> RegisteredClient | None:
        known = self.settings.clients.get(client_id)
        return RegisteredClient(known) if known else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Keep the refresh token; an access token says all by itself."""
        if "refresh_token" in token:
            self.refresh_tokens.add(
                token["refresh_token"],
                client=request.client.client_id,
                login=request.user.login,
                scope=token["scope"],
            )

    def create_oauth2_request(self, _request: object) -> OAuth2Request:
        return _Request(request)
