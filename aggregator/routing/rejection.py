"""The openEO error for a process that no backend can run.

What no backend at all has is named by the error that openEO has for it. What somebody has, but
only somebody offline, is 503. Otherwise each backend lacks something, and the error says what.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from aggregator.errors import (
    BackendUnavailable,
    BillingPlanInvalid,
    BudgetInvalid,
    CollectionNotFound,
    FilePathInvalid,
    FileTypeInvalid,
    JobNotFound,
    NoBackendForProcess,
    OpenEOError,
    PaymentRequired,
    ProcessParameterUnsupported,
    ProcessUnsupported,
    ServiceUnsupported,
    WorkspaceNotFound,
)
from aggregator.routing.abilities import Abilities
from aggregator.routing.explanation import lacks
from aggregator.routing.references import is_address
from aggregator.routing.requirements import Requirements
from aggregator.routing.suggestions import closest, enumerated, shortened
from aggregator.routing.verdicts import Asked, Verdict

MISTAKES = 50
"""How many errors a process gets at most."""


@dataclass(frozen=True)
class Case:
    """Everything that was judged."""

    needs: Requirements
    backends: tuple[Abilities, ...]
    asked: Asked


def rejection(case: Case, verdicts: Sequence[Verdict]) -> OpenEOError:
    """The error that fits, looked for from the plainest mistake to the most involved one."""
    for error in _nowhere(case):
        return error
    waiting = [verdict.backend for verdict in verdicts if verdict.able_if_online]
    if waiting:
        return BackendUnavailable(waiting)
    for billing_error in _not_paid(verdicts):
        return billing_error
    return _no_backend(case, verdicts)


def rejections(case: Case, verdicts: Sequence[Verdict]) -> tuple[OpenEOError, ...]:
    """What `rejection` gives, and all else that no backend has, at most `MISTAKES` together."""
    first = rejection(case, verdicts)
    if isinstance(first, BackendUnavailable):
        return (first,)
    found = {(first.code, first.message): first}
    for error in islice(_nowhere(case), MISTAKES):
        found.setdefault((error.code, error.message), error)
    return tuple(found.values())[:MISTAKES]


def _nowhere(case: Case) -> Iterator[OpenEOError]:
    """An error for each thing that no backend has, most telling first."""
    yield from _unknown_choices(case)
    yield from _all_unseen(case)
    yield from _unknown_collections(case)
    yield from _unknown_processes(case)
    yield from _unknown_references(case)
    yield from _unknown_parameters(case)
    yield from _unknown_formats(case)
    yield from _unknown_services(case)
    yield from _unknown_plans(case)


def _unknown_choices(case: Case) -> Iterator[OpenEOError]:
    members = case.asked.members
    there = f"The backends are {enumerated(members)}." if members else "It has no backends."
    if case.asked.explicit is not None and case.asked.explicit not in members:
        named = shortened(case.asked.explicit, 50)
        yield NoBackendForProcess(
            f"The request asks for backend '{named}', which is not in this federation. {there}"
        )
    for need in case.needs.explicit:
        if not any(member in need.backends for member in members):
            yield NoBackendForProcess(
                f"Node '{shortened(need.path)}' asks for {need.backends}, and there is no such "
                f"backend in this federation. {there}"
            )


def _all_unseen(case: Case) -> Iterator[OpenEOError]:
    """What is nowhere cannot be said while no backend has ever been reached."""
    if case.backends and all(b.collections is None and b.processes is None for b in case.backends):
        asked = [b.backend for b in case.backends if case.asked.explicit in (None, b.backend)]
        yield BackendUnavailable(asked)


def _unknown_collections(case: Case) -> Iterator[OpenEOError]:
    known = [backend.collections or {} for backend in case.backends]
    for need in case.needs.collections:
        if not any(need.id in collections for collections in known):
            hint = _near(need.id, (name for collections in known for name in collections))
            yield CollectionNotFound(shortened(need.id, 200), f"{hint}{_unseen(case)}")


def _unseen(case: Case) -> str:
    names = [b.backend for b in case.backends if b.collections is None or b.processes is None]
    return f"What {enumerated(names, ' and ')} can do is not known yet." if names else ""


def _unknown_processes(case: Case) -> Iterator[OpenEOError]:
    offered = frozenset[str]().union(*(backend.process_ids for backend in case.backends))
    for need in case.needs.processes:
        namespace = need.namespace or "backend"
        ours = namespace == "backend" or namespace in case.asked.members
        if ours and need.id not in offered:
            name, hint = shortened(need.id, 200), f"{_near(need.id, offered)}{_unseen(case)}"
            yield ProcessUnsupported(name, namespace, hint)


def _unknown_references(case: Case) -> Iterator[OpenEOError]:
    if case.asked.explicit is not None:
        return
    for need in case.needs.references:
        known = is_address(need.reference) or case.asked.holder_of(need) is not None
        if need.kind == "file" and not known:
            yield FilePathInvalid(_without_keeper(need.reference, case.asked.members))
        elif need.kind == "workspace" and not known:
            hint = "The id of a workspace here begins with its backend's id and a dash."
            yield WorkspaceNotFound(shortened(need.reference, 200), hint)
        elif need.binding and not known:
            hint = "The id of a job in this federation begins with its backend's id and a dash."
            yield JobNotFound(shortened(need.reference, 200), hint)


def _without_keeper(path: str, members: Sequence[str]) -> str:
    keepers = enumerated(list(members)[:50], " or ")
    example = f"{members[0]}/{shortened(path, 100)}" if members else ""
    return (
        f"'{shortened(path, 200)}' does not begin with the backend that keeps the file, which is "
        f"one of {keepers}; such as '{example}'."
    )


def _unknown_parameters(case: Case) -> Iterator[OpenEOError]:
    for need in case.needs.predefined:
        offers = [
            b.processes[need.id] for b in case.backends if b.processes and need.id in b.processes
        ]
        known = [names for names in offers if names is not None]
        if not known or len(known) < len(offers):
            continue
        names = frozenset[str]().union(*known)
        for name in need.arguments:
            if name not in names:
                hint = _near(name, names)
                there = f"Its parameters are {enumerated(sorted(names))}." if names else ""
                yield ProcessParameterUnsupported(need.id, shortened(name, 200), f"{hint}{there}")


def _unknown_formats(case: Case) -> Iterator[OpenEOError]:
    for needs, offers in (
        (case.needs.output_formats, [b.output_formats for b in case.backends]),
        (case.needs.input_formats, [b.input_formats for b in case.backends]),
    ):
        known = [offer for offer in offers if offer is not None]
        if not known or len(known) < len(offers):
            continue
        names = {folded: name for offer in known for folded, name in offer.items()}
        for need in needs:
            if need.format.casefold() not in names:
                there = ", ".join(sorted(names.values())[:50])
                yield FileTypeInvalid(shortened(need.format, 50), there)


def _unknown_services(case: Case) -> Iterator[OpenEOError]:
    asked, offers = case.asked.service_type, [b.service_types for b in case.backends]
    if asked is None or any(offer is None for offer in offers):
        return
    names = {folded: name for offer in offers for folded, name in (offer or {}).items()}
    if asked.casefold() not in names:
        there = f"These are: {enumerated(sorted(names.values()))}." if names else ""
        yield ServiceUnsupported(shortened(asked, 50), there)


def _unknown_plans(case: Case) -> Iterator[OpenEOError]:
    plan, offers = case.asked.billing.plan, [b.plans for b in case.backends]
    if plan is None or any(offer is None for offer in offers):
        return
    names = {folded: name for offer in offers for folded, name in (offer or {}).items()}
    if plan.casefold() not in names:
        there = f"The plans are {enumerated(sorted(names.values()))}." if names else ""
        yield BillingPlanInvalid(
            f"There is no billing plan '{shortened(plan, 50)}' in this federation. {there}".strip()
        )


_PAYING: tuple[tuple[str, type[OpenEOError], str], ...] = (
    ("credits", PaymentRequired, "Your credits do not cover this"),
    ("budget", BudgetInvalid, "The budget does not cover this"),
    ("plans", BillingPlanInvalid, "The billing plan cannot be used for this"),
)


def _not_paid(verdicts: Sequence[Verdict]) -> Iterator[OpenEOError]:
    """The error if there are backends against which nothing speaks but the rules on paying."""
    paying = {rule for rule, _, _ in _PAYING}
    found = {v.backend: {reason.rule for reason in v.reasons} for v in verdicts}
    refused = [verdict for verdict in verdicts if found[verdict.backend] <= paying]
    for rule, error, said in _PAYING:
        if any(rule in found[verdict.backend] for verdict in refused):
            yield error(f"{said}: {lacks(refused)}.")


def _near(name: str, known: Iterable[str]) -> str:
    near = [f"'{shortened(other, 100)}'" for other in closest(name, known)]
    return f"Did you mean {enumerated(near, ' or ')}? " if near else ""


def _no_backend(case: Case, verdicts: Sequence[Verdict]) -> NoBackendForProcess:
    lacking = {verdict.backend: [str(r) for r in verdict.reasons] for verdict in verdicts}
    asked_for = [v for v in verdicts if all(r.rule != "explicit" for r in v.reasons)]
    if not asked_for and verdicts:
        return NoBackendForProcess(_contradiction(case), lacking)
    if len(asked_for) < len(verdicts):
        named = " or ".join(f"'{verdict.backend}'" for verdict in asked_for)
        said = f"The process was to run on backend {named}, which cannot run it: "
    else:
        said = "No single backend can run this process: "
    return NoBackendForProcess(f"{said}{lacks(asked_for)}.", lacking)


def _contradiction(case: Case) -> str:
    said = [f"node '{shortened(n.path, 100)}' asks for {n.backends}" for n in case.needs.explicit]
    if case.asked.explicit is not None:
        said.insert(0, f"the request asks for backend '{case.asked.explicit}'")
    choices = enumerated(said, ", ")
    return f"No backend is left, since the choices exclude one another: {choices}."
