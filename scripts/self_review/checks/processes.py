"""GET /processes: the list, and each process beyond its name."""

from __future__ import annotations

from collections.abc import Callable

from scripts.self_review.backend import Backend, Entry, objects
from scripts.self_review.catalogue import AUTOMATIC, Catalogue, Requirement
from scripts.self_review.computed import computed
from scripts.self_review.findings import (
    Cause,
    Evidence,
    Outcome,
    Verdict,
    could_not_tell,
    failed,
    judged,
    not_applicable,
    passed,
    shown_answer,
    some,
    warned,
)
from scripts.self_review.lists import full, nulls, paged, public, valid_list
from scripts.self_review.properties import held
from scripts.self_review.reference import breaks, experimental, narrowings, reference
from scripts.self_review.registry import Lookup, check, check_each, derived

PATH = "/processes"
NULLABLE = frozenset({"default", "example", "examples", "enum", "const", "arguments", "returns"})


@check("api-200")
def the_list_is_valid(backend: Backend) -> Outcome:
    return valid_list(backend.get(PATH), ("processes", "links"), "api-201")


@check("api-201")
def anybody_may_read_it(backend: Backend) -> Outcome:
    return public(backend.get(PATH))


@check("api-203")
def the_list_is_paged(backend: Backend) -> Outcome:
    return paged(backend, PATH, "processes", "api-200")


@check("api-204")
def without_limit_it_is_whole(backend: Backend) -> Outcome:
    return full(backend, PATH, "processes", "api-200")


def _of_each(
    backend: Backend, problem: Callable[[Entry], str], good: str, hint: str = ""
) -> Outcome:
    processes = backend.processes
    problems = [f"{_name(one)}: {said}" for one in processes if (said := problem(one))]
    shown = Evidence(f"GET {backend.root}{PATH}", f"{len(processes)} processes")
    looked_at = f"all {len(processes)} processes"
    return judged(problems, good, shown, looked_at=looked_at, hint=hint)


def _name(process: Entry) -> str:
    return str(process.get("id", "a process without id"))


@check("api-205")
def every_process_is_described(backend: Backend) -> Outcome:
    return _of_each(backend, _undescribed, "Each has id, description, parameters and returns.")


def _undescribed(process: Entry) -> str:
    returns, parameters = process.get("returns"), process.get("parameters")
    missing = [key for key in ("id", "description") if not isinstance(process.get(key), str)]
    missing += [] if isinstance(parameters, list) else ["parameters"]
    if not isinstance(returns, dict) or not isinstance(returns.get("schema"), dict | list):
        missing.append("returns with a schema")
    for one in objects(parameters):
        lacks = [key for key in ("name", "description") if not isinstance(one.get(key), str)]
        lacks += [] if isinstance(one.get("schema"), dict | list) else ["schema"]
        missing += [f"the {key} of parameter {one.get('name', '?')}" for key in lacks]
    return f"no {', no '.join(missing)}" if missing else ""


@check("api-207")
def every_process_has_summary_and_categories(backend: Backend) -> Outcome:
    return _of_each(backend, _unsorted, "Each has a summary and categories.")


def _unsorted(process: Entry) -> str:
    missing = [] if isinstance(process.get("summary"), str) else ["summary"]
    categories = process.get("categories")
    missing += [] if isinstance(categories, list) and categories else ["categories"]
    return f"no {' and no '.join(missing)}" if missing else ""


@check("api-208")
def experimental_processes_are_marked(backend: Backend) -> Outcome:
    known = experimental() & backend.processes_by_id.keys()
    bare = sorted(n for n in known if backend.processes_by_id[n].get("experimental") is not True)
    odd = [
        f"{_name(one)}: {key} is no boolean"
        for one in backend.processes
        for key in ("experimental", "deprecated")
        if one.get(key) is not None and not isinstance(one[key], bool)
    ]
    shown = Evidence(
        f"GET {backend.root}{PATH}", f"{len(known) - len(bare)} of {len(known)} marked"
    )
    looked_at = f"{len(known)} offered processes that are experimental in the reference"
    hint = "Set `experimental: true`, as in the official definitions."
    if odd or (bare and len(bare) == len(known)):
        problems = [*odd, *(f"{name} is not marked" for name in bare)]
        return failed(some(problems), shown, looked_at=looked_at, hint=hint)
    if bare:
        return warned(f"Not marked: {', '.join(bare)}.", shown, looked_at=looked_at, hint=hint)
    return passed(
        "All that are experimental in the reference are marked.", shown, looked_at=looked_at
    )


@check("api-209")
def what_is_absent_is_left_out(backend: Backend) -> Outcome:
    return _of_each(
        backend,
        lambda one: ", ".join(nulls(one, NULLABLE)[:3]),
        "Nothing is null that the API does not allow to be.",
        "Leave a property out in place of setting it to null.",
    )


