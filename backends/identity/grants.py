"""What is exchanged for tokens at the token endpoint."""

from authlib.oauth2.rfc6749 import grants

SECRETS = ["client_secret_basic", "client_secret_post"]
ANY_CLIENT = [*SECRETS, "none"]


class ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]  # no types
    """A service account's own secret (RFC 6749, section 4.4)."""

    TOKEN_ENDPOINT_AUTH_METHODS = SECRETS
