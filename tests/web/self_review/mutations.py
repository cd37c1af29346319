"""The mutation table: one rule of the contract broken at a time, and what the review says.

`python -m tests.web.self_review.mutations > docs/self_review_mutations.md` prints the page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backends.faults.effects import Broken, Error
from backends.faults.rules import RULES
from backends.faults.scope import Fault, Scope
from scripts.self_review.backend import Options
from scripts.self_review.catalogue import (
    AUTHENTICATED,
    AUTOMATIC,
    MANUAL,
    Catalogue,
    Requirement,
    load,
)
from scripts.self_review.findings import Finding, Verdict
from scripts.self_review.history import Month
from tests.web.self_review.answering_wrongly import WRONG, WRONG_TOO
from tests.web.self_review.computing import as_it_is, nothing, unaltered
from tests.web.self_review.consequences import (
    ALSO,
    CONSEQUENCES,
    DERIVED,
    NOT_HELD_STILL,
    SPOILED_TOO,
    UNSEEN,
)
from tests.web.self_review.spoiling import REFUSED, SPOILED
from tests.web.self_review.world import ISSUER, SHORT, World

BAD = frozenset({Verdict.FAIL, Verdict.WARNING})
VALUES = {
    "oidc.provider-missing": "federation",
    "capabilities.endpoint-unlisted": "/me",
    "capabilities.endpoint-not-there": "/subscriptions",
    "capabilities.endpoint-broken": "/udf_runtimes",
    "capabilities.api-version": "0.4.2",
    "capabilities.stac-version": "0.8.0",
    "billing.currency": "EUR",
    "processes.missing": "nan",
    "collections.stac-version": "0.8.0",
    "results.stac-version": "0.8.0",
    "result.collection-unavailable": "SENTINEL2_L2A",
}


@dataclass(frozen=True)
class Mutation:
    """One way to break the contract: what is broken, and which requirements must catch it."""

    name: str
    caught_by: frozenset[str]
    consequences: frozenset[str] = frozenset()
    why: str = ""
    faults: tuple[Fault, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    user: bool = False


@dataclass(frozen=True)
class Caught:
    """What the review said of a mutation."""

    mutation: Mutation
    fails: frozenset[str]

    @property
    def missed(self) -> set[str]:
        return set(self.mutation.caught_by - self.fails)

    @property
    def unrelated(self) -> set[str]:
        related = self.mutation.caught_by | self.mutation.consequences | DERIVED
        return {one for one in self.fails - related if not _allowed(one, self.mutation)}


def _allowed(requirement: str, mutation: Mutation) -> bool:
    prefixes = [one[:-1] for one in mutation.consequences if one.endswith("*")]
    return any(requirement.startswith(one) for one in prefixes)


def mutations(catalogue: Catalogue) -> list[Mutation]:
    """All of them: by the named faults, by scripted ones, and each process missing."""
    minimum = {row.id: row for row in catalogue if catalogue.in_minimum(row)}
    return [*_by_rules(minimum), *_scripted(), *_missing_processes()]


def computed_mutations() -> list[Mutation]:
    """Those of what is computed, which `Table.spoiled` judges."""
    refused = [Mutation(f"refused: {ids}", frozenset(ids.split())) for ids in REFUSED]
    spoiled = [
        Mutation(f"spoiled: {ids}", frozenset(ids.split()), *SPOILED_TOO.get(ids, ()))
        for ids in SPOILED
    ]
    return refused + spoiled + list(_answering_wrongly())


def _answering_wrongly() -> Iterable[Mutation]:
    """Each process with a property does something else than it says."""
    rows = presences(load())
    for process in WRONG:
        also, why = WRONG_TOO.get(process, ((), ""))
        consequences = frozenset(one for other in also for one in rows[other])
        yield Mutation(f"wrong: {process}", frozenset(rows[process]), consequences, why)


def presences(catalogue: Catalogue) -> dict[str, set[str]]:
    """The requirements of the minimum that a process is there, by process."""
    rows: dict[str, set[str]] = {}
    for row in catalogue:
        here = catalogue.in_minimum(row) and row.parent is None and row.method == AUTOMATIC
        if here and row.process:
            rows.setdefault(row.process, set()).add(row.id)
    return rows


def _computes(row: Requirement) -> bool:
    """Whether a detail is judged by computing with real data."""
    detail = row.method == AUTHENTICATED and row.family in {"processes", "file_formats"}
    return detail and row.id != "profile-processes"


def _by_rules(minimum: Mapping[str, Requirement]) -> Iterable[Mutation]:
    for name, rule in RULES.items():
        unseen, _ = UNSEEN.get(name, ("", ""))
        consequences, why = CONSEQUENCES.get(name, ("", ""))
        known = [one for one in rule.requirements if one in minimum]
        wanted = [one for one in known if minimum[one].method != MANUAL or one == "api-14"]
        caught = frozenset(wanted) - set(unseen.split()) - DERIVED
        caught |= ALSO.get(name, frozenset())
        if caught:
            full = f"{name}:{VALUES[name]}" if rule.value else name
            rows = [minimum[one] for one in caught if one in minimum]
            yield Mutation(
                full,
                caught,
                frozenset(consequences.split()),
                why,
                (Fault(Broken(full)),),
                user=any(row.method != AUTOMATIC for row in rows),
            )


def _months(*uptimes: float, interval: float = 300, early: bool = False) -> list[Month]:
    return [
        Month(f"2026-{number:02}", uptime, interval, early)
        for number, uptime in enumerate(uptimes, 1)
    ]


def _scripted() -> Iterable[Mutation]:
    refused = Error(status=401, code="AuthenticationRequired", message="Log in.")
    yield Mutation(
        "each collection needs a token",
        frozenset({"api-322"}),
        faults=(Fault(refused, Scope(paths=("/collections/*",))),),
    )
    yield Mutation(
        "the version is an old 1.0",
        frozenset({"api-33", "api-version"}),
        faults=(Fault(Broken("capabilities.api-version:1.0.1")),),
    )
    histories = {
        "probed every hour": ("availability-1", _months(99.9, interval=3600)),
        "one month at 99.0": ("availability-2", _months(100, 99.0)),
        "two months at 99.0": ("availability-2 availability-3", _months(99.0, 99.0)),
        "one month at 94.9": ("availability-4", _months(94.9, 100)),
        "two months at 94.9": ("availability-4 availability-5", _months(94.9, 100, 94.9, 100)),
        "a first month at 89": (
            "availability-4 availability-6",
            _months(89, 100, early=True),
        ),
    }
    for name, (ids, history) in histories.items():
        yield Mutation(name, frozenset(ids.split()), options={"history": history})
    yield Mutation(
        "the federation has the collection already",
        frozenset({"collections-eligible-1"}),
        options={"federation": {"collections": {"SENTINEL2_L2A": {}}, "file_formats": {}}},
    )
    yield Mutation(
        "formats have parameters of their own",
        frozenset({"api-45"}),
        faults=(Fault(Broken("formats.parameters-renamed")),),
        options={
            "federation": {"file_formats": {"output": {"GTiff": {"parameters": {"tiled": {}}}}}}
        },
    )


def _missing_processes() -> Iterable[Mutation]:
    for process, ids in presences(load()).items():
        fault = Fault(Broken(f"processes.missing:{process}"))
        yield Mutation(f"processes.missing:{process}", frozenset(ids), faults=(fault,))


class Table:
    """Every mutation with what the review said of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World(folder)
        self._real: World | None = None
        self._bad_before: dict[bool, set[str]] = {}
        self.catalogue = load()
        rows = [row for row in self.catalogue if self.catalogue.in_minimum(row)]
        self.anonymous = [row.id for row in rows if row.method == AUTOMATIC]
        self.all = [row.id for row in rows if row.method != MANUAL and not _computes(row)]
        self.all.append("api-14")
        self.computing = [row.id for row in rows if _computes(row)]
        self.propertied = [one for name in WRONG for one in presences(self.catalogue)[name]]
        self.base = self._review(Mutation("nothing", frozenset(), user=True))
        self.snapshot = self.world.snapshot

    def caught(self, mutation: Mutation) -> Caught:
        """What the review says of it that it did not say before."""
        self.world.plan(mutation.faults)
        found = self._review(mutation)
        fails = {
            key for key, one in found.items() if one.verdict in BAD and self._is_worse(key, one)
        }
        return Caught(mutation, frozenset(fails - NOT_HELD_STILL))

    def _is_worse(self, key: str, found: Finding) -> bool:
        before = self.base[key].verdict
        return before not in BAD or (before, found.verdict) == (Verdict.WARNING, Verdict.FAIL)

    def _review(self, mutation: Mutation) -> dict[str, Finding]:
        earlier = getattr(self, "snapshot", None)
        given = {"earlier": earlier, "patience": SHORT, "issuer": ISSUER}
        options = Options(**{**given, **mutation.options})
        ids = self.all if mutation.user else [*self.anonymous, "api-14"]
        user, penniless = ("alice", "dave") if mutation.user else (None, None)
        return self.world.review(ids, options=options, user=user, penniless=penniless)

    def spoiled(self, mutation: Mutation) -> Caught:
        """What the review says when something that is computed is refused, wrong or spoiled."""
        kind, _, name = mutation.name.partition(": ")
        wanted = self._rows(kind == "wrong")
        before = self.bad_before(properties=kind == "wrong")
        computing = self._world_that_computes().computing
        computing.refuses = REFUSED[name] if kind == "refused" else nothing
        computing.spoils = SPOILED[name] if kind == "spoiled" else as_it_is
        computing.alters = WRONG[name] if kind == "wrong" else unaltered
        return Caught(mutation, frozenset(self._bad(wanted) - before))

    def bad_before(self, *, properties: bool) -> set[str]:
        """What fails or is a warning while everything is computed rightly."""
        if properties not in self._bad_before:
            computing = self._world_that_computes().computing
            computing.refuses, computing.spoils = nothing, as_it_is
            computing.alters = unaltered
            self._bad_before[properties] = self._bad(self._rows(properties))
        return self._bad_before[properties]

    def _rows(self, properties: bool) -> list[str]:
        return self.propertied if properties else self.computing

    def _bad(self, wanted: Iterable[str]) -> set[str]:
        found = self._world_that_computes().review(wanted, user="alice")
        return {key for key, one in found.items() if one.verdict in BAD}

    def _world_that_computes(self) -> World:
        if self._real is None:
            self._real = World(self.folder / "real", real=True)
        return self._real

    def close(self) -> None:
        self.world.close()
        if self._real is not None:
            self._real.close()


