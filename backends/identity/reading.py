"""Reading the provider's configuration, with every mistake named by its key path."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from backends.configuration import ProfileError, Reader, read_document
from backends.identity.redirects import LOOPBACK, problem_of
from backends.identity.settings import GRANTS, Client, Lifetimes, Limits, Settings, User
from backends.passwords import read_password

_BIND: Final = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}")
_ISSUER: Final = re.compile(r"https?://[^\s?#/]+(/[^\s?#/]+)*")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_NAME: Final = re.compile(r"[\x21-\x7e]{1,255}")
_NAME_HINT: Final = "up to 255 printable ASCII characters without spaces"
_CLIENT: Final = re.compile(r"[A-Za-z0-9._~-]{1,100}")

_KEYS: Final = {
    *("title", "bind", "issuer", "audience", "users", "clients", "lifetimes", "limits"),
    "rotate_refresh_tokens",
}
_USER_KEYS: Final = {"password", "password_hash", "sub", "name", "email", "claims"}
_CLIENT_KEYS: Final = {
    *("title", "grants", "secret", "secret_hash", "redirect_urls", "logout_urls", "sub", "claims"),
}
RESERVED: Final = frozenset(
    {
        *("iss", "sub", "aud", "azp", "exp", "iat", "nbf", "jti", "sid", "typ", "scope"),
        *("client_id", "nonce", "at_hash", "c_hash", "auth_time", "acr", "amr", "active"),
        *("name", "preferred_username", "username", "email", "email_verified", "token_type"),
    }
)
"""Claims that the provider itself gives."""


def load_settings(path: Path) -> Settings:
    """The settings in a YAML file; ``ProfileError`` names every mistake in it."""
    return read_settings(read_document(path), source=str(path))


def read_settings(document: object, *, source: str) -> Settings:
    """Turn a parsed document into settings, or raise ``ProfileError``."""
    reader = Reader([])
    settings = _read(reader, document)
    if settings is not None:
        _check_names(reader, settings)
    if reader.mistakes or settings is None:
        raise ProfileError(source, reader.mistakes)
    return settings


def _read(reader: Reader, document: object) -> Settings | None:
    if not isinstance(document, dict):
        reader.add("the file", "must be a mapping", "start with `title: ...`")
        return None
    reader.unknown_keys("", document, _KEYS)
    rotate = document.get("rotate_refresh_tokens", False)
    if not isinstance(rotate, bool):
        reader.add("rotate_refresh_tokens", "must be true or false")
    users = reader.mapping("users", document.get("users", {}))
    clients = reader.mapping("clients", document.get("clients"))
    return Settings(
        title=reader.text("title", document.get("title")),
        bind=_bind(reader, document.get("bind")),
        issuer=_issuer(reader, document.get("issuer")),
        audience=reader.pattern("audience", document.get("audience"), _NAME, _NAME_HINT),
        users={str(login): _user(reader, str(login), given) for login, given in users.items()},
        clients={str(name): _client(reader, str(name), given) for name, given in clients.items()},
        lifetimes=reader.numbers("lifetimes", document.get("lifetimes"), Lifetimes),
        limits=reader.numbers("limits", document.get("limits"), Limits),
        rotate_refresh_tokens=bool(rotate),
    )


def _bind(reader: Reader, value: object) -> str:
    bind = reader.pattern("bind", value, _BIND, "HOST:PORT as in 127.0.0.1:8090")
    if bind and int(bind.rpartition(":")[2]) > 65535:
        reader.add("bind", "has no such port", "ports go up to 65535")
    return bind


def _issuer(reader: Reader, value: object) -> str:
    hint = "as in https://login.example, without a slash at the end"
    issuer = reader.pattern("issuer", value, _ISSUER, hint)
    try:
        parts = urlsplit(issuer)
        known = parts.port is None or parts.port > 0
    except ValueError:
        reader.add("issuer", f"{issuer!r} is not possible", hint)
        return ""
    if issuer and not (known and parts.hostname and "@" not in parts.netloc):
        reader.add("issuer", f"{issuer!r} is not possible", hint)
    elif parts.scheme == "http" and parts.hostname not in LOOPBACK:
        reader.add("issuer", "must be https", "http is for loopback addresses only")
    return issuer


def _user(reader: Reader, login: str, value: object) -> User:
    where = f"users.{login}"
    given = reader.mapping(where, value)
    reader.unknown_keys(where, given, _USER_KEYS)
    email = given.get("email")
    if email is not None:
        reader.pattern(f"{where}.email", email, _EMAIL, "as in alice@example.org")
    if not login.strip() or len(login) > 255 or not login.isprintable():
        reader.add(where, "is no name that one can type")
    return User(
        login=login,
        password=read_password(reader, where, given, "password"),
        sub=_sub(reader, where, given, login),
        name=reader.text(f"{where}.name", given.get("name", login)),
        email=email if isinstance(email, str) else None,
        claims=_claims(reader, f"{where}.claims", given.get("claims", {})),
    )


def _client(reader: Reader, name: str, value: object) -> Client:
    where = f"clients.{name}"
    given = reader.mapping(where, value)
    reader.unknown_keys(where, given, _CLIENT_KEYS)
    if not _CLIENT.fullmatch(name):
        reader.add(where, "is no id of a client", "letters, digits and . _ ~ -")
    confidential = bool({"secret", "secret_hash"} & given.keys())
    secret = read_password(reader, where, given, "secret") if confidential else None
    grants = reader.names(f"{where}.grants", given.get("grants"), tuple(GRANTS))
    urls = _urls(reader, f"{where}.redirect_urls", given.get("redirect_urls", []))
    if "client_credentials" in grants and not confidential:
        reader.add(f"{where}.grants", "client_credentials is for clients with a secret")
    if "authorization_code" in grants and not urls:
        reader.add(f"{where}.redirect_urls", "is missing", "where is its browser sent back to?")
    if grants == ("refresh_token",):
        reader.add(f"{where}.grants", "refresh_token needs another grant that gives such a token")
    return Client(
        id=name,
        title=reader.text(f"{where}.title", given.get("title", name)),
        grants=frozenset(GRANTS[grant] for grant in grants if grant in GRANTS),
        secret=secret,
        redirect_urls=urls,
        logout_urls=_urls(reader, f"{where}.logout_urls", given.get("logout_urls", [])) or urls,
        sub=_sub(reader, where, given, name),
        claims=_claims(reader, f"{where}.claims", given.get("claims", {})),
    )


def _sub(reader: Reader, where: str, given: Mapping[str, Any], otherwise: str) -> str:
    """What others call the account; a login with other characters than these needs a sub."""
    if "sub" not in given and not _CLIENT.fullmatch(otherwise) and where.startswith("clients."):
        return otherwise  # the id itself has been named as a mistake
    return reader.pattern(f"{where}.sub", given.get("sub", otherwise), _NAME, _NAME_HINT)


def _urls(reader: Reader, where: str, value: object) -> tuple[str, ...]:
    urls = reader.names(where, value, None, empty=True)
    for number, url in enumerate(urls):
        if problem := problem_of(url):
            reader.add(f"{where}[{number}]", f"{url!r} {problem}")
    return urls


def _claims(reader: Reader, where: str, value: object) -> Mapping[str, Any]:
    claims: dict[Any, Any] = reader.mapping(where, value)
    for name, claim in claims.items():
        if name in RESERVED:
            reader.add(f"{where}.{name}", "is said by the provider itself", "choose another name")
        elif not isinstance(name, str) or not _is_json(claim):
            reader.add(f"{where}.{name}", "must be text, a number, true, false, a list or a table")
    return claims


def _is_json(value: object, depth: int = 10) -> bool:
    if isinstance(value, dict):
        inner = [*value.values()] if all(isinstance(key, str) for key in value) else [object()]
    elif isinstance(value, list):
        inner = value
    else:
        return isinstance(value, str | int | float | None)
    return depth > 0 and all(_is_json(part, depth - 1) for part in inner)


def _check_names(reader: Reader, settings: Settings) -> None:
    """Nobody may be taken for somebody else."""
    accounts = [user.sub for user in settings.users.values()]
    accounts += [c.sub for c in settings.clients.values() if "client_credentials" in c.grants]
    for sub, times in Counter(accounts).items():
        if sub and times > 1:
            reader.add("users", f"{times} accounts have the sub {sub!r}", "each needs its own")
    if settings.audience in settings.clients:
        reader.add(
            "audience",
            f"{settings.audience!r} is also a client",
            "an ID token, which is for a client, could then be taken for an access token",
        )
