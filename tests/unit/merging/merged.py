"""Collections merged for the tests, with the documents that they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aggregator.merging.collections import merge_collection, merge_entries
from aggregator.merging.filters import EVERYTHING, Selection
from aggregator.merging.names import grouped_collections
from aggregator.merging.notes import Merged
from tests.fakes.documents import collection

ORDER = ("terra", "aurora", "boreal")


def alone(document: Any) -> dict[str, Any]:
    return merge_collection("X", {"terra": document}, order=ORDER).document


def pair(field: str, first: object, second: object) -> Any:
    """Merge two collections that differ in a field."""
    by_backend = {
        "terra": collection("X", fields={field: first}),
        "aurora": collection("X", fields={field: second}),
    }
    return merge_collection("X", by_backend, order=ORDER)


def listing(
    by_backend: Mapping[str, Any], *, order: Any = ORDER, selection: Selection = EVERYTHING
) -> Merged[dict[str, Any]]:
    """Group the backends' listings and merge each collection, as the catalogue does."""
    grouped = grouped_collections(by_backend, order=order, selection=selection)
    made = {name: merge_entries(name, parts) for name, parts in grouped.document[1].items()}
    noted = [note for one in made.values() for note in one.notes]
    return Merged({name: one.document for name, one in made.items()}, (*grouped.notes, *noted))
