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
    "reference_system": _told(
        lambda value: is_text(value) or is_number(value) or is_object(value),
        "an EPSG code, WKT or PROJJSON",
    ),
    "bbox": Shortcut(_bounding, is_plain_box),
    "axes": words,
    "geometry_types": words,
    "links": links,
}


def _dimension(parts: Parts, place: Place) -> Any:
    """Merge one dimension; extents are united only over one and the same reference system."""
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


def _kept_apart(parts: Parts, _: Place) -> Any:
    return parts[0].value


def _same_system(left: Part, right: Part) -> bool:
    return same(left.value.get("reference_system", 4326), right.value.get("reference_system", 4326))


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