def page(caught: Iterable[Caught], catalogue: Catalogue) -> str:
    """The table as Markdown, with its totals."""
    rows = list(caught)
    covered = {one for row in rows for one in row.mutation.caught_by}
    lines = [*_head(rows, covered, catalogue)]
    for row in rows:
        also = f"{', '.join(sorted(row.mutation.consequences))}: {row.mutation.why}"
        shown = also if row.mutation.consequences else ""
        lines.append(
            f"| `{row.mutation.name}` | {', '.join(sorted(row.mutation.caught_by))} | {shown} |"
        )
    lines += ["", "## Not caught by what the fault names", ""]
    lines += [
        f"- `{name}`: {ids.replace(' ', ', ')}, since {why}." for name, (ids, why) in UNSEEN.items()
    ]
    return "\n".join(lines) + "\n"


def _head(rows: list[Caught], covered: set[str], catalogue: Catalogue) -> Iterable[str]:
    yield "# Mutations: is a broken rule caught, and only that?\n"
    yield "<!-- Printed by `python -m tests.web.self_review.mutations`; a test guards it. -->\n"
    yield "A simulated backend breaks one rule at a time, and is reviewed. Each mutation is caught"
    yield "by the requirements in the second column (it fails, or is a warning where documents"
    yield "contradict one another); no other fails, but for what follows from it by the nature of"
    yield "things, in the third column, and for requirements that are derived from others"
    yield f"({', '.join(sorted(DERIVED))}).\n"
    yield f"**{len(rows)} mutations, {len(rows)} caught, 0 with an unrelated finding.**\n"
    for method in ("automatic", "authenticated"):
        ids = [
            r.id
            for r in catalogue
            if catalogue.in_minimum(r) and r.method == method and r.applies_to == "backend"
        ]
        done = [one for one in ids if one in covered or one in DERIVED]
        yield f"- {method} requirements of the minimum with a mutation: {len(done)} of {len(ids)}"
        missing = [one for one in ids if one not in done]
        if missing:
            yield f"  - without: {', '.join(missing)}"
    yield "\n| Broken | Caught by | Follows from it |\n|---|---|---|"


def main() -> None:
    """Prints the page; that its rows are true is what the tests beside prove."""
    every = [*mutations(load()), *computed_mutations()]
    sys.stdout.write(page([Caught(one, one.caught_by) for one in every], load()))


if __name__ == "__main__":
    main()
