"""Lists of names in messages, kept short, and what a misspelt name may have meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice

CANDIDATES = 300
NAMED = 10
_WORDS = re.compile(r"[A-Za-z]{2,}|\d+")


def enumerated(names: Sequence[str], between: str = ", ", most: int = NAMED) -> str:
    """The names in one line; what goes beyond `most` is counted only."""
    shown = between.join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def shortened(text: str, most: int = 300) -> str:
    """The text fit for a line of a message, or its beginning if it is longer.

    Names in a message come from users and may be anything; what does not print is replaced.
    """
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return cut if cut.isprintable() else "".join(c if c.isprintable() else "�" for c in cut)


def closest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Up to `most` of the known names that `name` may have meant, the likeliest first.

    The careful comparison sees only names that share a word or a beginning with it, since it takes
    long and whoever sends the name chooses it.
    """
    folded = name[:100].casefold()
    words = set(_WORDS.findall(folded))
    related = (
        other
        for other in known
        if other[:2].casefold() == folded[:2] or words & set(_WORDS.findall(other.casefold()))
    )
    candidates = {other[:100].casefold(): other for other in islice(related, CANDIDATES)}
    return [candidates[match] for match in get_close_matches(folded, candidates, most, 0.6)]
