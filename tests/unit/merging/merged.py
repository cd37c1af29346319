"""Collections merged for the tests, with the documents that they come from."""

from __future__ import annotations

from typing import Any

from aggregator.merging.collections import merge_collection
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
