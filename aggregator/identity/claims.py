"""What a verified token says of its user."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from aggregator.documents import JsonObject, is_array, is_object, is_text, text


@dataclass(frozen=True)
class Claims:
    """A user by issuer and subject (`sub`), until `expires` (seconds since 1970).

    A user is the same only if both are: another issuer may give the same subject to somebody else.
    `client` is the program that got the token (`azp` or `client_id`), as far as it says so. Nothing
    personal is shown when it is printed.
    """

    issuer: str
    subject: str = field(repr=False)
    expires: float
    client: str = ""
    name: str = field(default="", repr=False)
    entitlements: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()


def name_in(claims: JsonObject) -> str:
    """How the user likes to be called; empty if the token does not say."""
    return text(claims, "name") or text(claims, "preferred_username")


def client_in(claims: JsonObject) -> str:
    """The program that got the token; empty if the token does not say."""
    return text(claims, "azp") or text(claims, "client_id")


def values_in(claims: JsonObject, paths: Iterable[str]) -> tuple[str, ...]:
    """The texts at these places, each once: of a list, or one text alone.

    A dot leads into an object, unless a claim has the whole name (such names may be URLs).
    """
    found = (value for path in paths for value in _texts(_at(claims, path)))
    return tuple(dict.fromkeys(found))


def _at(claims: JsonObject, path: str) -> Any:
    if path in claims:
        return claims[path]
    head, dot, rest = path.partition(".")
    while dot:
        inside = claims.get(head)
        if is_object(inside):
            return _at(inside, rest)
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None


def _texts(value: Any) -> Iterator[str]:
    if is_text(value):
        yield value
    elif is_array(value):
        yield from (item for item in value if is_text(item))
