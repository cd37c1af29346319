"""Addresses in a backend's documents, turned into the federation's where a login is needed.

What is signed or public stays the backend's own, so that data never pass through the federation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urljoin

from aggregator.documents import JsonObject, is_object, links, mapping, text
from aggregator.ids import federate
from aggregator.usecases.views import View

# What stands below a job or service, with the query parameters that need no signature.
RESOURCES: dict[tuple[str, ...], frozenset[str] | None] = {
    (): frozenset(),
    ("results",): frozenset({"partial"}),
    ("estimate",): frozenset(),
    ("logs",): None,
}
COLLECTIONS = ("jobs", "services")
_HEADER_LINK = re.compile(r"\s*<([^>]*)>([^,]*)(?:,|$)")


@dataclass(frozen=True)
class Origin:
    """Where a document came from: the backend, the URL asked, and the bases of its API."""

    backend: str
    url: str
    bases: Sequence[str]


def federated(href: str, origin: Origin, view: View) -> str | None:
    """The federation's URL of a job or service, or of something below it, for the backend's."""
    for base in origin.bases:
        for collection in COLLECTIONS:
            root = f"{base}/{collection}/"
            if href.startswith(root):
                return _below(collection, href.removeprefix(root), origin, view)
    return None


def _below(collection: str, rest: str, origin: Origin, view: View) -> str | None:
    path, _, query = rest.partition("#")[0].partition("?")
    local_id, *parts = path.rstrip("/").split("/")
    below = tuple(parts)
    if below not in RESOURCES or not local_id:
        return None
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    unsigned = RESOURCES[below]
    if unsigned is not None and not unsigned.issuperset(parameters):
        return None
    identifier = federate(origin.backend, unquote(local_id))
    return view.link(collection, identifier, *below, query=parameters)


def relinked(document: JsonObject, origin: Origin, view: View) -> dict[str, Any]:
    """The document with absolute links and assets, its links led through the federation."""
    changed = dict(document)
    if "links" in document:
        changed["links"] = [_relinked(link, origin, view) for link in links(document)]
    if mapping(document, "assets"):
        changed["assets"] = {
            name: _absolute(asset, origin) if is_object(asset) else asset
            for name, asset in document["assets"].items()
        }
    return changed


def _absolute(item: JsonObject, origin: Origin) -> JsonObject:
    href = text(item, "href")
    return {**item, "href": _joined(origin.url, href)} if href else item


def _relinked(link: JsonObject, origin: Origin, view: View) -> JsonObject:
    absolute = _absolute(link, origin)
    ours = federated(text(absolute, "href"), origin, view)
    return absolute if ours is None else {**absolute, "href": ours}


def relinked_header(value: str, origin: Origin, view: View) -> str:
    """A header Link, led through the federation where a login is needed."""
    kept = []
    for href, parameters in _HEADER_LINK.findall(value):
        absolute = _joined(origin.url, href)
        ours = federated(absolute, origin, view)
        kept.append(f"<{ours or absolute}>{parameters.rstrip()}")
    return ", ".join(kept)


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href)
    except ValueError:
        return href
