"""The catalogue: every rule of the contract that can be broken, by its name.

A module per section of the API. What a broken rule changes is a list of parts, small functions
of a request and its answer, so that everything else stays right.
"""

import difflib
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from backends.faults.rule import Part, Rule
from backends.faults.rules import (
    access,
    batch,
    capabilities,
    collections,
    errors,
    formats,
    logs,
    processes,
    processing,
    results,
    stored,
)

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        rule.id: rule
        for section in (
            *(errors, access, capabilities, formats, processes, collections, stored, batch),
            *(logs, results, processing),
        )
        for rule in section.RULES
    }
)


def mistake_in(name: object) -> tuple[str, str] | None:
    """What is wrong with the name of a rule and what would be right; None if nothing is."""
    identifier, colon, value = str(name).partition(":")
    known = RULES.get(identifier)
    if known is None:
        close = difflib.get_close_matches(identifier, RULES, n=3)
        hint = f"did you mean {', '.join(close)}?" if close else "docs/faults.md lists them"
        return f"{name!r} is no rule", hint
    if known.value and not value:
        return f"{name!r} needs a value", f"as in {identifier}:VALUE with {known.value}"
    if colon and not known.value:
        return f"{name!r} takes no value", f"write {identifier}"
    return None


@lru_cache(1024)
def parts_of(name: str) -> tuple[Part, ...]:
    """What the broken rule of that name changes."""
    identifier, _, value = name.partition(":")
    return RULES[identifier].parts(value)
