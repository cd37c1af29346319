"""The section ``oidc`` of a profile: the providers whose users may log in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from backends.configuration import Reader

GRANT_TYPES: Final = (
    "authorization_code+pkce",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:device_code+pkce",
    "refresh_token",
    "implicit",
)
"""Grants that a default client can have (openEO API 1.2.0, GET /credentials/oidc)."""

_ID: Final = re.compile(r"\w{1,20}", re.ASCII)
_URL: Final = re.compile(r"https?://[^\s?#]*[^\s?#/]")
_REDIRECT: Final = re.compile(r"[a-z][a-z0-9+.-]*:[^\s#]+")


@dataclass(frozen=True)
class DefaultClient:
    """A client that whoever has none of their own may use; it has no secret."""

    id: str
    grant_types: tuple[str, ...]
    redirect_urls: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The client as users' programs are told of it."""
        document: dict[str, Any] = {"id": self.id, "grant_types": list(self.grant_types)}
        return document | (
            {"redirect_urls": list(self.redirect_urls)} if self.redirect_urls else {}
        )


@dataclass(frozen=True)
class OidcProvider:
    """One provider, by the id that this backend gives it.

    Tokens must be for one of ``audience``, if it names any. ``user_prefix`` keeps
    the users of one provider apart from those of another that has the same names.
    """

    id: str
    title: str
    issuer: str
    description: str | None = None
    scopes: tuple[str, ...] = ("openid",)
    default_clients: tuple[DefaultClient, ...] = ()
    audience: tuple[str, ...] = ()
    user_prefix: str = ""

    def as_json(self) -> dict[str, Any]:
        """The provider as clients are told of it."""
        document: dict[str, Any] = {
            "id": self.id,
            "title": self.title,
            "issuer": self.issuer,
            "scopes": list(self.scopes),
            "default_clients": [client.as_json() for client in self.default_clients],
        }
        return document | ({"description": self.description} if self.description else {})


@dataclass(frozen=True)
class Oidc:
    """Who may log in by OpenID Connect. Without providers nobody can.

    Users need one of ``required_entitlements`` (patterns, with ``*``), if there are
    any, among the values of ``entitlement_claim``. Waiting for a provider ends
    after ``deadline`` seconds.
    """

    providers: tuple[OidcProvider, ...] = ()
    required_entitlements: tuple[str, ...] = ()
    entitlement_claim: str = "eduperson_entitlement"
    deadline: float = 5.0


def read_oidc(reader: Reader, value: object) -> Oidc:
    """The section ``oidc`` of a profile; it may be left out."""
    if value is None:
        return Oidc()
    given = reader.mapping("oidc", value)
    keys = {"providers", "required_entitlements", "entitlement_claim", "deadline"}
    reader.unknown_keys("oidc", given, keys)
    listed = reader.sequence("oidc.providers", given.get("providers"))
    providers = tuple(
        _provider(reader, f"oidc.providers[{number}]", entry) for number, entry in enumerate(listed)
    )
    if not listed and isinstance(given.get("providers"), list):
        reader.add("oidc.providers", "must name at least one")
    _check_apart(reader, providers)
    deadline = given.get("deadline", Oidc.deadline)
    if isinstance(deadline, bool) or not isinstance(deadline, int | float) or deadline <= 0:
        reader.add("oidc.deadline", f"{deadline!r} is no number of seconds")
        deadline = Oidc.deadline
    claim = given.get("entitlement_claim", Oidc.entitlement_claim)
    return Oidc(
        providers=providers,
        required_entitlements=_texts(reader, "oidc", given, "required_entitlements"),
        entitlement_claim=reader.text("oidc.entitlement_claim", claim),
        deadline=float(deadline),
    )


def _provider(reader: Reader, where: str, value: object) -> OidcProvider:
    given = reader.mapping(where, value)
    keys = {"id", "title", "issuer", "description", "scopes", "default_clients", "audience"}
    reader.unknown_keys(where, given, keys | {"user_prefix"})
    scopes = _texts(reader, where, given, "scopes") or OidcProvider.scopes
    if "openid" not in scopes:
        reader.add(f"{where}.scopes", "must have openid")
    clients = reader.sequence(f"{where}.default_clients", given.get("default_clients", []))
    prefix, description = given.get("user_prefix", ""), given.get("description")
    if prefix != "":
        reader.text(f"{where}.user_prefix", prefix)
    if description is not None:
        reader.text(f"{where}.description", description)
    return OidcProvider(
        id=reader.pattern(f"{where}.id", given.get("id"), _ID, "up to 20 letters, digits and _"),
        title=reader.text(f"{where}.title", given.get("title")),
        issuer=reader.pattern(
            f"{where}.issuer", given.get("issuer"), _URL, "as its tokens have it, without final /"
        ),
        description=description,
        scopes=scopes,
        default_clients=tuple(
            _client(reader, f"{where}.default_clients[{number}]", entry)
            for number, entry in enumerate(clients)
        ),
        audience=_texts(reader, where, given, "audience"),
        user_prefix=str(prefix),
    )


def _client(reader: Reader, where: str, value: object) -> DefaultClient:
    given = reader.mapping(where, value)
    reader.unknown_keys(where, given, {"id", "grant_types", "redirect_urls"})
    urls = _texts(reader, where, given, "redirect_urls")
    for number, url in enumerate(urls):
        reader.pattern(f"{where}.redirect_urls[{number}]", url, _REDIRECT, "a URL")
    return DefaultClient(
        id=reader.text(f"{where}.id", given.get("id")),
        grant_types=reader.names(f"{where}.grant_types", given.get("grant_types"), GRANT_TYPES),
        redirect_urls=urls,
    )


def _texts(reader: Reader, where: str, given: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return reader.names(f"{where}.{key}", given.get(key, []), None, empty=True)


def _check_apart(reader: Reader, providers: tuple[OidcProvider, ...]) -> None:
    """Two providers must not be taken for one another, nor their users."""
    for key in ("id", "issuer", "user_prefix"):
        values = [getattr(provider, key) for provider in providers]
        for number, value in enumerate(values):
            if value in values[:number] and (value or key == "user_prefix"):
                hint = "users of the same name would share an account" * (key == "user_prefix")
                reader.add(f"oidc.providers[{number}].{key}", f"{value!r} stands twice", hint)
