"""GET /jobs/{job_id}/estimate: what a job will cost, before it runs."""

from __future__ import annotations

import re
from typing import Final

from scripts.self_review.backend import ABSENT, Backend, Entry, usable
from scripts.self_review.findings import (
    Evidence,
    NotJudgedError,
    Outcome,
    given,
    judged,
    not_applicable,
    shown_answer,
)
from scripts.self_review.probe.answer import Answer, NotJsonError
from scripts.self_review.registry import check
from scripts.self_review.shared_jobs import idle

KEYS: Final = ("costs", "duration", "size")


def _answer(backend: Backend) -> Answer:
    def ask() -> Answer:
        return backend.send("GET", f"/jobs/{idle(backend).id}/estimate")

    found: Answer = backend.making.once("estimate", ask)
    if found.status in ABSENT and not backend.lists("GET", "/jobs/{job_id}/estimate"):
        raise NotJudgedError(not_applicable("There are no estimates.", found))
    return found


def _estimate(backend: Backend) -> Entry:
    return usable(_answer(backend), "api-820")


@check("api-820")
def a_job_is_estimated(backend: Backend) -> Outcome:
    answer = _answer(backend)
    if not answer.ok:
        return judged([f"it answers {answer.status}"], "", answer)
    found = _estimate(backend)
    said = [key for key in KEYS if found.get(key) is not None]
    problems = [] if said else [f"none of {', '.join(KEYS)} is given"]
    return judged(problems, f"It gives {', '.join(said)}.", answer)


@check("api-821")
def costs_are_estimated(backend: Backend) -> Outcome:
    return _number(backend, "costs")


@check("api-822")
def the_run_time_is_estimated(backend: Backend) -> Outcome:
    found = _estimate(backend).get("duration")
    good = isinstance(found, str) and re.fullmatch(r"P(?=.)(\d+[YMWD])*(T.*\d[HMS])?", found)
    problems = [] if good else [f"`duration` is {given(found)}"]
    return judged(problems, f"It is {found}.", _shown(backend, "duration"))


@check("api-823")
def the_size_is_estimated(backend: Backend) -> Outcome:
    return _number(backend, "size")


@check("api-824")
def downloads_are_told(backend: Backend) -> Outcome:
    key = "downloads_included"
    estimate = _estimate(backend)
    if key in estimate and estimate[key] is None:  # said, and not merely the default
        return judged(
            [], "null: as many as wanted.", shown_answer(_answer(backend), f"{key}: null")
        )
    return _number(backend, key)


@check("api-825")
def the_expiry_is_told(backend: Backend) -> Outcome:
    found = _estimate(backend).get("expires")
    good = isinstance(found, str) and re.match(r"\d{4}-\d{2}-\d{2}T", found)
    return judged(
        [] if good else [f"`expires` is {given(found)}"],
        f"Until {found}.",
        _shown(backend, "expires"),
    )


@check("api-826")
def success_is_200(backend: Backend) -> Outcome:
    answer = _answer(backend)
    if answer.status == 500:
        found = read_error(answer)
        code = found.get("code")
        problems = [] if code == "EstimateComplexity" else [f"500 comes with the code {code!r}"]
        return judged(problems, "What cannot be estimated is 500 EstimateComplexity.", answer)
    problems = [] if answer.status == 200 else [f"the status is {answer.status}"]
    return judged(problems, "200.", answer)


def read_error(answer: Answer) -> Entry:
    """The error in an answer; nothing if there is none in openEO's form."""
    try:
        return answer.object()
    except NotJsonError:
        return {}


def _number(backend: Backend, key: str) -> Outcome:
    found = _estimate(backend).get(key)
    good = isinstance(found, int | float) and not isinstance(found, bool) and found >= 0
    problems = [] if good else [f"`{key}` is {given(found)}"]
    return judged(problems, f"`{key}` is {given(found)}.", _shown(backend, key))


def _shown(backend: Backend, key: str) -> Evidence:
    answer = _answer(backend)
    return shown_answer(answer, f"{key}: {given(_estimate(backend).get(key))}")
