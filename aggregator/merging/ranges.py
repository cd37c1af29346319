"""Ranges of values: of dimensions ([smallest, largest]) and of summaries (objects)."""

from collections.abc import Callable, Sequence
from typing import Any

from aggregator.documents import is_array, is_number, is_object, is_text
from aggregator.merging.fields import (
    ABSENT,
    Part,
    Parts,
    Place,
    Shortcut,
    backends_of,
    by_backend,
    differ,
)
from aggregator.merging.times import moment

Key = Callable[[Any], Any]


def ordering(values: Sequence[object]) -> Key | None:
    """A sort key under which all of the values can be compared, or None if there is none.

    Numbers by size, times as moments, other text by its letters.
    """
    if all(map(is_number, values)):
        return lambda value: value
    if all(moment(value) is not None for value in values):
        return moment
    if all(map(is_text, values)):
        return str
    return None


def is_open_range(value: object) -> bool:
    """Say whether a value is a pair, from smallest to largest, where None is open."""
    if not is_array(value) or len(value) != 2:
        return False
    ends = [end for end in value if end is not None]
    key = ordering(ends)
    return key is not None and (len(ends) < 2 or bool(key(ends[0]) <= key(ends[1])))


def _open_ranges(parts: Parts, place: Place) -> Any:
    good = []
    for part in parts:
        if is_open_range(part.value):
            good.append(part)
        else:
            place.unusable(part, "a range of two ends")
    good = _comparable(good, place)
    if not good:
        return ABSENT
    if differ(good):
        place.note("extent-differs", backends_of(good), by_backend=by_backend(good))
    lows = [part.value[0] for part in good]
    highs = [part.value[1] for part in good]
    return [_end(lows, min), _end(highs, max)]


open_ranges = Shortcut(_open_ranges, lambda value: isinstance(value, list) and is_open_range(value))
"""Rule for the ``extent`` of a dimension: the range that covers all backends' ranges."""


def _comparable(parts: Sequence[Part], place: Place) -> list[Part]:
    """The parts whose ends can be compared with those of the first part that has any."""
    kept: list[Part] = []
    ends: list[Any] = []
    for part in parts:
        more = [end for end in part.value if end is not None]
        if ordering(ends + more) is None:
            place.unusable(part, "ends of the same kind as the other backends'")
        else:
            kept.append(part)
            ends += more
    return kept


def _end(ends: Sequence[Any], choose: Callable[..., Any]) -> Any:
    if any(end is None for end in ends):
        return None
    return choose(ends, key=ordering(ends))


def is_range(value: object) -> bool:
    """Say whether a value is a range of STAC, with `minimum` and `maximum`."""
    return is_object(value) and _has_ends(value, "minimum", "maximum")


def is_old_range(value: object) -> bool:
    """Say whether a value is a range as STAC wrote it before 0.9, with `min` and `max`."""
    return is_object(value) and _has_ends(value, "min", "max")


def is_pair(value: object) -> bool:
    """Say whether a value is an array of two numbers in order, an even older form of range."""
    return (
        is_array(value)
        and len(value) == 2
        and all(map(is_number, value))
        and bool(value[0] <= value[1])
    )


def _has_ends(value: Any, low: str, high: str) -> bool:
    ends = [value.get(low), value.get(high)]
    key = None if None in ends else ordering(ends)
    return key is not None and bool(key(ends[0]) <= key(ends[1]))
