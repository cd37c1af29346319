"""Providers of workspaces: what kinds of storage the backends can export to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.documents import JsonObject
from aggregator.merging.fields import (
    OFFERED,
    Part,
    Parts,
    Place,
    Rule,
    backends_of,
    unite,
    words,
)
from aggregator.merging.named import documents_in, merge_named
from aggregator.merging.notes import Merged, Notebook
from aggregator.merging.parameters import resource_parameters

_FIELDS: dict[str, Rule] = {
    **OFFERED,
    "intents": words,
    "parameters": resource_parameters,
}


def merge_workspace_providers(
    by_backend: Mapping[str, JsonObject], *, order: Sequence[str]
) -> Merged[dict[str, Any]]:
    """Merge the backends' providers: name to merged provider, which says who has it.

    Names in any case are one. Providers without `parameters`, which the extension requires, get
    empty ones. Source: Workspaces Extension 0.1.0, GET /workspace_providers.
    """
    notebook = Notebook()
    documents = documents_in(by_backend, order, notebook, "workspace_providers")
    listed = [Part(part.backend, part.value.get("providers", {})) for part in documents]
    place = Place(notebook, ("workspace_providers",), backends_of(listed))
    return Merged(merge_named(listed, place, {}, _provider), notebook.notes)


def _provider(parts: Parts, place: Place) -> dict[str, Any]:
    united = unite(parts, place, _FIELDS)
    united.setdefault("parameters", {})
    return united
