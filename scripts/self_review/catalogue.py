"""The requirements of the federation, as data: `data/catalogue.json`.

Restated from public documents: the CDSE openEO federation pages, the openEO API and process
profiles, the openEO API and its federation extension. Each requirement says its source.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

AUTOMATIC, AUTHENTICATED, MANUAL = "automatic", "authenticated", "manual"
REQUIRED, RECOMMENDED = "required", "recommended"
AGGREGATOR = "aggregator"
PAGES = {
    "contract": "The federation's contract",
    "collections": "Collections of the federation",
    "file_formats": "File formats of the federation",
    "federation": "Rules for aggregators",
}
"""What the federation's own pages oblige to."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row: what is wanted, how it can be judged, and where it is written."""

    id: str
    family: str
    profile: str
    area: str
    wants: str
    method: str
    severity: str
    source: str
    endpoint: str | None = None
    also_in: tuple[str, ...] = ()
    applies_to: str = "backend"
    experimental: bool = False
    same_process_as: str | None = None
    parent: str | None = None
    conflict: str | None = None
    superseded_by: str | None = None
    threshold: Mapping[str, Any] = field(default_factory=dict)
    aspect: str | None = None
    category: str | None = None
    process: str | None = None
    aliases: tuple[str, ...] = ()
    note: str | None = None

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that have it: `api-L1`, `processes-L2A`, `contract`, `collections` …"""
        if self.profile == "FED":
            return (self.family,)
        return tuple(f"{self.family}-{name}" for name in (self.profile, *self.also_in))


@dataclass(frozen=True, slots=True)
class Conflict:
    """Where documents contradict one another, and the reading that is applied here."""

    id: str
    what: str
    reading: str


class Catalogue:
    """All requirements by id, in the order of their documents."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.requirements = {row["id"]: _requirement(row) for row in document["requirements"]}
        self.conflicts = {row["id"]: Conflict(**row) for row in document["conflicts"]}
        self.documents: list[dict[str, str]] = list(document["documents"])
        self.titles = dict(_titles(document["profiles"]))
        """What each profile is called, as its documents have it."""
        self.minimum = frozenset(_minimum(document["federation_minimum"]))
        """The profiles whose required rows are the federation's minimum."""

    def __getitem__(self, requirement: str) -> Requirement:
        return self.requirements[requirement]

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self.requirements.values())

    def profiles(self) -> list[str]:
        """Every profile's name: those of the API, then of the processes, then the pages."""
        return [name for name in self.titles if name in self._named]

    @cached_property
    def _named(self) -> frozenset[str]:
        return frozenset(name for one in self for name in one.profiles)

    def in_minimum(self, one: Requirement) -> bool:
        """Whether the federation's minimum has it: its profiles, and what its pages oblige to."""
        if one.severity != REQUIRED:
            return False
        return not self.minimum.isdisjoint(one.profiles)


def _titles(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for family, profiles in document.items():
        yield from ((f"{family}-{one['id']}", one["title"]) for one in profiles)
    yield from PAGES.items()


def _minimum(document: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"api-{name}" for name in document["api"])
    # A backend that takes the vector route (L2B) still needs L2A: L2P names all of it.
    yield from (f"processes-{name.partition(' or ')[0]}" for name in document["processes"])
    yield from PAGES


def _requirement(row: Mapping[str, Any]) -> Requirement:
    lists = {key: tuple(row[key]) for key in ("also_in", "aliases") if key in row}
    return Requirement(**{**row, **lists})


@cache
def load() -> Catalogue:
    """The catalogue that comes along."""
    text = files(__package__).joinpath("data", "catalogue.json").read_text(encoding="utf-8")
    return Catalogue(json.loads(text))
