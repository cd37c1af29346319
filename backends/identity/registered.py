"""The clients and users of the configuration, as the OAuth library wants to see them."""

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import ClientMixin

from backends.identity.settings import SCOPES, Client, User
from backends.identity.store import Login


@dataclass(frozen=True)
class SignedIn:
    """A user who logged in, with the login itself."""

    user: User
    login: Login

    def get_user_id(self) -> str:
        return self.user.sub


class RegisteredClient(ClientMixin):  # type: ignore[misc]  # the library has no types
    """A client of the configuration."""

    def __init__(self, known: Client) -> None:
        self.known = known
        self.client_id = known.id
        self.client_metadata = {"post_logout_redirect_uris": known.logout_urls}

    def __repr__(self) -> str:
        return f"RegisteredClient({self.client_id})"

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: every request names where it wants its answer."""

    def get_allowed_scope(self, scope: str | None) -> str:
        """Those of the wanted scopes that exist here; others are passed over (OpenID Connect
        Core, section 3.1.2.1)."""
        wanted = dict.fromkeys((scope or "openid").split())
        return " ".join(name for name in wanted if name in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return self.known.redirects_to(redirect_uri)

    def check_client_secret(self, client_secret: str) -> bool:
        return self.known.secret is not None and self.known.secret.matches(client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Whoever has a secret must use it, and nobody else can."""
        return (method == "none") == self.known.is_public

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.known.grants
