"""The values of dataclasses in a document; every mistake with the path of its key."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_type_hints

from aggregator.settings.checks import Check

MOVED = {
    "accounting.operators": "operators, at the top of the file",
    "availability.operator_entitlements": "operators, at the top of the file",
}
"""Settings that have another name now, and which."""


def table_values(
    kind: type[Any], document: object, prefix: str, mistakes: list[str], skip: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The values of the fields of a dataclass in a document, those of tables within it too.

    What is wrong is added to `mistakes`, with the path of its key, which begins with `prefix`. The
    fields in `skip` are left to the caller.
    """
    if not isinstance(document, Mapping):
        where = prefix.rstrip(".") or "the file"
        mistakes.append(f"{where}: must be a table of settings, not {_named(document)}")
        return {}
    known = {item.name: item for item in fields(kind) if item.name != "id"}
    for key in document:
        if new := MOVED.get(f"{prefix}{key}"):
            mistakes.append(f"{prefix}{key}: is now called {new}")
        elif key not in known:
            hint = suggest(str(key), list(known))
            mistakes.append(f"{prefix}{key}: there is no such setting {hint}")
    hints = get_type_hints(kind)
    values = {}
    for name, item in known.items():
        if name in document and name not in skip:
            value = _value(hints[name], item, document[name], prefix + name, mistakes)
            if value is not MISSING:
                values[name] = value
    return values


def _value(hint: Any, item: Field[Any], value: object, path: str, mistakes: list[str]) -> Any:
    hint = without_none(hint) if value is not None else hint
    if is_dataclass(hint):
        before = len(mistakes)
        values = table_values(hint, value, path + ".", mistakes)  # type: ignore[arg-type]
        return hint(**values) if len(mistakes) == before else MISSING  # type: ignore[operator]
    converted, wanted = _converted(hint, value)
    check: Check | None = item.metadata.get("check")
    if converted is MISSING:
        # A number where an address belongs, say: what would be right is more than that it is text.
        more = (
            check(str(value)) if check and _is_number(value) and without_none(hint) is str else ""
        )
        mistakes.append(f"{path}: {more or f'must be {wanted}, not {_named(value)}'}")
        return MISSING
    problem = check(converted) if check and converted is not None else None
    if problem:
        mistakes.append(f"{path}: {problem}")
        return MISSING
    return converted


def _converted(hint: Any, value: object) -> tuple[Any, str]:
    """The value as that type (or MISSING) and what was wanted, in words."""
    if value is None and type(None) in get_args(hint):
        return None, ""
    hint = without_none(hint)
    usable, wanted = _READERS[hint]
    if not usable(value):
        return MISSING, wanted
    if hint is date:
        return value, wanted
    return (tuple(value) if isinstance(value, list) else hint(value)), wanted


def without_none(hint: Any) -> Any:
    """The type that a value has if it is not None."""
    if type(None) not in get_args(hint):
        return hint
    return next(kind for kind in get_args(hint) if kind is not type(None))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_READERS: dict[Any, tuple[Callable[[object], bool], str]] = {
    bool: (lambda value: isinstance(value, bool), "true or false"),
    int: (lambda value: _is_number(value) and isinstance(value, int), "a whole number"),
    float: (_is_number, "a number"),
    str: (lambda value: isinstance(value, str), "text"),
    date: (lambda value: type(value) is date, "a day such as 2026-03-14"),
    Path: (lambda value: isinstance(value, str) and value.strip() != "", "a path"),
    tuple[str, ...]: (
        lambda value: isinstance(value, list) and all(isinstance(part, str) for part in value),
        "a list of texts",
    ),
}


def _named(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        return "a table"
    return "a list" if isinstance(value, list) else repr(value)


def suggest(word: str, known: list[str]) -> str:
    """What was meant by an unknown word, or else what is known."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"(did you mean {close[0]}?)" if close else f"(known are {', '.join(known)})"
