"""Types of secondary web services; names in any case are the same type."""

from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.documents import JsonObject
from aggregator.merging.fields import (
    OFFERED,
    Parts,
    Place,
    Rule,
    backends_of,
    unite,
)
from aggregator.merging.named import documents_in, merge_named
from aggregator.merging.notes import Merged, Notebook
from aggregator.merging.parameters import process_parameters, resource_parameters

OFFICIAL_NAMES: Mapping[str, str] = {
    name.casefold(): name
    for name in (
        "OGCAPI-COVERAGES",
        "OGCAPI-FEATURES",
        "OGCAPI-MAPS",
        "OGCAPI-TILES",
        "WCS",
        "WFS",
        "WMS",
        "WMTS",
        "XYZ",
    )
}
"""Names as OGC abbreviates its standards."""

_FIELDS: dict[str, Rule] = {
    **OFFERED,
    "configuration": resource_parameters,
    "process_parameters": process_parameters,
}


def merge_service_types(
    by_backend: Mapping[str, JsonObject], *, order: Sequence[str]
) -> Merged[dict[str, Any]]:
    """Merge the backends' types of services: name to merged type, which says who has it.

    Types without `configuration` or `process_parameters`, which the specification requires,
    get empty ones.
    """
    notebook = Notebook()
    documents = documents_in(by_backend, order, notebook, "service_types")
    place = Place(notebook, ("service_types",), backends_of(documents))
    return Merged(merge_named(documents, place, OFFICIAL_NAMES, _type), notebook.notes)


def _type(parts: Parts, place: Place) -> dict[str, Any]:
    united = unite(parts, place, _FIELDS)
    united.setdefault("configuration", {})
    united.setdefault("process_parameters", [])
    return united
