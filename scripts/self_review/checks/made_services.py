"""Secondary web services of the user, and their creation: POST /services."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from scripts.self_review.backend import Backend, Entry, objects, usable
from scripts.self_review.checks.deletions import Deleted, answered_with_204, deleted, gone
from scripts.self_review.checks.job_changes import EXTRA, billing_fields, compared, shown
from scripts.self_review.checks.jobs import INVALID, readable, rejected
from scripts.self_review.findings import (
    Cause,
    NotJudgedError,
    Outcome,
    could_not_tell,
    failed,
    judged,
    passed,
    shown_answer,
)
from scripts.self_review.graphs import Graph
from scripts.self_review.lists import full, paged, valid_list
from scripts.self_review.making import job_id
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check
from scripts.self_review.sample import sample
from scripts.self_review.shared_jobs import title

PATH: Final = "/services"
TYPES: Final = "/service_types"
DESCRIPTION: Final = "Made by openeo-self-review, which removes it again."


def types(backend: Backend) -> list[str]:
    """The types that are offered; not applicable where there are none."""
    document = backend.optional_document(TYPES, "api-600")
    found = [name for name, one in document.items() if isinstance(one, dict)]
    if not found:
        raise NotJudgedError(could_not_tell("No type of service is offered.", Cause.UNUSABLE))
    return found


def a_picture(backend: Backend) -> Graph:
    """A process that a service can show: a small piece of a collection, as PNG."""
    return sample(backend).saved("PNG")


def create(backend: Backend, process: Mapping[str, Any] | None = None, **more: Any) -> Answer:
    """What POST /services answers; the service is removed at the end, and is switched off."""
    body = {
        "title": backend.making.name,
        "type": types(backend)[0],
        "process": a_picture(backend) if process is None else process,
        "enabled": False,
        **more,
    }
    answer = backend.send("POST", PATH, json=body)
    backend.making.made(PATH, str(body["title"]), answer)
    return answer


def made(backend: Backend, what: str, **more: Any) -> tuple[str, Entry]:
    """A service with these fields: its id, and what the backend says of it."""
    answer, found = _made(backend, what, **more)
    readable(answer, "api-630")
    if found is None:
        says = "The id of what was created is not said (judged by api-638)."
        raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE, answer))
    return str(job_id(answer)), usable(found, "api-650")


def _made(backend: Backend, what: str, **more: Any) -> tuple[Answer, Answer | None]:
    """What its creation is answered, and what is answered when it is asked for."""

    def make() -> tuple[Answer, Answer | None]:
        answer = create(backend, title=title(backend, what), description=DESCRIPTION, **more)
        identifier = job_id(answer)
        return answer, backend.send("GET", f"{PATH}/{identifier}") if identifier else None

    found: tuple[Answer, Answer | None] = backend.making.once(("service", what), make)
    return found


def _taken(backend: Backend, what: str, fields: Mapping[str, Any]) -> tuple[str, Entry]:
    """As `made`; raises NotJudgedError, as failed, where only one without them can be created."""
    answer, _ = _made(backend, what, **fields)
    if not answer.ok:
        readable(_created(backend), "api-630")
        says = f"POST answers {answer.status} to a service with {' and '.join(fields)}."
        raise NotJudgedError(failed(says, answer))
    return made(backend, what, **fields)


def _created(backend: Backend) -> Answer:
    types(backend)
    found: Answer = backend.making.once("service creation", lambda: create(backend))
    return found


@check("api-630")
def services_can_be_created(backend: Backend) -> Outcome:
    answer = _created(backend)
    return judged([] if answer.ok else [f"POST answers {answer.status}"], "They can.", answer)


@check("api-631")
def invalid_processes_are_rejected(backend: Backend) -> Outcome:
    readable(_created(backend), "api-630")
    answers = {what: create(backend, process) for what, process in INVALID.items()}
    return rejected(answers, "POST /services")


@check("api-632")
def wrong_settings_are_rejected(backend: Backend) -> Outcome:
    readable(_created(backend), "api-630")
    answers = {"a setting that there is not": create(backend, configuration={"no_such": 1})}
    return rejected(answers, "POST /services")


@check("api-633")
def unknown_types_are_rejected_and_case_does_not_matter(backend: Backend) -> Outcome:
    readable(_created(backend), "api-630")
    wrong = create(backend, type="NO_SUCH_TYPE_OF_SERVICE")
    other = create(backend, type=types(backend)[0].swapcase())
    problems = [] if 400 <= wrong.status < 500 else [f"an unknown type answers {wrong.status}"]
    problems += [] if other.ok else [f"a type in another case answers {other.status}"]
    return judged(problems, "Both hold.", wrong, other)


@check("api-634")
def creation_takes_billing_fields(backend: Backend) -> Outcome:
    wanted = billing_fields(backend)
    _, found = _taken(backend, "billed service", wanted)
    return judged(compared(found, wanted), "It does.", shown("/services/…", found, *wanted))


@check("api-635")
def creation_takes_a_log_level(backend: Backend) -> Outcome:
    wanted = {"log_level": "warning"}
    _, found = _taken(backend, "logged service", wanted)
    return judged(compared(found, wanted), "It does.", shown("/services/…", found, *wanted))


@check("api-636")
def title_description_and_enabled_are_stored(backend: Backend) -> Outcome:
    _, found = made(backend, "kept service")
    wanted = {
        "title": title(backend, "kept service"),
        "description": DESCRIPTION,
        "enabled": False,
    }
    return judged(compared(found, wanted), "They are.", shown("/services/…", found, *wanted))


@check("api-637")
def creation_takes_other_properties(backend: Backend) -> Outcome:
    identifier, _ = _taken(backend, "extra service", EXTRA)
    return passed(f"{identifier} was created with a property of no specification.")


@check("api-638")
def creation_is_answered_with_201(backend: Backend) -> Outcome:
    answer = _created(backend)
    readable(answer, "api-630")
    problems = [] if answer.status == 201 else [f"the status is {answer.status}"]
    names = ("OpenEO-Identifier", "Location")
    problems += [f"no header {name}" for name in names if not answer.headers.get(name)]
    return judged(problems, "Status 201 with both headers.", answer)


# The list.


def _list(backend: Backend) -> Answer:
    """The list, with something in it unless nothing may be made."""
    types(backend)
    with suppress(NotJudgedError):  # such as in a review that only reads
        _two(backend)
    return backend.get_as_user(PATH)


@check("api-610")
def the_list_can_be_read(backend: Backend) -> Outcome:
    answer = _list(backend)
    problems = [] if answer.ok else [f"it answers {answer.status} to a user"]
    return judged(problems, "A user can read it.", answer)


@check("api-611")
def the_list_is_valid(backend: Backend) -> Outcome:
    readable(_list(backend), "api-610")
    return valid_list(_list(backend), ("services", "links"))


@check("api-612")
def the_list_is_paged(backend: Backend) -> Outcome:
    _two(backend)
    return paged(backend, PATH, "services", "api-611", user=True)


@check("api-613")
def without_limit_the_list_is_whole(backend: Backend) -> Outcome:
    _two(backend)
    return full(backend, PATH, "services", "api-611", user=True)


def _two(backend: Backend) -> None:
    made(backend, "kept service")
    _created(backend)


def _listed(backend: Backend) -> list[Entry]:
    _two(backend)
    answer: Answer = backend.making.once("services", lambda: backend.send("GET", PATH))
    return objects(usable(answer, "api-611").get("services"))


@check("api-614")
def entries_are_described(backend: Backend) -> Outcome:
    listed = _listed(backend)
    problems = [
        f"{one.get('id', 'a service')}: no {key}"
        for one in listed
        for key in ("id", "url", "type", "enabled")
        if key not in one
    ]
    return judged(problems, "Each has all four.", looked_at=f"{len(listed)} services")


@check("api-615")
def titles_are_listed(backend: Backend) -> Outcome:
    wanted = title(backend, "kept service")
    titles = [one.get("title") for one in _listed(backend)]
    problems = [] if wanted in titles else [f"no service has the title {wanted!r}"]
    return judged(problems, "The title is in the list.", looked_at=f"{len(titles)} services")


# One service.


@check("api-650")
def one_can_be_fetched(backend: Backend) -> Outcome:
    identifier = job_id(_created(backend))
    if identifier is None:
        return could_not_tell("No service could be created (judged by api-630).", Cause.UNUSABLE)
    answer = backend.send("GET", f"{PATH}/{identifier}")
    return judged([] if answer.ok else [f"GET answers {answer.status}"], "It can.", answer)


@check("api-651")
def one_is_described(backend: Backend) -> Outcome:
    _, found = made(backend, "kept service")
    keys = ("id", "url", "type", "enabled", "process", "configuration", "attributes")
    missing = [f"no {key}" for key in keys if key not in found]
    return judged(missing, "It has all of them.", shown("/services/…", found, "id", "url", "type"))


@check("api-652")
def title_and_description_are_returned(backend: Backend) -> Outcome:
    _, found = made(backend, "kept service")
    wanted = {"title": title(backend, "kept service"), "description": DESCRIPTION}
    return judged(compared(found, wanted), "They are.", shown("/services/…", found, *wanted))


@check("api-653")
def billing_is_told(backend: Backend) -> Outcome:
    wanted = billing_fields(backend)
    _, found = made(backend, "billed service", **wanted)
    missing = [f"no {key}" for key in wanted if key not in found]
    return judged(missing, "Plan and budget are told.", shown("/services/…", found, *wanted))


@check("api-654")
def other_properties_are_returned(backend: Backend) -> Outcome:
    _, found = made(backend, "extra service", **EXTRA)
    return judged(compared(found, EXTRA), "They are.", shown("/services/…", found, *EXTRA))


# Deletion.


@check("api-680")
def services_can_be_deleted(backend: Backend) -> Outcome:
    return gone(_deleted(backend), "They can, and are gone.")


@check("api-681")
def deletion_is_answered_with_204(backend: Backend) -> Outcome:
    return answered_with_204(_deleted(backend), "api-680")


def _deleted(backend: Backend) -> Deleted:
    def make() -> str:
        identifier, _ = made(backend, "deleted service")
        return f"{PATH}/{identifier}"

    return deleted(backend, "deleted service", make)


# On demand.


@check("api-616")
def services_compute_on_demand(backend: Backend) -> Outcome:
    identifier, found = made(backend, "shown service", enabled=True)
    address = str(found.get("url", ""))
    if not address:
        return failed(f"{identifier} has no url.", shown("/services/…", found, "id", "url"))
    filled = address.replace("{z}", "0").replace("{x}", "0").replace("{y}", "0")
    answer = backend.send("GET", filled)
    problems = [] if answer.ok and answer.body else [f"its URL answers {answer.status}"]
    said = f"The URL of {identifier} shows something."
    return judged(problems, said, shown_answer(answer, answer.media_type))
