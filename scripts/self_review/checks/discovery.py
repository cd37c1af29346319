"""/.well-known/openeo: which versions of the API there are."""

from __future__ import annotations

from scripts.self_review.backend import ABSENT, Backend, objects
from scripts.self_review.findings import Outcome, failed, judged, not_applicable, passed
from scripts.self_review.probe.addresses import parts
from scripts.self_review.probe.answer import Answer, NotJsonError
from scripts.self_review.registry import check

PATH = "/.well-known/openeo"


def _at_host(backend: Backend) -> Answer:
    return backend.get(f"{backend.host}{PATH}")


@check("api-20")
def the_versions_are_listed_at_the_host(backend: Backend) -> Outcome:
    answer = _at_host(backend)
    if answer.status not in ABSENT:
        return passed("It is there.", answer)
    says = f"There is nothing at {backend.host}{PATH}."
    below = backend.get(PATH)
    if below.ok:
        says = f"{says} It is below the API, at {backend.root}{PATH}, where clients do not look."
    hint = f"Serve {PATH} at the root of the host, beside the versioned API."
    return failed(says, answer, below, hint=hint)


@check("api-21")
def the_versions_can_be_read_by_anybody(backend: Backend) -> Outcome:
    answer = _at_host(backend)
    if answer.status in ABSENT:
        return not_applicable("There is no list of versions (judged by api-20).", answer)
    if not answer.ok:
        return failed(f"It answers {answer.status} to those without a login.", answer)
    try:
        versions = answer.object().get("versions")
    except NotJsonError as error:
        return failed(f"{error}.", answer)
    if not isinstance(versions, list) or not versions:
        return failed("There is no array `versions` with an entry.", answer)
    problems = [
        f"an entry has no {key}"
        for one in objects(versions)
        for key in ("url", "api_version")
        if not isinstance(one.get(key), str)
    ]
    problems += [
        f"the url {one['url']} is no web address"
        for one in objects(versions)
        if isinstance(one.get("url"), str) and not parts(one["url"]).netloc
    ]
    problems += ["an entry is no object"] * (len(versions) - len(objects(versions)))
    return judged(problems, f"{len(versions)} versions, each with url and api_version.", answer)
