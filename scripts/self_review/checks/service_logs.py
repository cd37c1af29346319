"""The logs of web services."""

from __future__ import annotations

from scripts.self_review.backend import Backend, Entry, objects, usable
from scripts.self_review.checks.jobs import readable
from scripts.self_review.checks.logs import LEVELS, LONGEST, TRACE
from scripts.self_review.checks.web_services import logs_of_service
from scripts.self_review.findings import Cause, Outcome, could_not_tell, judged, shown_answer
from scripts.self_review.lists import valid_list
from scripts.self_review.registry import check


def _entries(backend: Backend) -> list[Entry]:
    return objects(usable(logs_of_service(backend), "api-690").get("logs"))


@check("api-690")
def logs_can_be_read(backend: Backend) -> Outcome:
    answer = logs_of_service(backend)
    problems = [] if answer.ok else [f"it answers {answer.status} to a user"]
    return judged(problems, "A user can read them.", answer)


@check("api-691")
def offset_leaves_out_what_came_before(backend: Backend) -> Outcome:
    known = [str(one["id"]) for one in _entries(backend) if "id" in one]
    if len(known) < 2:
        return could_not_tell("The log has no two entries with ids.", Cause.UNUSABLE)
    answer = logs_of_service(backend, offset=known[0])
    later = [str(one.get("id")) for one in objects(usable(answer, "api-690").get("logs"))]
    return judged([f"{known[0]} comes again"] if known[0] in later else [], "It does.", answer)


@check("api-692")
def level_filters_by_severity(backend: Backend) -> Outcome:
    answer = logs_of_service(backend, level="error")
    entries = objects(usable(answer, "api-690").get("logs"))
    odd = [f"an entry of level {e.get('level')}" for e in entries if e.get("level") != "error"]
    return judged(odd, f"{len(entries)} entries of level error.", answer)


@check("api-693")
def logs_are_paged(backend: Backend) -> Outcome:
    if len(_entries(backend)) < 2:
        return could_not_tell("The log has no two entries.", Cause.UNUSABLE)
    answer = logs_of_service(backend, limit=1)
    document = usable(answer, "api-690")
    relations = [str(one.get("rel")) for one in objects(document.get("links"))]
    problems = [] if len(objects(document.get("logs"))) <= 1 else ["limit=1 is not heeded"]
    problems += [] if "next" in relations else ["there is no link to the next page"]
    return judged(problems, "limit=1 gives a page that leads on.", answer)


@check("api-694")
def logs_are_valid(backend: Backend) -> Outcome:
    readable(logs_of_service(backend), "api-690")
    return valid_list(logs_of_service(backend), ("logs", "links"))


@check("api-695")
def the_level_is_told(backend: Backend) -> Outcome:
    answer = logs_of_service(backend, level="info")
    said = usable(answer, "api-690").get("level")
    problems = [] if said == "info" else [f"`level` is {said!r}"]
    return judged(problems, "It says the level that was asked for.", shown_answer(answer))


@check("api-696", "api-697", "api-698")
def entries_are_whole_and_brief(backend: Backend) -> Outcome:
    entries = _entries(backend)
    if not entries:
        says = "The log of a service that was just made is empty."
        return could_not_tell(says, Cause.UNUSABLE)
    problems = [said for one in entries if (said := _odd(one))]
    return judged(problems, "Each is.", looked_at=f"{len(entries)} entries of one service")


def _odd(entry: Entry) -> str:
    where = str(entry.get("id", "an entry"))
    message = str(entry.get("message", ""))
    if "id" not in entry or not message or entry.get("level") not in LEVELS:
        return f"{where}: id, level or message is missing"
    if "time" not in entry:
        return f"{where}: no time"
    return f"{where}: a stack trace" if TRACE.search(message) or len(message) > LONGEST else ""
