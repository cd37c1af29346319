"""Processes: what at least one backend, or what every backend, can run."""

from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.documents import JsonObject, is_array, is_object, is_text, text
from aggregator.merging.fields import (
    ABSENT,
    Part,
    Parts,
    Place,
    Rule,
    differ,
    first_that,
    first_usable,
    flag_of_all,
    links,
    missing,
    unite,
    usable,
    word,
    wording,
    words,
)
from aggregator.merging.filters import EVERYTHING, Selection
from aggregator.merging.named import (
    Named,
    lists_in,
    mark,
    objects_by_name,
    outer_entries_by_name,
    parts_in_order,
    ranked,
)
from aggregator.merging.notes import Merged, Notebook
from aggregator.merging.parameters import (
    SCHEMA,
    is_schema,
    process_parameters,
    shown_types,
    types_of,
)

RULES = ("union", "intersection")
"""Union: what any backend has. Intersection: what all backends have that list processes."""

OWN_NAMESPACES = (None, "", "backend")
"""Values of `namespace` that mean a backend's pre-defined processes."""


def merge_processes(
    by_backend: Mapping[str, Sequence[JsonObject]],
    *,
    order: Sequence[str],
    rule: str = "union",
    reference: str | None = None,
    versions: Mapping[str, object] | None = None,
    selection: Selection = EVERYTHING,
) -> Merged[dict[str, dict[str, Any]]]:
    """Merge the backends' lists of pre-defined processes: id to merged process.

    Texts and schemas are those of the ``reference``: a backend, or a version of the openEO
    processes (``versions`` says which backend has which), so that a federation of mixed
    versions reads as one; then of the others in configured order. Raises ValueError for an
    unknown rule.
    """
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}, not {rule!r}")
    notebook = Notebook()
    lists = lists_in(by_backend, order, notebook, "processes")
    groups = _groups(lists, selection, Place(notebook, ("processes",), ()))
    preferred = _preferred(ranked(by_backend, order), reference, versions or {})
    everyone = {part.backend for part in lists}
    merged = {}
    for name, parts in groups.items():
        place = Place(notebook, ("processes", name), tuple(part.backend for part in parts))
        if rule == "intersection" and set(place.offered_by) != everyone:
            place.note("process-left-out", place.offered_by)
            continue
        best_first = sorted(parts, key=lambda part: preferred.index(part.backend))
        united = _complete(unite(best_first, place, _FIELDS), place)
        merged[name] = mark(united, place.offered_by)
    return Merged(merged, notebook.notes)


def merge_process_versions(
    versions: Mapping[str, object], *, order: Sequence[str], reference: str | None = None
) -> Merged[str | None]:
    """Merge what the backends say which version of the openEO processes theirs are.

    That of the reference, otherwise the one that all have that state any. None where they
    differ, which means several versions. Source: openEO API, `version` of GET /processes.
    """
    notebook = Notebook()
    place = Place(notebook, ("processes", "version"), ())
    stated = [part for part in parts_in_order(versions, order) if part.value is not None]
    good = usable(stated, place, is_text, "text")
    by_reference = [part for part in good if reference in part]
    chosen = by_reference or ([] if differ(good) else good)
    version = chosen[0].value if chosen else None
    if differ(good):
        place.differs(good, version)
    return Merged(version, notebook.notes)


def _complete(united: dict[str, Any], place: Place) -> dict[str, Any]:
    """State what the API requires and no backend gives."""
    required: dict[str, Any] = {
        "description": text(united, "summary"),
        "parameters": [],
        "returns": {"schema": {}},
    }
    for key, stand_in in required.items():
        if key not in united:
            united[key] = missing(stand_in, place.inside(key))
    return united


def _preferred(
    backends: Sequence[str], reference: str | None, versions: Mapping[str, object]
) -> list[str]:
    """The backends, those that are or have the reference first."""

    def is_other(backend: str) -> bool:
        return reference is None or reference not in (backend, versions.get(backend))

    return sorted(backends, key=is_other)


def _groups(lists: Parts, selection: Selection, place: Place) -> Named:
    pre_defined = [Part(part.backend, list(_pre_defined(part, place))) for part in lists]
    groups = {
        name: [part for part in parts if selection.admits_process(part.backend, name)]
        for name, parts in outer_entries_by_name(pre_defined, place).items()
    }
    return {name: parts for name, parts in groups.items() if parts}


def _pre_defined(part: Part, place: Place) -> list[Any]:
    kept = []
    for item in part.value:
        namespace = item.get("namespace") if is_object(item) else None
        if namespace is None or namespace in OWN_NAMESPACES:
            kept.append(item)
        else:
            named = place.inside(str(item.get("id")))
            named.note("process-namespace", (part.backend,), found=namespace)
    return kept


def returns(parts: Parts, place: Place) -> Any:
    """Rule for `returns`: the first backend's; notes where the types differ."""
    good = usable(parts, place, is_object, "an object")
    if not good:
        return ABSENT
    schemas = [Part(part.backend, part.value.get("schema")) for part in good]
    types = [Part(b, shown_types(types_of(one))) for b, one in schemas if is_schema(one)]
    if differ(types):
        place.differs(types, types[0].value, "returns-differ")
    united = unite(good, place, _RETURNS)
    if "schema" not in united:
        united["schema"] = missing({}, place.inside("schema"))
    return united


_RETURNS: dict[str, Rule] = {"description": wording, "schema": first_usable(is_schema, SCHEMA)}

_FIELDS: dict[str, Rule] = {
    "id": word,
    "summary": wording,
    "description": wording,
    "categories": words,
    "parameters": process_parameters,
    "returns": returns,
    "deprecated": flag_of_all,
    "experimental": flag_of_all,
    "exceptions": objects_by_name({"description": wording, "message": wording}, partial=None),
    "process_graph": first_that(is_object, "a process graph"),
    "examples": first_that(is_array, "an array of examples"),
    "links": links,
}
