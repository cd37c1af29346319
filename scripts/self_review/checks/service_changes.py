"""Changes of secondary web services (PATCH /services/{service_id}), and their logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from scripts.self_review.backend import Backend, Entry, objects, usable
from scripts.self_review.checks.job_changes import EXTRA, billing_fields, compared, shown
from scripts.self_review.checks.jobs import INVALID, readable, rejected
from scripts.self_review.checks.logs import timeless, too_long, undefined
from scripts.self_review.checks.made_services import PATH, made, types
from scripts.self_review.findings import (
    Cause,
    Outcome,
    could_not_tell,
    failed,
    given,
    judged,
    shown_answer,
)
from scripts.self_review.lists import valid_list
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check
from scripts.self_review.sample import sample
from scripts.self_review.shared_jobs import title

TEMPLATE: Final = "PATCH /services/{service_id}"


def _changed(backend: Backend, what: str, **changes: Any) -> tuple[Answer, Entry]:
    """What changing a new service was answered, and what is said of it then."""

    def make() -> tuple[Answer, Answer]:
        identifier, _ = made(backend, f"{what} before")
        answer = backend.send("PATCH", f"{PATH}/{identifier}", json=changes)
        return answer, backend.send("GET", f"{PATH}/{identifier}")

    answer, after = backend.making.once(("changed service", what), make)
    return answer, usable(after, "api-650")


def _change(backend: Backend, what: str, wanted: Mapping[str, Any]) -> Outcome:
    answer, found = _changed(backend, what, **wanted)
    if not answer.ok:
        return judged([f"PATCH answers {answer.status}"], "", answer)
    return judged(
        compared(found, wanted), "They are changed.", shown("/services/…", found, *wanted)
    )


def _refused(backend: Backend, answers: Mapping[str, Mapping[str, Any]]) -> Outcome:
    identifier, _ = made(backend, "service to be refused")
    return rejected(
        {
            what: backend.send("PATCH", f"{PATH}/{identifier}", json=dict(changes))
            for what, changes in answers.items()
        },
        TEMPLATE,
    )


@check("api-660")
def services_can_be_changed(backend: Backend) -> Outcome:
    answer, _ = _changed(backend, "service title", title=title(backend, "service again"))
    problems = [] if answer.ok else [f"PATCH answers {answer.status}"]
    return judged(problems, "They can.", answer)


@check("api-661")
def the_process_can_be_exchanged(backend: Backend) -> Outcome:
    answer, found = _changed(backend, "service process", process=sample(backend).saved("JPEG"))
    if not answer.ok:
        return failed(f"PATCH answers {answer.status} to another process.", answer)
    if "JPEG" not in str(found.get("process")):
        return judged(["the process is the old one"], "", answer)
    return _refused(backend, {what: {"process": process} for what, process in INVALID.items()})


@check("api-662")
def settings_can_be_changed(backend: Backend) -> Outcome:
    answer, _ = _changed(backend, "service settings", configuration={})
    problems = [] if answer.ok else [f"an empty configuration answers {answer.status}"]
    return judged(problems, "They can.", answer)


@check("api-663")
def wrong_settings_are_rejected(backend: Backend) -> Outcome:
    return _refused(backend, {"a setting that there is not": {"configuration": {"no_such": 1}}})


@check("api-664")
def unknown_types_are_rejected_and_case_does_not_matter(backend: Backend) -> Outcome:
    identifier, _ = made(backend, "service to be refused")
    wrong = backend.send("PATCH", f"{PATH}/{identifier}", json={"type": "NO_SUCH_TYPE"})
    other = backend.send("PATCH", f"{PATH}/{identifier}", json={"type": types(backend)[0].lower()})
    problems = [] if 400 <= wrong.status < 500 else [f"an unknown type answers {wrong.status}"]
    # The specification has no type among what can be changed: refusing it is right too.
    known = other.ok or other.status in (400, 422)
    problems += [] if known else [f"the same type in small letters answers {other.status}"]
    return judged(problems, "Both hold.", wrong, other)


@check("api-665")
def billing_fields_can_be_changed(backend: Backend) -> Outcome:
    wanted = billing_fields(backend) | {"budget": backend.options.budget + 1}
    return _change(backend, "service billing", wanted)


@check("api-666")
def the_log_level_can_be_changed(backend: Backend) -> Outcome:
    return _change(backend, "service level", {"log_level": "error"})


@check("api-667")
def services_can_be_switched(backend: Backend) -> Outcome:
    return _change(backend, "service switch", {"enabled": True})


@check("api-668")
def title_and_description_can_be_changed(backend: Backend) -> Outcome:
    wanted = {"title": title(backend, "renamed service"), "description": "Changed."}
    return _change(backend, "service renaming", wanted)


@check("api-669")
def other_properties_can_be_changed(backend: Backend) -> Outcome:
    answer, _ = _changed(backend, "service extra", **EXTRA)
    problems = [] if answer.ok else [f"PATCH answers {answer.status}"]
    return judged(problems, "A property of no specification is accepted.", answer)


# Logs.


def _logs(backend: Backend, **query: str | int) -> Answer:
    """The logs of a service that was used."""

    def make() -> Answer:
        identifier, found = made(backend, "shown service", enabled=True)
        address = str(found.get("url", ""))
        for name in ("{z}", "{x}", "{y}"):
            address = address.replace(name, "0")
        backend.send("GET", address)
        return backend.send("GET", backend.url(f"{PATH}/{identifier}/logs", **query))

    found: Answer = backend.making.once(("service logs", *query.items()), make)
    return found


def _entries(backend: Backend, **query: str | int) -> list[Entry]:
    return objects(usable(_logs(backend, **query), "api-690").get("logs"))


@check("api-690")
def service_logs_can_be_read(backend: Backend) -> Outcome:
    answer = _logs(backend)
    problems = [] if answer.ok else [f"GET answers {answer.status}"]
    return judged(problems, "A user can read them.", answer)


@check("api-691")
def offset_leaves_out_what_came_before(backend: Backend) -> Outcome:
    known = [str(one["id"]) for one in _entries(backend) if "id" in one]
    if len(known) < 2:
        return could_not_tell("The log has less than two entries.", Cause.UNUSABLE)
    later = [str(one.get("id")) for one in _entries(backend, offset=known[0])]
    problems = [f"{known[0]} comes again"] if known[0] in later else []
    problems += [] if later else ["nothing comes"]
    said = f"{len(later)} of {len(known)} entries"
    return judged(problems, "Only later entries come.", shown_answer(_logs(backend), said))


@check("api-692")
def level_filters_by_severity(backend: Backend) -> Outcome:
    entries = _entries(backend, level="error")
    odd = [
        f"an entry of level {e.get('level')} comes" for e in entries if e.get("level") != "error"
    ]
    return judged(odd, f"{len(entries)} entries of level error.", _logs(backend, level="error"))


@check("api-693")
def logs_are_paged(backend: Backend) -> Outcome:
    if len(_entries(backend)) < 2:
        return could_not_tell("The log has less than two entries.", Cause.UNUSABLE)
    document = usable(_logs(backend, limit=1), "api-690")
    came = len(objects(document.get("logs")))
    relations = [str(one.get("rel")) for one in objects(document.get("links"))]
    problems = [f"{came} entries come for limit=1"] if came > 1 else []
    problems += [] if "next" in relations else ["there is no link to the next page"]
    return judged(problems, "limit=1 gives a page that leads on.", _logs(backend, limit=1))


@check("api-694")
def logs_are_valid(backend: Backend) -> Outcome:
    readable(_logs(backend), "api-690")
    return valid_list(_logs(backend), ("logs", "links"))


@check("api-695")
def the_level_is_told(backend: Backend) -> Outcome:
    said = usable(_logs(backend, level="info"), "api-690").get("level")
    problems = [] if said == "info" else [f"asked for level=info, `level` is {given(said)}"]
    answer = shown_answer(_logs(backend, level="info"), str(said))
    return judged(problems, "It says the level that was asked for.", answer)


@check("api-696")
def entries_have_id_level_and_message(backend: Backend) -> Outcome:
    return _each(backend, undefined, "Each has id, level and message.")


@check("api-697")
def entries_have_a_time(backend: Backend) -> Outcome:
    return _each(backend, timeless, "Each has a time.")


@check("api-698")
def messages_are_brief(backend: Backend) -> Outcome:
    return _each(backend, too_long, "None is a stack trace, or longer than a page.")


def _each(backend: Backend, problem: Callable[[Entry], str], good: str) -> Outcome:
    entries = _entries(backend)
    if not entries:
        return could_not_tell("The log is empty.", Cause.UNUSABLE, _logs(backend))
    problems = [said for one in entries if (said := problem(one))]
    return judged(problems, good, looked_at=f"{len(entries)} entries")
