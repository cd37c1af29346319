"""Which requirements a review is about."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from scripts.self_review.catalogue import AUTOMATIC, Catalogue, Requirement
from scripts.self_review.verdicts import MINIMUM


class SelectionError(Exception):
    """A profile or a requirement that is not in the catalogue; says what there is."""


def select(
    catalogue: Catalogue,
    *,
    profiles: Sequence[str] = (),
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    anonymous: bool = False,
) -> list[Requirement]:
    """The requirements of these profiles, that `only` names and `skip` does not, in order.

    `only` and `skip` are ids or patterns with `*`. `anonymous` leaves out what needs a login or a
    statement. Raises SelectionError.
    """
    _check(catalogue, profiles, (*only, *skip))
    return [
        row
        for row in catalogue
        if (not profiles or any(_has(catalogue, name, row) for name in profiles))
        and (not only or _named(row, only))
        and not _named(row, skip)
        and (not anonymous or row.method == AUTOMATIC)
    ]


def _has(catalogue: Catalogue, profile: str, row: Requirement) -> bool:
    return catalogue.in_minimum(row) if profile == MINIMUM else profile in row.profiles


def _named(row: Requirement, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(row.id, pattern) for pattern in patterns)


def _check(catalogue: Catalogue, profiles: Sequence[str], patterns: Sequence[str]) -> None:
    known = [MINIMUM, *catalogue.profiles()]
    for name in profiles:
        if name not in known:
            raise SelectionError(f"There is no profile {name!r}; there are {', '.join(known)}.")
    for pattern in patterns:
        if not any(fnmatchcase(row.id, pattern) for row in catalogue):
            raise SelectionError(f"No requirement is called {pattern!r}, for example api-12.")
