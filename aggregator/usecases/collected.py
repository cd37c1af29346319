"""The listing of collections, merged collection by collection so that a change costs little."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from aggregator.documents import text
from aggregator.merging.collections import merge_entries
from aggregator.merging.fields import Parts
from aggregator.merging.filters import Selection
from aggregator.merging.names import CollectionNames, grouped_collections
from aggregator.merging.notes import Note
from aggregator.usecases.views import View

BELOW = ("items", "queryables")
"""What a backend may offer below its collections."""

QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
_LINKS = {
    "items": {"rel": "items", "type": "application/geo+json", "title": "Items"},
    "queryables": {"rel": QUERYABLES, "type": "application/schema+json", "title": "Queryables"},
}

Below = Mapping[str, Collection[str]]
"""By backend, what it offers below its collections."""

Listed = Mapping[str, Any]
"""By backend, what stands in its listing of collections."""


@dataclass(frozen=True)
class Collected:
    """The merged collections, serialised, by id; the names behind them; what was noted."""

    items: Mapping[str, bytes]
    names: CollectionNames
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class _Made:
    """A merged collection, and a mark of what it was made of."""

    mark: int
    item: bytes
    notes: tuple[Note, ...]


class Collector:
    """Merges listings; what has not changed since the last time is not merged again."""

    def __init__(self, view: View, order: Sequence[str], selection: Selection) -> None:
        self._view, self._order, self._selection = view, order, selection
        self._made: dict[str, _Made] = {}

    def collect(self, listed: Listed, below: Below | None = None) -> Collected:
        """The union of the backends' listings."""
        grouped = grouped_collections(listed, order=self._order, selection=self._selection)
        names, groups = grouped.document
        known = below or {}
        self._made = {name: self._merged(name, parts, known) for name, parts in groups.items()}
        notes = (*grouped.notes, *(note for made in self._made.values() for note in made.notes))
        items = {name: made.item for name, made in self._made.items()}
        return Collected(items, names, notes)

    def _merged(self, name: str, parts: Parts, below: Below) -> _Made:
        offered = offered_below((backend for backend, _ in parts), below)
        mark = hash((*((backend, orjson.dumps(entry)) for backend, entry in parts), *offered))
        made = self._made.get(name)
        if made is not None and made.mark == mark:
            return made
        merged = merge_entries(name, parts)
        links = collection_links(self._view, name, merged.document, offered)
        return _Made(mark, orjson.dumps({**merged.document, "links": links}), merged.notes)


def offered_below(backends: Iterable[str], below: Below) -> list[str]:
    """What any of these backends offers below a collection."""
    having = [below.get(backend, ()) for backend in backends]
    return [part for part in BELOW if any(part in offered for offered in having)]


def collection_links(
    view: View, name: str, collection: Mapping[str, Any], below: Sequence[str] = ()
) -> list[Any]:
    """The links of a merged collection: within the federation, then what backends link to."""
    own = [{**_LINKS[part], "href": view.link("collections", name, part)} for part in below]
    relations = {link["rel"] for link in own}
    json = {"type": "application/json"}
    return [
        {"rel": "self", "href": view.link("collections", name)} | json,
        {"rel": "root", "href": view.link()} | json,
        {"rel": "parent", "href": view.link("collections")} | json,
        *own,
        *(link for link in collection.get("links", ()) if text(link, "rel") not in relations),
    ]
