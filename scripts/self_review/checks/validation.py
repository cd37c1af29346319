"""POST /validation: what is wrong with a process, before it is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scripts.self_review.backend import ABSENT, Backend, Entry, objects, usable
from scripts.self_review.findings import (
    NotJudgedError,
    Outcome,
    judged,
    not_applicable,
    shown_answer,
)
from scripts.self_review.graphs import Graph, calling, graph, node, of
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check
from scripts.self_review.shared_jobs import ADDS

PATH: Final = "/validation"
UNKNOWN: Final = calling("no_such_process_of_any_backend", x=1)
LACKING: Final = calling("add", x=1)
WRONG: Final = calling("add", x=1, y="two")
LOST: Final = graph(a=node("add", x=1, y=2), b=node("add", x=of("nowhere"), y=1))
DEFECTS: Final[Mapping[str, Graph]] = {
    "an unknown process": UNKNOWN,
    "a missing argument": LACKING,
    "a reference to no node": LOST,
}
NUMBER: Final = {"type": "number"}


def _asked(backend: Backend, what: str, process: Mapping[str, Any]) -> Answer:
    found: Answer = backend.once(
        ("validated", what), lambda: backend.send("POST", PATH, json=dict(process))
    )
    if found.status in ABSENT:
        raise NotJudgedError(not_applicable(f"There is no {PATH} (judged by api-490).", found))
    return found


def _errors(answer: Answer) -> list[Entry]:
    return objects(usable(answer, "api-491").get("errors"))


@check("api-490")
def a_user_can_validate(backend: Backend) -> Outcome:
    answer = backend.once(("validated", "add"), lambda: backend.send("POST", PATH, json=dict(ADDS)))
    problems = [] if answer.ok else [f"POST {PATH} answers {answer.status}"]
    return judged(problems, "A user can.", answer)


@check("api-491")
def what_is_valid_has_no_errors(backend: Backend) -> Outcome:
    answer = _asked(backend, "add", ADDS)
    found = usable(answer, "api-490").get("errors")
    problems = [] if found == [] else [f"1 + 2 has `errors` {found!r}"]
    return judged(problems, "1 + 2 has none.", answer)


@check("api-492")
def what_is_invalid_has_errors_with_code_and_message(backend: Backend) -> Outcome:
    problems, answers = [], []
    for what, process in DEFECTS.items():
        answer = _asked(backend, what, process)
        answers.append(answer)
        if answer.status != 200:
            problems.append(f"{what} is answered with {answer.status}")
            continue
        errors = _errors(answer)
        problems += [] if errors else [f"{what} is not found"]
        problems += [
            f"{what}: an error without code or message"
            for one in errors
            if not isinstance(one.get("code"), str) or not isinstance(one.get("message"), str)
        ]
    return judged(problems, "Errors with code and message.", *answers, looked_at=", ".join(DEFECTS))


@check("api-493")
def defects_are_no_failure_of_the_request(backend: Backend) -> Outcome:
    answers = {what: _asked(backend, what, one) for what, one in DEFECTS.items()}
    problems = [f"{what}: {a.status}" for what, a in answers.items() if a.status >= 400]
    return judged(problems, "Defects are answered with 200.", *answers.values())


@check("api-494")
def the_process_id_is_looked_at(backend: Backend) -> Outcome:
    return _found(backend, "an odd id", {"id": "not an id!", **ADDS})


@check("api-495")
def parameter_definitions_are_looked_at(backend: Backend) -> Outcome:
    odd = {"parameters": [{"name": "x", "description": "A number."}, {"schema": NUMBER}], **ADDS}
    return _found(backend, "parameters without name and schema", odd)


@check("api-496")
def the_return_value_is_looked_at(backend: Backend) -> Outcome:
    return _found(backend, "a return value without schema", {"returns": {"description": 1}, **ADDS})


@check("api-497")
def the_process_graph_is_looked_into(backend: Backend) -> Outcome:
    several = {"an unknown process": UNKNOWN, "a missing argument": LACKING, "a wrong type": WRONG}
    missed = [
        what for what, process in several.items() if not _errors(_asked(backend, what, process))
    ]
    problems = [f"{what} is not found" for what in missed]
    return judged(problems, "Processes and arguments are.", looked_at=", ".join(several))


def _found(backend: Backend, what: str, process: Mapping[str, Any]) -> Outcome:
    answer = _asked(backend, what, process)
    if 400 <= answer.status < 500:
        return judged([], f"{what} is refused with {answer.status}.", answer)
    errors = _errors(answer)
    said = ", ".join(str(one.get("code")) for one in errors)
    problems = [] if errors else [f"{what} is not found"]
    return judged(problems, f"{what} is found: {said}.", shown_answer(answer, said or "no errors"))
