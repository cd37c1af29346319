"""What is exchanged for tokens at the token endpoint."""

import secrets
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Request, grants
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import CODE_VERIFIER_PATTERN, compare_s256_code_challenge
from authlib.oauth2.rfc8628 import DeviceCodeGrant

from backends.identity.devices import Device
from backends.identity.registered import RegisteredClient, SignedIn
from backends.identity.store import Code, Login, RefreshToken, Replayed

SECRETS = ["client_secret_basic", "client_secret_post"]
ANY_CLIENT = [*SECRETS, "none"]


class ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]  # no types
    """A service account's own secret (RFC 6749, section 4.4)."""

    TOKEN_ENDPOINT_AUTH_METHODS = SECRETS


class AuthorizationCode(grants.AuthorizationCodeGrant):  # type: ignore[misc]  # no types
    """The code that a browser brought back from the login page (RFC 6749, section 4.1)."""

    TOKEN_ENDPOINT_AUTH_METHODS = ANY_CLIENT

    def validate_authorization_request(self) -> str:
        redirect_uri: str = super().validate_authorization_request()
        data = self.request.payload.data
        for name in ("request", "request_uri"):
            if name in data:
                raise OAuth2Error(error=f"{name}_not_supported", redirect_uri=redirect_uri)
        if data.get("response_mode", "query") != "query":
            raise InvalidRequestError("response_mode must be query.", redirect_uri=redirect_uri)
        return redirect_uri

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        data = request.payload.data
        kept = Code(
            client=request.client.client_id,
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
            login=request.user.login,
            nonce=data.get("nonce"),
            code_challenge=data.get("code_challenge"),
            code_challenge_method=data.get("code_challenge_method"),
        )
        self.server.codes.add(code, kept)

    def query_authorization_code(self, code: str, client: RegisteredClient) -> Code | None:
        """The code; whoever uses one again ends the login that it began (section 10.5)."""
        try:
            taken: Code | None = self.server.codes.take(code, client.client_id)
        except Replayed as replayed:
            self.server.refresh_tokens.revoke(replayed.session)
            return None
        return taken

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Nothing: it was used up when it was looked up, so that nobody else can do so."""

    def authenticate_user(self, authorization_code: Code) -> SignedIn | None:
        return signed_in(self.server, authorization_code.login)


class S256(CodeChallenge):  # type: ignore[misc]  # no types
    """Proof that whoever exchanges the code began the login (RFC 7636): SHA-256 and nothing
    else, and public clients have to."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012  # as the library has it

    def validate_code_challenge(self, grant: AuthorizationCode, redirect_uri: str) -> None:
        super().validate_code_challenge(grant, redirect_uri)
        data = grant.request.payload.data
        if "code_challenge" not in data and grant.request.client.known.is_public:
            raise InvalidRequestError("Send a code_challenge: public clients need PKCE.")
        if "code_challenge" in data and data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("The code_challenge_method must be S256.")


class Refresh(grants.RefreshTokenGrant):  # type: ignore[misc]  # no types
    """A refresh token (RFC 6749, section 6)."""

    TOKEN_ENDPOINT_AUTH_METHODS = ANY_CLIENT

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken | None:
        token: RefreshToken | None = self.server.refresh_tokens.find(refresh_token)
        return token

    def authenticate_user(self, refresh_token: RefreshToken) -> SignedIn:
        """Who it is; a token that gave way to another before is stolen (RFC 9700, 4.14.2)."""
        user = signed_in(self.server, refresh_token.login)
        if user is None:
            raise InvalidGrantError("The user is no longer known.")
        rotating = self.server.settings.rotate_refresh_tokens
        if refresh_token.used or (rotating and not self._give_way(refresh_token)):
            self.server.refresh_tokens.revoke(refresh_token.login.session)
            raise InvalidGrantError("The refresh token was used before.")
        return user

    def _give_way(self, token: RefreshToken) -> bool:
        return bool(self.server.refresh_tokens.use_up(token))

    def issue_token(self, user: SignedIn, refresh_token: RefreshToken) -> dict[str, Any]:
        token: dict[str, Any] = super().issue_token(user, refresh_token)
        if self.server.settings.rotate_refresh_tokens:
            token["refresh_token"] = secrets.token_urlsafe(48)
        return token

    def revoke_old_credential(self, refresh_token: RefreshToken) -> None:
        """Nothing: where tokens are rotated, it was used up before the other was made."""


class DeviceCode(DeviceCodeGrant):  # type: ignore[misc]  # no types
    """The code of a device whose user agrees on a page (RFC 8628, section 3.4)."""

    TOKEN_ENDPOINT_AUTH_METHODS = ANY_CLIENT

    def query_device_credential(self, device_code: str) -> Device:
        device: Device | None = self.server.devices.find(device_code)
        if device is None:
            raise InvalidGrantError("This device_code is not known.")
        return device

    def validate_device_credential(self, credential: Device) -> SignedIn:
        verifier = self.request.form.get("code_verifier", "")
        challenge = credential.code_challenge
        if challenge is None and verifier:
            raise InvalidRequestError("The device was registered without a code_challenge.")
        if challenge is not None and not _is_proof(verifier, challenge):
            raise InvalidGrantError("The code_verifier is not the one of this device.")
        user: SignedIn = super().validate_device_credential(credential)
        return user

    def query_user_grant(self, user_code: str) -> tuple[SignedIn | None, bool] | None:
        """What the user decided; None if that is still open."""
        device = self.query_device_credential(self.request.form["device_code"])
        if device.approved is None:
            return None
        user = signed_in(self.server, device.login) if device.login else None
        if device.approved and (user is None or not self.server.devices.take(device)):
            raise InvalidGrantError("This device_code was used before.")
        return user, device.approved

    def should_slow_down(self, credential: Device) -> bool:
        return bool(self.server.devices.asks_too_often(credential))


def _is_proof(verifier: str, challenge: str) -> bool:
    fits = CODE_VERIFIER_PATTERN.match(verifier) is not None
    return fits and bool(compare_s256_code_challenge(verifier, challenge))


def signed_in(server: Any, login: Login) -> SignedIn | None:
    """The user of that login, if the settings still know them."""
    user = server.settings.users.get(login.user)
    return SignedIn(user, login) if user else None
