"""Texts. Ours: the library takes an empty text for null. openEO processes 2.0.0-rc.1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from backends.errors import OpenEOError
from backends.processes.declaration import implements
from backends.processes.values import describe, elements, invalid, is_null, is_number

MAX_LENGTH: Final = 1_000_000


def _matches(
    match: Callable[[str, str], bool], data: Any, pattern: Any, case_sensitive: bool
) -> bool | None:
    if data is None:
        return None
    for name, value in (("data", data), ("pattern", pattern)):
        if not isinstance(value, str):
            raise invalid(name, f"must be a text, not {describe(value)}.")
    return match(data, pattern) if case_sensitive else match(data.casefold(), pattern.casefold())


@implements("text_begins")
def text_begins(data: Any, pattern: str, case_sensitive: bool = True) -> bool | None:
    """Whether a text begins with another; null for null."""
    return _matches(str.startswith, data, pattern, case_sensitive)


@implements("text_ends")
def text_ends(data: Any, pattern: str, case_sensitive: bool = True) -> bool | None:
    """Whether a text ends with another; null for null."""
    return _matches(str.endswith, data, pattern, case_sensitive)


@implements("text_contains")
def text_contains(data: Any, pattern: str, case_sensitive: bool = True) -> bool | None:
    """Whether a text contains another; null for null."""
    return _matches(str.__contains__, data, pattern, case_sensitive)


@implements("text_concat")
def text_concat(data: Any, separator: Any = "") -> str:
    """Texts, numbers, booleans and nulls as one text, with a separator between them."""
    between, texts = _text(separator, "separator"), [_text(x, "data") for x in elements(data)]
    if sum(map(len, texts)) + len(texts) * len(between) > MAX_LENGTH:
        message = f"The text would have more than {MAX_LENGTH} characters."
        raise OpenEOError("ProcessGraphComplexity", message)
    return between.join(texts)


def _text(value: Any, name: str) -> str:
    if is_null(value):
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) or is_number(value):
        return str(value)
    raise invalid(name, "must hold texts, numbers, booleans and nulls only.")
