"""What tokens and the userinfo endpoint say of an account."""

from collections.abc import Mapping
from typing import Any, Final

from backends.identity.settings import Client, User

STANDARD: Final = (
    *("sub", "name", "preferred_username", "email", "email_verified", "auth_time", "sid"),
)

Account = User | Client
"""Who a token speaks for: a person, or a service account."""


def identity(account: Account, scope: str) -> dict[str, Any]:
    """The claims of an ID token and of the userinfo endpoint, as far as the scope allows.

    Always ``sub`` and the account's own claims; with ``profile`` its names, with
    ``email`` its address (OpenID Connect Core, section 5.4).
    """
    scopes = scope.split()
    claims: dict[str, Any] = {"sub": account.sub, **account.claims}
    if "profile" in scopes:
        claims |= _names(account)
    if "email" in scopes and isinstance(account, User) and account.email:
        claims |= {"email": account.email, "email_verified": True}
    return claims


def access(account: Account) -> Mapping[str, Any]:
    """The claims of an access token: what a resource server decides by, and no name."""
    return {"sub": account.sub, **account.claims}


def _names(account: Account) -> dict[str, str]:
    if isinstance(account, User):
        return {"name": account.name, "preferred_username": account.login}
    return {"name": account.title, "preferred_username": account.id}
