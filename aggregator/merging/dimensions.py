"""Data cube dimensions and variables of collections (STAC datacube extension)."""

from typing import Any

from aggregator.documents import is_array, is_number, is_object, is_text, same
from aggregator.merging.extents import hull, is_box, is_plain_box
from aggregator.merging.fields import (
    ABSENT,
    Part,
    Parts,
    Place,
    Rule,
    Shortcut,
    anything,
    arrays_in,
    backends_of,
    by_backend,
    differ,
    first_that,
    fitting,
    links,
    unite,
    usable,
    values,
    wording,
    words,
)
from aggregator.merging.named import members_by_name, members_fit, merged_groups, objects_by_name
from aggregator.merging.ranges import open_ranges, ordering


def _labels(parts: Parts, place: Place) -> Any:
    united = values(parts, place)
    if united is ABSENT or not differ(parts):
        return united
    key = ordering(united)
    lists = [part.value for part in parts if is_array(part.value)]
    if key is None or (any(is_text(label) for label in united) and key is str):
        return united
    ascending = all(ordering(one) and list(one) == sorted(one, key=key) for one in lists)
    return sorted(united, key=key) if ascending else united


labels = Shortcut(_labels, values.fits)
"""Rule for the ``values`` of a dimension: the labels of all backends.

In ascending order where every backend lists them so, otherwise as first seen.
"""


def _bounding(parts: Parts, place: Place) -> Any:
    good = usable(parts, place, is_box, "a bounding box")
    if not good:
        return ABSENT
    if differ(good):
        place.note("extent-differs", backends_of(good), by_backend=by_backend(good))
    return hull([part.value for part in good])


def _told(check: Any, expected: str) -> Rule:
    return first_that(check, expected, "dimension-differs")


_text = _told(is_text, "text")

DEFAULT_SYSTEM = 4326
"""The EPSG code of the reference system of a spatial dimension that states none."""

_SYSTEM = "reference_system"
_SYSTEMS = "an EPSG code, WKT or PROJJSON"
_LOCATED = ("spatial", "geometry")


def _is_system(value: object) -> bool:
    return is_text(value) or is_number(value) or is_object(value)


_FIELDS: dict[str, Rule] = {
    "type": _text,
    "axis": _text,
    "description": wording,
    "extent": open_ranges,
    "values": labels,
    "step": _told(
        lambda value: value is None or is_number(value) or is_text(value), "a number, text or null"
    ),
    "unit": _text,
    _SYSTEM: _told(_is_system, _SYSTEMS),
    "bbox": Shortcut(_bounding, is_plain_box),
    "axes": words,
    "geometry_types": words,
    "links": links,
}


def _dimension(parts: Parts, place: Place) -> Any:
    """Merge one dimension of one type; extents only over one and the same reference system."""
    parts = _with_systems(_of_one_type(parts, place), place)
    united = unite(parts, place, {**_FIELDS, "extent": _kept_apart, "bbox": _kept_apart})
    alike = [part for part in parts if _same_system(parts[0], part)]
    for key in ("extent", "bbox"):
        if key in united:
            holders = [Part(part.backend, part.value[key]) for part in alike if key in part.value]
            value = _FIELDS[key](holders, place.inside(key)) if holders else ABSENT
            if value is ABSENT:
                del united[key]
            else:
                united[key] = value
    return united


def _of_one_type(parts: Parts, place: Place) -> Parts:
    """The descriptions that go together, since each type has fields of its own."""
    types = [Part(part.backend, kind) for part in parts if is_text(kind := part.value.get("type"))]
    if not differ(types):
        return parts
    place.inside("type").differs(types, types[0].value, "dimension-differs")
    others = {backend for backend, kind in types if kind != types[0].value}
    return [part for part in parts if part.backend not in others]


def _with_systems(parts: Parts, place: Place) -> Parts:
    """Where a backend states a reference system, the others' default of it is stated as well."""
    stated = [Part(p.backend, p.value[_SYSTEM]) for p in parts if _SYSTEM in p.value]
    usable_ones = usable(stated, place.inside(_SYSTEM), _is_system, _SYSTEMS)
    given = {part.backend for part in usable_ones}
    return [p if p.backend in given else _with_default(p, bool(given)) for p in parts]


def _with_default(part: Part, given: bool) -> Part:
    bare = {key: value for key, value in part.value.items() if key != _SYSTEM}
    if given and part.value.get("type") in _LOCATED:
        bare[_SYSTEM] = DEFAULT_SYSTEM
    return Part(part.backend, bare)


def _kept_apart(parts: Parts, _: Place) -> Any:
    return parts[0].value


def _same_system(left: Part, right: Part) -> bool:
    systems = left.value.get(_SYSTEM), right.value.get(_SYSTEM)
    return None in systems or same(*systems)


def _dimensions(parts: Parts, place: Place) -> Any:
    good = usable(parts, place, is_object, "an object")
    if not good:
        return ABSENT
    known = place.among(backends_of(good))
    return merged_groups(members_by_name(good, known), known, _dimension)


_ONE = Shortcut(_dimension, lambda value: fitting(value, _FIELDS))

dimensions = Shortcut(_dimensions, lambda value: members_fit(value, _ONE))
"""Rule for ``cube:dimensions``: all dimensions of all backends.

A dimension that only some have says who does. A backend that describes no dimensions
at all, as in some listings, is taken not to tell.
"""


def _dimension_names(parts: Parts, place: Place) -> Any:
    arrays = arrays_in(parts, place, is_text, "an array of names of dimensions")
    if not arrays:
        return ABSENT
    if differ(arrays):
        place.differs(arrays, arrays[0].value, "dimension-differs")
    return arrays[0].value


variables = objects_by_name(
    {
        **_FIELDS,
        "dimensions": _dimension_names,
        "shape": _told(anything, "an array"),
        "nodata": _told(anything, "a value"),
        "data_type": _text,
    }
)
"""Rule for ``cube:variables``: all variables of all backends."""
