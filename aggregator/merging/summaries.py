"""Summaries of collections: ranges and lists of values, united for every key."""

from collections.abc import Callable, Sequence
from typing import Any

from aggregator.documents import is_array, is_number, is_object, is_text
from aggregator.merging.bands import BAND_FIELDS, described
from aggregator.merging.fields import (
    ABSENT,
    Part,
    Parts,
    Place,
    Rule,
    Shortcut,
    anything,
    first,
    first_that,
    fits,
    fitting,
    union_of,
    unite,
    usable,
)
from aggregator.merging.ranges import is_old_range, is_pair, is_range, ordering

RANGE_KEYS = frozenset(
    {
        "created",
        "datetime",
        "eo:cloud_cover",
        "eo:snow_cover",
        "sat:absolute_orbit",
        "sat:relative_orbit",
        "updated",
        "view:azimuth",
        "view:incidence_angle",
        "view:moon_azimuth",
        "view:moon_elevation",
        "view:off_nadir",
        "view:sun_azimuth",
        "view:sun_elevation",
    }
)
"""Properties on a scale. Only for these is an array of two numbers, the oldest form of a
range, taken for one, and only where every backend gives it so or as a range."""

Reading = tuple[str, Part]
"""One backend's summary: its form (range, list or schema) and its value in that form."""

_list = union_of(anything, "values")


def summaries_as(modern: bool) -> Rule:
    """Rule for ``summaries``: every key united.

    Ranges come out as STAC 1.0 has them (`minimum`, `maximum`); where all backends use an
    older form and ``modern`` is false, in that.
    """

    def rule(parts: Parts, place: Place) -> Any:
        good = usable(parts, place, is_object, "an object")
        return unite(good, place, dict.fromkeys(BAND_FIELDS, described), other) if good else ABSENT

    other = Shortcut(lambda parts, place: _summary(parts, place, modern), _is_plain)
    return rule


def _is_plain(value: object) -> bool:
    """Say whether a value is a list or a range in a form that needs no look at its key."""
    if isinstance(value, dict):
        return is_range(value) and not is_old_range(value) and fitting(value, {})
    return fits(_list, value) and not is_pair(value)


def _summary(parts: Parts, place: Place, modern: bool) -> Any:
    parts = _sound(parts, place)
    scale = place.path[-1] in RANGE_KEYS
    if scale and all(is_pair(part.value) for part in parts):
        united = _range([_from_pair(part) for part in parts], place)
        return [united["minimum"], united["maximum"]]
    pairs = scale and all(_is_any_range(part.value) or is_pair(part.value) for part in parts)
    readings = [_read(part, place, pairs) for part in parts]
    good = [reading for reading in readings if reading is not None]
    if not good:
        return ABSENT
    form, kept = _one_form(good, place)
    united = _FORMS[form](kept, place)
    if form == "range" and not modern and all(is_old_range(part.value) for part in parts):
        return _old(united)
    return united


def _sound(parts: Parts, place: Place) -> Parts:
    """The summaries without those that say nothing or are broken, unless there are no others."""
    sound = [part for part in parts if not _is_broken(part.value)]
    if not sound:
        return parts
    for part in parts:
        if _is_broken(part.value):
            place.unusable(part, "a range or an array of values")
    return sound


def _is_broken(value: object) -> bool:
    """Say whether a value is an array of nothing or an object with ends that make no range."""
    if is_array(value):
        return all(item is None for item in value)
    ends = (
        [value[key] for key in ("minimum", "maximum") if key in value] if is_object(value) else []
    )
    return not all(map(_is_end, ends)) or (len(ends) == 2 and not is_range(value))


def _is_end(value: object) -> bool:
    return is_number(value) or is_text(value)


def _is_any_range(value: object) -> bool:
    return is_range(value) or is_old_range(value)


def _read(part: Part, place: Place, pairs: bool) -> Reading | None:
    value = part.value
    if _is_any_range(value):
        return "range", part if is_range(value) else _from_old(part)
    if is_array(value):
        return ("range", _from_pair(part)) if pairs else ("list", part)
    if is_object(value) and value:
        return "schema", part
    if is_text(value) or is_number(value):
        place.note("value-repaired", (part.backend,), found=value, chosen=[value])
        return "list", Part(part.backend, [value])
    place.unusable(part, "a range or an array of values")
    return None


def _from_pair(part: Part) -> Part:
    return Part(part.backend, {"minimum": part.value[0], "maximum": part.value[1]})


def _from_old(part: Part) -> Part:
    names = {"min": "minimum", "max": "maximum"}
    return Part(part.backend, {names.get(key, key): end for key, end in part.value.items()})


def _old(united: dict[str, Any]) -> dict[str, Any]:
    names = {"minimum": "min", "maximum": "max"}
    return {names.get(key, key): end for key, end in united.items()}


def _one_form(readings: Sequence[Reading], place: Place) -> tuple[str, list[Part]]:
    """Bring the readings into one form; those that cannot be are left out and noted."""
    forms = dict.fromkeys(form for form, _ in readings)
    if len(forms) == 1:
        return readings[0][0], [part for _, part in readings]
    chosen = readings[0][0]
    kept = [part for form, part in readings if form == chosen]
    if set(forms) == {"range", "list"}:
        as_ranges = [part if form == "range" else _spanned(part) for form, part in readings]
        whole = [part for part in as_ranges if part is not None]
        if len(whole) == len(readings) and _comparable(whole):
            chosen, kept = "range", whole
    place.note(
        "summary-form-differs",
        [part.backend for _, part in readings],
        by_backend={part.backend: form for form, part in readings},
        chosen=chosen,
        used=[part.backend for part in kept],
    )
    return chosen, kept


def _spanned(part: Part) -> Part | None:
    """Read a list of comparable values as the range that they span."""
    key = ordering(part.value)
    if key is None or not part.value:
        return None
    ends = {"minimum": min(part.value, key=key), "maximum": max(part.value, key=key)}
    return Part(part.backend, ends)


def _comparable(ranges: Sequence[Part]) -> bool:
    ends = [part.value[key] for part in ranges for key in ("minimum", "maximum")]
    return ordering(ends) is not None


def _range(parts: Parts, place: Place) -> dict[str, Any]:
    kept = [parts[0]]
    for part in parts[1:]:
        if _comparable([*kept, part]):
            kept.append(part)
        else:
            place.unusable(part, "a range of the same kind as the other backends'")
    ends = {"minimum": _farthest(min), "maximum": _farthest(max)}
    return unite(kept, place, ends, first)


def _farthest(choose: Callable[..., Any]) -> Rule:
    def rule(parts: Parts, _: Place) -> Any:
        ends = [part.value for part in parts]
        return choose(ends, key=ordering(ends))

    return rule


_FORMS: dict[str, Rule] = {
    "range": _range,
    "list": _list,
    "schema": first_that(is_object, "a schema"),
}
