"""Reading JSON documents of others without changing them and without trusting them.

Every reader returns a value of the promised type or a stated default; a document
of the wrong shape never raises. Whoever needs to know that something was of the wrong
shape asks with :func:`is_object`, :func:`is_array` and their kin.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from math import isfinite
from types import MappingProxyType
from typing import Any, TypeGuard

JsonObject = Mapping[str, Any]
"""A JSON object that the reader promises not to change."""

_OBJECT = (dict, MappingProxyType)
"""What a decoded object can be. Asking for any Mapping is several times slower."""

_ARRAY = (list, tuple)
_CONTAINER = (dict, *_ARRAY, MappingProxyType)
# Longer numbers are read in pieces: Python refuses those of thousands of digits.
_NUMBERS = re.compile(r"\d{1,18}")
_PIECES = re.compile(r"\d{1,18}|\D+")

VersionKey = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]
"""The numbers of a release, whether it is one, and the pieces of the name of a pre-release."""


def is_object(value: object) -> TypeGuard[JsonObject]:
    """Say whether a value is a JSON object (its keys all text)."""
    return isinstance(value, _OBJECT)


def is_array(value: object) -> TypeGuard[Sequence[Any]]:
    """Say whether a value is a JSON array; text is none."""
    return isinstance(value, list | tuple)


def is_text(value: object) -> TypeGuard[str]:
    """Say whether a value is text that says something (not empty)."""
    return isinstance(value, str) and value != ""


def is_number(value: object) -> TypeGuard[int | float]:
    """Say whether a value is a finite JSON number; true and false are none."""
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def is_flag(value: object) -> TypeGuard[bool]:
    """Say whether a value is true or false."""
    return isinstance(value, bool)


def text(document: object, key: str, default: str = "") -> str:
    """Read a non-empty text, or the default."""
    value = _member(document, key)
    return value if is_text(value) else default


def flag(document: object, key: str, default: bool = False) -> bool:
    """Read true or false, or the default."""
    value = _member(document, key)
    return value if isinstance(value, bool) else default


def number(document: object, key: str) -> int | float | None:
    """Read a finite number, or None."""
    value = _member(document, key)
    return value if is_number(value) else None


def mapping(document: object, key: str) -> JsonObject:
    """Read an object, or an empty one."""
    value = _member(document, key)
    return value if is_object(value) else {}


def array(document: object, key: str) -> Sequence[Any]:
    """Read an array as it is, or an empty one."""
    value = _member(document, key)
    return value if is_array(value) else ()


def objects(document: object, key: str) -> tuple[JsonObject, ...]:
    """Read the objects in an array; members of any other type are passed over."""
    return tuple(value for value in array(document, key) if is_object(value))


def texts(document: object, key: str) -> tuple[str, ...]:
    """Read the texts in an array; members of any other type are passed over."""
    return tuple(value for value in array(document, key) if is_text(value))


def links(document: object) -> tuple[JsonObject, ...]:
    """Read the links, each with an address and what it is to the document; others are passed over.

    Both are required by openEO and STAC alike, and clients read them unasked.
    """
    return tuple(
        one for one in objects(document, "links") if text(one, "rel") and text(one, "href")
    )


def members(document: object, key: str) -> Iterator[tuple[str, JsonObject]]:
    """Read an object of objects pair by pair; other members are passed over."""
    for name, value in mapping(document, key).items():
        if is_object(value):
            yield name, value


def same(left: object, right: object) -> bool:
    """Say whether two JSON values are equal: 1 equals 1.0, true equals neither."""
    if left is right:
        return True
    if isinstance(left, _OBJECT) and isinstance(right, _OBJECT):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def identity(value: object) -> object:
    """Give a hashable stand-in for a JSON value: equal exactly where :func:`same` says so."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ("flag", value)
    if is_object(value):
        return ("object", frozenset((key, identity(item)) for key, item in value.items()))
    if is_array(value):
        return ("array", tuple(map(identity, value)))
    return value


def is_nested_within(value: object, depth: int) -> bool:
    """Say whether a value has at most so many levels of objects and arrays in each other."""
    level = [value] if isinstance(value, _CONTAINER) else []
    for _ in range(depth):
        deeper: list[Any] = []
        for holder in level:
            inside = holder if isinstance(holder, _ARRAY) else holder.values()
            deeper += [item for item in inside if isinstance(item, _CONTAINER)]
        if not deeper:
            return True
        level = deeper
    return not level


def version_key(version: object) -> VersionKey:
    """Give a sort key for a version: 1.9 is below 1.10, 1.0.0-rc.9 below 1.0.0-rc.10 and 1.0.0.

    What is no text sorts below every version.
    """
    return _version_key(version) if isinstance(version, str) else ((), False, ())


@lru_cache(maxsize=4096)
def _version_key(version: str) -> VersionKey:
    release, _, suffix = version.partition("-")
    digits = tuple(int(found) for found in _NUMBERS.findall(release)[:8])
    while digits and digits[-1] == 0:
        digits = digits[:-1]
    return (digits, not suffix, tuple(map(_piece, _PIECES.findall(suffix)[:8])))


def _piece(found: str) -> tuple[bool, int, str]:
    """A piece of a pre-release's name: numbers by their size, and below words."""
    return (False, int(found), "") if found.isdecimal() else (True, 0, found)


def _member(document: object, key: str) -> Any:
    return document.get(key) if isinstance(document, _OBJECT) else None
