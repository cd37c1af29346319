"""How a setting is declared, and what its value may be.

A check gives the mistake in a value, in words that follow the setting's key; None if there is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field
from typing import Any, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
Check = Callable[[Any], str | None]


def setting(default: T, help: str, check: Check | None = None) -> T:  # noqa: A002 - reads well
    """A setting of a section: a field of its dataclass, with default, help and check."""
    value: T = field(default=default, metadata={"help": help, "check": check})
    return value


def table(kind: type[T], help: str) -> T:  # noqa: A002 - reads well
    """A section within a section; it may be left out."""
    value: T = field(default_factory=kind, metadata={"help": help, "check": None})
    return value


def http_url(value: str) -> str | None:
    """The address of an API."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"must be an http(s) URL such as https://openeo.example/openeo/1.3, not {value!r}"
    if parts.username or parts.query or parts.fragment:
        return "must be a plain URL without user name, query or fragment"
    return None


def page_url(value: str) -> str | None:
    """The address of a page, which may have a query."""
    parts = urlsplit(value)
    if parts.scheme in ("http", "https") and parts.hostname and not parts.username:
        return None
    return f"must be the http(s) address of a page, not {value!r}"


def http_urls(values: tuple[str, ...]) -> str | None:
    """Addresses of APIs."""
    return next((problem for problem in map(http_url, values) if problem), None)


def address(value: str) -> str | None:
    """Where a server listens."""
    host, _, port = value.rpartition(":")
    if host and port.isdigit() and int(port) < 65536:
        return None
    return f"must be HOST:PORT such as 127.0.0.1:8080, not {value!r}"


def at_least(least: float) -> Check:
    """A number that is not smaller than that."""

    def check(value: float) -> str | None:
        return None if value >= least else f"must be {least:g} or more, not {value:g}"

    return check


def share(value: float) -> str | None:
    """A weight beside others."""
    return None if 0 <= value <= 1e6 else f"must be from 0 to 1000000, not {value:g}"


def one_of(*choices: str) -> Check:
    """One of these words."""

    def check(value: str) -> str | None:
        return None if value in choices else f"must be one of {', '.join(choices)}, not {value!r}"

    return check


def sqlalchemy_url(value: str) -> str | None:
    """The URL of a database of a kind that the books can be kept in."""
    if re.fullmatch(r"sqlite:///(?!:memory:).+|postgresql(\+psycopg)?://.+", value):
        return None
    return (  # without the value, which may hold a password
        "must be a URL such as sqlite:////var/lib/openeo/federation.sqlite "
        "or postgresql://USER:PASSWORD@HOST/NAME"
    )


def percent(value: float) -> str | None:
    """A percentage, in whole thousandths."""
    if 0 <= value <= 100 and round(value * 1000) == value * 1000:
        return None
    return f"must be from 0 to 100 with at most three decimals, not {value!r}"


def digests(values: tuple[str, ...]) -> str | None:
    """Digests of tokens, as SHA-256 gives them."""
    if all(re.fullmatch("[0-9a-f]{64}", value) for value in values):
        return None
    return "must be SHA-256 digests, 64 hexadecimal digits each, not the tokens themselves"


def not_blank(value: str) -> str | None:
    """Text that says something."""
    return None if value.strip() else "must not be empty"
