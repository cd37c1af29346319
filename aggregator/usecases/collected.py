"""The listing of collections, merged collection by collection so that a change costs little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from aggregator.documents import JsonObject, is_object, text
from aggregator.merging.collections import merge_collection
from aggregator.merging.filters import Selection
from aggregator.merging.names import CollectionNames, collection_names
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
        named = collection_names(listed, order=self._order, selection=self._selection)
        documents = {backend: _by_id(entries) for backend, entries in listed.items()}
        self._made = {
            name: self._merged(name, {b: documents[b][own] for b, own in own_ids.items()})
            for name, own_ids in named.document.listed.items()
        }
        notes = (*named.notes, *(note for made in self._made.values() for note in made.notes))
        items = {name: made.item for name, made in self._made.items()}
        return Collected(items, named.document, notes)

    def _merged(self, name: str, parts: Mapping[str, JsonObject]) -> _Made:
        mark = hash(tuple((backend, orjson.dumps(part)) for backend, part in parts.items()))
        made = self._made.get(name)
        if made is not None and made.mark == mark:
            return made
        merged = merge_collection(name, parts, order=self._order)
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


def _by_id(entries: Any) -> dict[str, JsonObject]:
    """The entries of a listing; of several with one id the first counts, as in merging."""
    found: dict[str, JsonObject] = {}
    for entry in entries if isinstance(entries, list) else ():
        if is_object(entry):
            found.setdefault(text(entry, "id"), entry)
    return found
