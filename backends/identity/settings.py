"""What can be configured of the provider: where it is, and its users and clients.

``load_settings`` reads a YAML file and gives frozen ``Settings``, or raises one
``ProfileError`` that holds every mistake with its key path and a hint.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from backends.identity.redirects import is_registered
from backends.passwords import Password

__all__ = ["Client", "Lifetimes", "Settings", "User"]

DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS: Final[Mapping[str, str]] = {
    "authorization_code": "authorization_code",
    "device_code": DEVICE_CODE,
    "client_credentials": "client_credentials",
    "refresh_token": "refresh_token",
}
"""The grants as a configuration names them, with their names in requests."""

SCOPES: Final = ("openid", "profile", "email", "offline_access")


@dataclass(frozen=True)
class User:
    """A person. ``login`` and password are what they type, ``sub`` is what tokens say."""

    login: str
    password: Password
    sub: str
    name: str
    email: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    """What else tokens and the userinfo endpoint say of them, as ``eduperson_entitlement``."""


@dataclass(frozen=True)
class Client:
    """A program that lets users log in, or a service account that logs in itself.

    One without ``secret`` is public. ``sub`` and ``claims`` are those of tokens
    that it gets for itself by its secret.
    """

    id: str
    title: str
    grants: frozenset[str]
    secret: Password | None = None
    redirect_urls: tuple[str, ...] = ()
    logout_urls: tuple[str, ...] = ()
    sub: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_public(self) -> bool:
        return self.secret is None

    def redirects_to(self, url: str) -> bool:
        """Whether answers may go to that URL."""
        return is_registered(url, self.redirect_urls)


@dataclass(frozen=True)
class Lifetimes:
    """How long things last, in seconds."""

    access_token: int = 3600
    id_token: int = 3600
    refresh_token: int = 30 * 24 * 3600
    code: int = 60
    device_code: int = 600
    device_interval: int = 5
    """Between two questions of a device whether its user has agreed."""
    session: int = 8 * 3600
    key: int = 30 * 24 * 3600
    """After this time another key signs."""


@dataclass(frozen=True)
class Limits:
    """How often one may guess, within so many seconds."""

    failures: int = 10
    """Wrong passwords for one name, or wrong user codes from one address."""
    failures_of_address: int = 50
    """Wrong passwords from one address, whatever the names."""
    window: int = 300


@dataclass(frozen=True)
class Settings:
    """The provider: ``issuer`` is its URL as tokens say it, ``audience`` whom they are for."""

    title: str
    bind: str
    issuer: str
    audience: str
    users: Mapping[str, User]
    clients: Mapping[str, Client]
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    limits: Limits = field(default_factory=Limits)
    rotate_refresh_tokens: bool = False
    """Whether each use of a refresh token gives another. Clients that store the
    first one only, as the openeo client does, can then log in with it just once."""

    def address(self, path: str) -> str:
        """The URL of one of the provider's own paths."""
        return f"{self.issuer}{path}"

    def user_of(self, sub: str) -> User | None:
        """The user of that ``sub``."""
        return next((user for user in self.users.values() if user.sub == sub), None)

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach it by TLS."""
        return self.issuer.startswith("https:")