@check("api-206")
def descriptions_are_adapted(backend: Backend) -> Outcome:
    narrowed = [
        f"{_name(one)}: {', '.join(found)}"
        for one in backend.processes
        if (found := narrowings(one))
    ]
    says = f"Narrower than the reference: {some(narrowed)}" if narrowed else "All as the reference."
    return passed(says, looked_at=f"{len(backend.processes)} processes")


def _is_presence(row: Requirement) -> bool:
    return row.process is not None and row.parent is None and row.method == AUTOMATIC


@check_each(_is_presence)
def the_process_is_offered(backend: Backend, row: Requirement) -> Outcome:
    names = (row.process, *row.aliases)
    found = next((one for n in names if (one := backend.processes_by_id.get(str(n)))), None)
    shown = Evidence(f"GET {backend.root}{PATH}", f"{len(backend.processes)} processes")
    if found is None and any("id" not in one for one in backend.processes):
        says = "Processes without an id are listed (judged by api-205)."
        return could_not_tell(says, Cause.UNUSABLE, shown)
    if found is None:
        says = f"There is no process {' or '.join(map(str, names))}."
        if row.experimental and row.severity != "required":
            hint = "Nothing has to be done: nobody must offer what is experimental."
            return warned(f"{says} It is experimental.", shown, hint=hint)
        return failed(says, shown, hint="Offer it, or say by --waive why not.")
    outcome = _as_the_reference(found, shown)
    if outcome.verdict is not Verdict.PASS:
        return outcome
    outcome = _computed_rightly(backend, _name(found), outcome)
    return outcome if outcome.verdict is not Verdict.PASS else _held(backend, found, outcome)


def _as_the_reference(process: Entry, shown: Evidence) -> Outcome:
    name = _name(process)
    looked_at = "parameters, types, what is optional, and the result"
    if name not in reference():
        return passed(f"{name} is there.", shown, looked_at="the name only: no reference has it")
    problems = breaks(process)
    hint = "Clients build graphs by the official definition; narrow it, but do not change it."
    if problems:
        says = f"{name} is offered, but {some(problems)}"
        return failed(says, shown, looked_at=looked_at, hint=hint)
    narrower = narrowings(process)
    says = f"{name} is there, narrower: {some(narrower)}" if narrower else f"{name} is there."
    return passed(says, shown, looked_at=looked_at)


def _computed_rightly(backend: Backend, process: str, outcome: Outcome) -> Outcome:
    """The outcome, with what the backend made of calls with known answers, if it was asked."""
    made = computed(backend).get(process)
    if not made:
        return outcome
    problems = [one.problem for one in made if one.problem]
    shown = (*outcome.evidence, shown_answer(made[0].answer))
    looked_at = f"{outcome.looked_at}; {len(made)} calls with known answers"
    if problems:
        says = f"{process} is offered, but {some(problems)}"
        return failed(says, *shown, looked_at=looked_at)
    return passed(outcome.says, *shown, looked_at=looked_at)


def _held(backend: Backend, process: Entry, outcome: Outcome) -> Outcome:
    """The outcome, with what became of the property that must hold of the process."""
    name = _name(process)
    made = held(backend, name)
    if made is None:
        return outcome
    looked_at = f"{outcome.looked_at}; {made.looked_at}"
    if made.problems:
        says = f"{name} is offered, but {some(made.problems)}"
        return failed(says, *outcome.evidence, looked_at=looked_at)
    return passed(outcome.says, *outcome.evidence, looked_at=looked_at)


def _is_options(row: Requirement) -> bool:
    return row.method == AUTOMATIC and row.parent is not None and row.process is not None


@check_each(_is_options)
def the_process_takes_options(backend: Backend, row: Requirement) -> Outcome:
    process = backend.processes_by_id.get(str(row.process))
    if process is None:
        return not_applicable(f"There is no process {row.process}.")
    names = [str(one.get("name")) for one in objects(process.get("parameters"))]
    good = [name for name in names if name == "options" or name.endswith("_options")]
    shown = Evidence(f"GET {backend.root}{PATH}", f"{row.process} has {', '.join(names)}")
    problems = [] if good else [f"{row.process} has no parameter for options"]
    return judged(problems, f"It has {', '.join(good)}.", shown)


@derived("profile-experimental")
def mandatory_experimental_processes_are_there(finding: Lookup, catalogue: Catalogue) -> Outcome:
    rows = [row for row in catalogue if _is_mandatory_experiment(row, catalogue)]
    missing = [row.process for row in rows if finding(row.id).verdict is Verdict.FAIL]
    unknown = [finding(row.id) for row in rows]
    for one in unknown:
        if one.verdict is Verdict.COULD_NOT_TELL:
            return one.outcome
    names = ", ".join(str(row.process) for row in rows)
    return judged([f"{one} is missing" for one in missing], f"Offered: {names}.")


def _is_mandatory_experiment(row: Requirement, catalogue: Catalogue) -> bool:
    return row.experimental and _is_presence(row) and catalogue.in_minimum(row)
