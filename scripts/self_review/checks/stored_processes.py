"""User-defined processes, stored at /process_graphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.self_review.backend import Backend, Entry, objects, usable
from scripts.self_review.checks.deletions import Deleted, answered_with_204, deleted, gone
from scripts.self_review.checks.jobs import readable
from scripts.self_review.checks.synchronous import value_of
from scripts.self_review.findings import (
    Cause,
    Evidence,
    NotJudgedError,
    Outcome,
    could_not_tell,
    failed,
    judged,
    shown_answer,
)
from scripts.self_review.graphs import calling, parameter
from scripts.self_review.lists import full, nulls, paged, valid_list
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check

PATH = "/process_graphs"
NULLABLE = frozenset({"summary", "description", "parameters", "returns", "process_graph"})
NUMBER = {"type": "number"}
FIRST: Mapping[str, Any] = {
    "summary": "Adds one.",
    "description": "Made by openeo-self-review, which removes it again.",
    "categories": ["self-review"],
    "parameters": [{"name": "x", "description": "A number.", "schema": NUMBER}],
    "returns": {"description": "The number and one.", "schema": NUMBER},
    **calling("add", x=parameter("x"), y=1),
}
SECOND: Mapping[str, Any] = {
    "parameters": FIRST["parameters"],
    **calling("add", x=parameter("x"), y=2),
}


def _name(backend: Backend, what: str) -> str:
    return f"{backend.making.name}_{what}".replace("-", "_")


def _put(backend: Backend, name: str, process: Mapping[str, Any]) -> Answer:
    backend.making.removes(f"{PATH}/{name}")
    return backend.send("PUT", f"{PATH}/{name}", json={"id": name, **process})


def _stored(backend: Backend) -> tuple[str, Answer]:
    """A process that is stored and not changed: its id, and what storing it was answered."""
    name = _name(backend, "kept")
    found: Answer = backend.making.once("stored", lambda: _put(backend, name, FIRST))
    return name, found


def _needs_stored(backend: Backend) -> str:
    name, answer = _stored(backend)
    readable(answer, "api-410")
    return name


def _updated(backend: Backend) -> tuple[str, Answer]:
    """A process that was stored again, with less."""

    def make() -> Answer:
        name = _name(backend, "changed")
        readable(_put(backend, name, FIRST), "api-410")
        return _put(backend, name, SECOND)

    found: Answer = backend.making.once("updated", make)
    return _name(backend, "changed"), found


@check("api-410")
def processes_can_be_stored(backend: Backend) -> Outcome:
    _, answer = _stored(backend)
    problems = [] if answer.ok else [f"PUT answers {answer.status}"]
    return judged(problems, "It can.", answer)


@check("api-411")
def processes_can_be_stored_again(backend: Backend) -> Outcome:
    _, answer = _updated(backend)
    problems = [] if answer.ok else [f"PUT for what is there answers {answer.status}"]
    return judged(problems, "It can.", answer)


@check("api-412")
def invalid_processes_are_rejected(backend: Backend) -> Outcome:
    _needs_stored(backend)
    invalid: dict[str, Mapping[str, Any]] = {
        "no process graph": {"summary": "Nothing."},
        "an empty process graph": {"process_graph": {}},
        "a node without process_id": {"process_graph": {"a": {"arguments": {}, "result": True}}},
    }
    answers = {
        what: _put(backend, _name(backend, f"wrong_{number}"), process)
        for number, (what, process) in enumerate(invalid.items())
    }
    problems = [
        f"{what}: PUT answers {one.status}"
        for what, one in answers.items()
        if not 400 <= one.status < 500
    ]
    return judged(problems, "They are rejected.", *answers.values(), looked_at=", ".join(answers))


@check("api-413")
def the_id_of_the_path_wins(backend: Backend) -> Outcome:
    _needs_stored(backend)
    name, other = _name(backend, "path"), _name(backend, "body")
    backend.making.removes(f"{PATH}/{other}")
    backend.making.removes(f"{PATH}/{name}")
    answer = backend.send("PUT", f"{PATH}/{name}", json={**FIRST, "id": other})
    readable(answer, "api-410")
    found = {one: backend.send("GET", f"{PATH}/{one}").ok for one in (name, other)}
    if not any(found.values()):
        says = "It is found under neither id (judged by api-420)."
        return could_not_tell(says, Cause.UNUSABLE, answer)
    problems = [f"it is stored as {other}, the id in the body"] if found[other] else []
    problems += [] if found[name] else [f"it is not stored as {name}, the id in the path"]
    return judged(problems, "It is stored under the id in the path.", answer)


@check("api-414")
def storing_replaces_the_whole(backend: Backend) -> Outcome:
    name, answer = _updated(backend)
    readable(answer, "api-411")
    found = usable(backend.send("GET", f"{PATH}/{name}"), "api-420")
    kept = [key for key in ("summary", "description", "categories") if found.get(key)]
    problems = [f"{key} remains of what was stored before" for key in kept]
    if "process_graph" in found and "2" not in str(found["process_graph"]):
        problems.append("the process graph is the old one")
    return judged(problems, "Nothing of the old one remains.", _shown(backend, found))


def _shown(backend: Backend, found: Entry) -> Evidence:
    keys = ", ".join(map(str, found))
    return Evidence(f"GET {backend.root}{PATH}/{found.get('id', '…')}", f"has {keys}")


def _one(backend: Backend) -> Answer:
    name = _needs_stored(backend)
    found: Answer = backend.making.once("one stored", lambda: backend.send("GET", f"{PATH}/{name}"))
    return found


@check("api-420")
def one_can_be_fetched(backend: Backend) -> Outcome:
    answer = _one(backend)
    problems = [] if answer.ok else [f"GET answers {answer.status}"]
    return judged(problems, "It can.", answer)


@check("api-421")
def one_has_id_and_graph(backend: Backend) -> Outcome:
    found = usable(_one(backend), "api-420")
    problems = [] if isinstance(found.get("id"), str) else ["no id"]
    problems += [] if isinstance(found.get("process_graph"), dict) else ["no process_graph"]
    return judged(problems, "It has both.", _shown(backend, found))


@check("api-422")
def one_leaves_out_what_is_absent(backend: Backend) -> Outcome:
    found = usable(_one(backend), "api-420")
    return judged(
        nulls(found, NULLABLE), "Nothing is null that may not be.", _shown(backend, found)
    )


# The list.


@check("api-400")
def the_list_can_be_read(backend: Backend) -> Outcome:
    answer = backend.get_as_user(PATH)
    problems = [] if answer.ok else [f"it answers {answer.status} to a user"]
    return judged(problems, "A user can read it.", answer)


@check("api-401")
def the_list_is_valid(backend: Backend) -> Outcome:
    readable(backend.get_as_user(PATH), "api-400")
    return valid_list(backend.get_as_user(PATH), ("processes", "links"))


def _two(backend: Backend) -> None:
    """There are at least two stored processes, as far as storing works."""
    _stored(backend)
    try:
        _updated(backend)
    except NotJudgedError:
        return  # judged by api-410; the list may have other entries


@check("api-402")
def the_list_is_paged(backend: Backend) -> Outcome:
    _two(backend)
    return paged(backend, PATH, "processes", "api-401", user=True)


@check("api-403")
def without_limit_the_list_is_whole(backend: Backend) -> Outcome:
    _two(backend)
    found = full(backend, PATH, "processes", "api-401", user=True)
    if found.verdict != "pass":
        return found
    own = [_needs_stored(backend), _updated(backend)[0]]
    entries = _entries(backend)
    if any("id" not in one for one in entries):
        return found  # judged by api-404
    listed = [str(one["id"]) for one in entries]
    missing = [f"{one}, which this review stored, is missing" for one in own if one not in listed]
    return judged(missing, found.says, looked_at=found.looked_at)


def _entries(backend: Backend) -> list[Entry]:
    _two(backend)
    answer: Answer = backend.making.once("stored list", lambda: backend.send("GET", PATH))
    return objects(usable(answer, "api-401").get("processes"))


@check("api-404")
def every_entry_has_an_id(backend: Backend) -> Outcome:
    entries = _entries(backend)
    problems = ["an entry has no id" for one in entries if not isinstance(one.get("id"), str)]
    return judged(problems[:1], "Each has an id.", looked_at=f"{len(entries)} stored processes")


@check("api-405")
def entries_leave_out_what_is_absent(backend: Backend) -> Outcome:
    entries = _entries(backend)
    problems = [f"{one.get('id')}: {bad}" for one in entries for bad in nulls(one, NULLABLE)]
    said = "Nothing is null that may not be."
    return judged(problems, said, looked_at=f"{len(entries)} stored processes")


# Deleting and calling.


@check("api-430")
def processes_can_be_deleted(backend: Backend) -> Outcome:
    return gone(_deleted(backend), "It can, and is gone.")


@check("api-431")
def deletion_is_answered_with_204(backend: Backend) -> Outcome:
    return answered_with_204(_deleted(backend), "api-430")


def _deleted(backend: Backend) -> Deleted:
    def make() -> str:
        name = _name(backend, "deleted")
        readable(_put(backend, name, FIRST), "api-410")
        return f"{PATH}/{name}"

    return deleted(backend, "deleted process", make)


@check("api-11")
def stored_processes_can_be_called(backend: Backend) -> Outcome:
    name = _needs_stored(backend)
    answer = backend.making.result_once("stored process", calling(name, x=4))
    if not answer.ok:
        return failed(f"A graph that calls it answers {answer.status}.", answer)
    found = value_of(answer)
    problems = [] if found == 5 else [f"{found!r} came, not 5"]
    return judged(problems, "4 and one are 5.", shown_answer(answer, f"{found!r}"))
