"""The results of batch jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs

from scripts.self_review.backend import Backend, Entry, objects, usable
from scripts.self_review.checks.capabilities import stac_version
from scripts.self_review.findings import (
    Cause,
    Evidence,
    NotJudgedError,
    Outcome,
    could_not_tell,
    failed,
    given,
    judged,
    passed,
    shown_answer,
    warned,
)
from scripts.self_review.probe.addresses import parts, resolved
from scripts.self_review.probe.answer import Answer, NotJsonError, kind
from scripts.self_review.registry import check
from scripts.self_review.shared_jobs import (
    assets,
    cancelled,
    failed_job,
    finished,
    idle,
    results,
    results_answer,
)

WEEK = 7
TOLERANCE = 0.05
"""Of a day."""
METADATA = ("bbox", "datetime", "start_datetime", "bands", "eo:bands", "proj:", "cube:dimensions")


@check("api-860")
def results_can_be_read(backend: Backend) -> Outcome:
    answer = results_answer(backend, finished(backend))
    problems = [] if answer.ok else [f"it answers {answer.status} for a finished job"]
    return judged(problems, "A user can read them.", answer)


@check("api-861")
def statuses_tell_what_became_of_the_job(backend: Backend) -> Outcome:
    good = results_answer(backend, finished(backend))
    usable(good, "api-860")
    problems = [f"{good.status} for a finished job"] if good.status != 200 else []
    shown = [good]
    bad = failed_job(backend)
    if bad.status in {"error", "finished"}:
        answer = results_answer(backend, bad)
        shown.append(answer)
        problems += _wrong_failure(answer)
    hint = "Answer 424 with the error of the job; 400 JobNotFinished is for jobs that go on."
    return judged(problems, "200, and 424 for the failed one.", *shown, hint=hint)


def _wrong_failure(answer: Answer) -> list[str]:
    if answer.status != 424:
        return [f"{answer.status} for a failed job, not 424"]
    try:
        message = answer.object().get("message")
    except NotJsonError as error:
        return [str(error)]
    return [] if message else ["the error of the failed job has no message"]


@check("api-862")
def partial_results_can_be_asked_for(backend: Backend) -> Outcome:
    found = cancelled(backend)
    answer = found.partial
    if found.before not in {"queued", "running"}:
        says = f"The job was {found.before or 'unknown'} before its results could be asked for."
        return could_not_tell(says, Cause.LIMIT, answer)
    if not answer.ok:
        return failed(f"partial=true answers {answer.status} for a job that runs.", answer)
    status = usable(answer).get("openeo:status")
    if status is None:
        hint = "Say in `openeo:status` that the job still runs."
        return failed("The partial results have no `openeo:status`.", answer, hint=hint)
    return passed(f"It is answered for a job that runs, with openeo:status {status}.", answer)


@check("api-863")
def unfinished_results_are_refused(backend: Backend) -> Outcome:
    job = idle(backend)
    answer = results_answer(backend, job)
    if job.status not in {"created", ""}:
        says = f"The job that was not started is {job.status} (judged by api-737)."
        return could_not_tell(says, Cause.UNUSABLE, answer)
    if answer.status >= 500:
        usable(results_answer(backend, finished(backend)), "api-860")
    problems = []
    if not 400 <= answer.status < 500:
        problems.append(f"it answers {answer.status} for a job that was not started")
    elif (code := answer.code) not in {"JobNotFinished", "JobNotStarted"}:
        problems.append(f"the code is {code!r}, not JobNotFinished")
    return judged(problems, f"Refused with {answer.code}.", answer)


@check("api-864")
def costs_are_sent(backend: Backend) -> Outcome:
    answer = results_answer(backend, finished(backend))
    said = answer.headers.get("OpenEO-Costs")
    return judged([] if said else ["no header OpenEO-Costs"], f"OpenEO-Costs: {said}.", answer)


@check("api-865")
def results_are_valid_stac(backend: Backend) -> Outcome:
    found = results(backend)
    problems = (
        _item_problems(found) if found.get("type") == "Feature" else _collection_problems(found)
    )
    shown = _shown(backend, f"type: {given(found.get('type'))}, has {', '.join(map(str, found))}")
    return judged(problems, "It has what STAC wants.", shown, looked_at="required fields")


def _item_problems(found: Entry) -> list[str]:
    kinds = {"id": str, "properties": dict, "links": list, "assets": dict, "stac_version": str}
    problems = _wrong_kinds(found, kinds)
    problems += ["no geometry"] if "geometry" not in found else []
    properties = found.get("properties")
    if isinstance(properties, Mapping) and "datetime" not in properties:
        problems.append("no datetime in the properties")
    return problems


def _collection_problems(found: Entry) -> list[str]:
    if found.get("type") != "Collection":
        return [f"type is {given(found.get('type'))}, neither Feature nor Collection"]
    kinds = {"id": str, "description": str, "license": str, "extent": dict, "links": list}
    return _wrong_kinds(found, {**kinds, "assets": dict, "stac_version": str})


def _wrong_kinds(found: Entry, kinds: Mapping[str, type]) -> list[str]:
    return [
        f"{key} is {kind(found[key])}" if key in found else f"no {key}"
        for key, wanted in kinds.items()
        if not isinstance(found.get(key), wanted)
    ]


def _shown(backend: Backend, part: str) -> Evidence:
    return shown_answer(results_answer(backend, finished(backend)), part)


@check("api-866")
def results_have_a_recent_stac(backend: Backend) -> Outcome:
    said = results(backend).get("stac_version")
    if said is None:
        return could_not_tell("It says no stac_version (judged by api-865).", Cause.UNUSABLE)
    return stac_version([("the results", said)], _shown(backend, f"stac_version: {given(said)}"))


@check("api-867")
def results_are_a_hierarchy(backend: Backend) -> Outcome:
    found = results(backend)
    relations = [str(one.get("rel")) for one in objects(found.get("links"))]
    good = [one for one in relations if one in {"item", "items", "child", "collection"}]
    problems = (
        [] if found.get("type") == "Collection" and good else ["no items or children are linked"]
    )
    shown = _shown(backend, f"type: {given(found.get('type'))}, links: {', '.join(relations)}")
    return judged(problems, f"A collection with links {', '.join(good)}.", shown)


@check("api-869")
def assets_have_href_and_type(backend: Backend) -> Outcome:
    found = results(backend).get("assets")
    named = found if isinstance(found, Mapping) else {}
    if not named:
        return failed("The results have no assets.", _shown(backend, "no assets"))
    bare = [
        f"{key}: no {field}"
        for key, one in named.items()
        for field in ("href", "type")
        if not isinstance(one, Mapping) or not isinstance(one.get(field), str)
    ]
    untitled = [
        key for key, one in named.items() if isinstance(one, Mapping) and "title" not in one
    ]
    shown = _shown(backend, f"assets: {', '.join(map(str, named))}")
    if not bare and untitled:
        return warned(f"Without a title: {', '.join(untitled[:5])}.", shown)
    return judged(bare, "Each has href, type and title.", shown, looked_at=f"{len(named)} assets")


@check("api-870")
def results_say_more_of_themselves(backend: Backend) -> Outcome:
    found = results(backend)
    properties = found.get("properties")
    listed = found.get("assets")
    places: list[object] = [found, properties, found.get("extent"), found.get("summaries")]
    places += list(listed.values()) if isinstance(listed, Mapping) else []
    keys = {str(key) for place in places if isinstance(place, Mapping) for key in place}
    wanted = {one for one in METADATA if any(key.startswith(one) for key in keys)}
    wanted |= {"extent"} & set(map(str, found))
    there = sorted(wanted)
    rich = [one for one in there if one not in {"extent", "datetime", "start_datetime"}]
    problems = [] if rich else ["nothing says of extents, projection, bands or dimensions"]
    return judged(problems, f"There is {', '.join(there)}.", _shown(backend, ", ".join(there)))


# Links for everybody.


def _canonical(backend: Backend) -> str | None:
    for one in objects(results(backend).get("links")):
        if one.get("rel") == "canonical" and isinstance(one.get("href"), str):
            return str(one["href"])
    return None


@check("api-871")
def a_canonical_link_is_for_everybody(backend: Backend) -> Outcome:
    if not isinstance(results(backend).get("links"), list):
        return could_not_tell("The results have no links (judged by api-865).", Cause.UNUSABLE)
    address = _canonical(backend)
    if address is None:
        return failed("There is no link with rel=canonical.", _shown(backend, "no canonical link"))
    answer = backend.send_anonymously("GET", address)
    problems = [] if answer.ok else [f"the canonical link answers {answer.status} to anybody"]
    problems += _closed_assets(backend)
    hint = "Sign the links, so that whoever has them can read the results."
    return judged(problems, "Anybody with the link can read them.", answer, hint=hint)


def _closed_assets(backend: Backend) -> list[str]:
    """The assets that need a login, where the first one is tried."""
    try:
        named = assets(backend)
    except NotJudgedError:
        return []  # judged by api-869
    for key, one in named.items():
        if isinstance(one.get("href"), str):
            answer = first_bytes(backend, str(one["href"]))
            return [] if answer.ok else [f"the file {key} answers {answer.status} to anybody"]
    return []


def first_bytes(backend: Backend, address: str) -> Answer:
    """The beginning of a file, as anybody gets it; asked once."""
    url = resolved(f"{backend.root}/", address)
    headers = {"Range": "bytes=0-1023", "Origin": "https://self-review.example"}
    return backend.once(
        ("first bytes", url), lambda: backend.send_anonymously("GET", url, headers=headers)
    )


@check("api-872")
def the_expiry_is_told(backend: Backend) -> Outcome:
    said, where = _expires(results(backend))
    if said is not None:
        return passed(f"`expires` {where}: {said}.", _shown(backend, f"expires: {said}"))
    address = _canonical(backend) or ""
    query = [key for key in parse_qs(parts(address).query) if "expires" in key.lower()]
    more = f"; only the address says {', '.join(query)}" if query else ""
    return failed(f"There is no `expires`{more}.", _shown(backend, "no expires"))


def _expires(document: Entry) -> tuple[str | None, str]:
    properties = document.get("properties")
    inner = properties.get("expires") if isinstance(properties, Mapping) else None
    if isinstance(inner, str):
        return inner, "in the properties"
    outer = document.get("expires")
    return (outer, "at the top") if isinstance(outer, str) else (None, "")


@check("api-873")
def links_hold_for_a_week(backend: Backend) -> Outcome:
    said, _ = _expires(results(backend))
    if said is None:
        return could_not_tell("It says no `expires` (judged by api-872).", Cause.UNUSABLE)
    days = _days_until(said)
    if days is None:
        return failed(f"`expires` is no date and time: {said!r}.")
    shown = _shown(backend, f"expires: {said}, in {days:.2f} days")
    if days < WEEK - TOLERANCE:
        return failed(f"The links hold for {days:.2f} days, not {WEEK}.", shown)
    if (dead := _dead_link(backend)) is not None:
        return failed("The links are said to hold, but do not.", dead)
    if days > WEEK + TOLERANCE:
        return warned(f"The links hold for {days:.2f} days, longer than {WEEK}.", shown)
    return passed(f"They hold for {days:.2f} days.", shown)


def _dead_link(backend: Backend) -> Answer | None:
    """The answer of the canonical link if it says that it has expired."""
    address = _canonical(backend)
    if address is None:
        return None
    answer = backend.send_anonymously("GET", address)
    return answer if answer.status in {403, 410} and "xpired" in answer.code else None


def _days_until(said: str) -> float | None:
    try:
        moment = datetime.fromisoformat(said.replace("Z", "+00:00"))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds() / 86400


@check("results-signed-urls")
def links_are_fresh_each_time(backend: Backend) -> Outcome:
    job = finished(backend)
    first = _canonical(backend)
    again = backend.send("GET", f"/jobs/{job.id}/results")
    found = again.object() if again.ok else {}
    said, _ = _expires(found)
    days = _days_until(said) if said else None
    problems = [] if first else ["no canonical link"]
    problems += _closed_assets(backend)
    if days is None or abs(days - WEEK) > TOLERANCE:
        problems.append(
            f"links made just now expire in {days if days is None else round(days, 2)} days"
        )
    return judged(problems, "Fresh links hold for a week, for anybody who has them.", again)
