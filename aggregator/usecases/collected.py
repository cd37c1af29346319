"""The listing of collections, merged collection by collection so that a change costs little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from aggregator.merging.collections import merge_entries
from aggregator.merging.fields import Parts
from aggregator.merging.filters import Selection
from aggregator.merging.names import CollectionNames, grouped_collections
from aggregator.merging.notes import Note
from aggregator.usecases.views import View

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

    def collect(self, listed: Listed) -> Collected:
        """The union of the backends' listings."""
        grouped = grouped_collections(listed, order=self._order, selection=self._selection)
        names, groups = grouped.document
        self._made = {name: self._merged(name, parts) for name, parts in groups.items()}
        notes = (*grouped.notes, *(note for made in self._made.values() for note in made.notes))
        items = {name: made.item for name, made in self._made.items()}
        return Collected(items, names, notes)

    def _merged(self, name: str, parts: Parts) -> _Made:
        mark = hash(tuple((backend, orjson.dumps(entry)) for backend, entry in parts))
        made = self._made.get(name)
        if made is not None and made.mark == mark:
            return made
        merged = merge_entries(name, parts)
        links = collection_links(self._view, name, merged.document)
        return _Made(mark, orjson.dumps({**merged.document, "links": links}), merged.notes)


def collection_links(view: View, name: str, collection: Mapping[str, Any]) -> list[Any]:
    """The links of a merged collection: within the federation, then what backends link to."""
    json = {"type": "application/json"}
    return [
        {"rel": "self", "href": view.link("collections", name)} | json,
        {"rel": "root", "href": view.link()} | json,
        {"rel": "parent", "href": view.link("collections")} | json,
        *collection.get("links", ()),
    ]
