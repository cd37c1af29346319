"""Web pages of other origins may use the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scripts.self_review.backend import Backend
from scripts.self_review.findings import Evidence, Outcome, judged, shown_answer, some, warned
from scripts.self_review.probe.answer import Answer
from scripts.self_review.provoked import ORIGIN, Asked, asked, errors, filled
from scripts.self_review.registry import check

SAMPLE = (
    ("GET", "/"),
    ("GET", "/collections"),
    ("GET", "/processes"),
    ("GET", "/me"),
    ("GET", "/jobs"),
    ("POST", "/jobs"),
    ("POST", "/result"),
    ("DELETE", "/jobs/{job_id}"),
)
ALLOW_ORIGIN = "Access-Control-Allow-Origin"
EXPOSE = "Access-Control-Expose-Headers"
EXPOSED = ("Link", "Location", "OpenEO-Costs", "OpenEO-Identifier")
HINT = "See the section on CORS in the openEO API; a reverse proxy can add these headers."


@check("api-1")
def preflights_are_answered(backend: Backend) -> Outcome:
    answers = [(method, preflight(backend, method, path)) for method, path in SAMPLE]
    problems = [p for method, answer in answers for p in _preflight_problems(method, answer)]
    shown = [shown_answer(answer, _cors(answer)) for _, answer in answers[:3]]
    other = [f"{a.request} answers {a.status}" for _, a in answers if a.status != 204]
    if not problems and other:
        says = f"All headers are there, but the status is not 204: {some(other)}"
        return warned(says, *shown, looked_at=f"{len(answers)} preflights")
    return judged(
        problems,
        "Every preflight has the headers that browsers need.",
        *shown,
        looked_at=f"{len(answers)} preflights",
        hint=HINT,
    )


def preflight(backend: Backend, method: str, path: str) -> Answer:
    """What a browser is answered before such a request."""
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    url = backend.url(filled(backend, path))
    return backend.once(
        ("OPTIONS", method, url), lambda: backend.probe.ask("OPTIONS", url, headers=headers)
    )


def _preflight_problems(method: str, answer: Answer) -> Iterator[str]:
    if not answer.ok:
        yield f"{answer.request} answers {answer.status}"
        return
    if not _any_origin(answer):
        yield f"{answer.request} does not allow any origin"
    if method not in _names(answer, "Access-Control-Allow-Methods", upper=True):
        yield f"{answer.request} does not allow {method}"
    if not {"authorization", "content-type"} <= _names(answer, "Access-Control-Allow-Headers"):
        yield f"{answer.request} does not allow the headers Authorization and Content-Type"
    if not _names(answer, EXPOSE):
        yield f"{answer.request} has no {EXPOSE}"


def _names(answer: Answer, header: str, *, upper: bool = False) -> set[str]:
    names = {one.strip() for one in answer.headers.get(header, "").split(",")} - {""}
    return {one.upper() if upper else one.lower() for one in names}


def _any_origin(answer: Answer) -> bool:
    return answer.headers.get(ALLOW_ORIGIN) in {"*", ORIGIN}


def _cors(answer: Answer) -> str:
    found = [f"{k}: {v}" for k, v in answer.headers.items() if k.lower().startswith("access-con")]
    return "; ".join(sorted(found)) or "no Access-Control headers"


@check("api-2")
def answers_allow_any_origin(backend: Backend) -> Outcome:
    return _on_all(backend, lambda one: _any_origin(one.answer), f"no {ALLOW_ORIGIN}")


@check("api-3")
def answers_expose_their_headers(backend: Backend) -> Outcome:
    return _on_all(
        backend, lambda one: _exposes(one.answer), f"not {', '.join(EXPOSED)} in {EXPOSE}"
    )


def _exposes(answer: Answer) -> bool:
    names = _names(answer, EXPOSE)
    return {one.lower() for one in EXPOSED} <= names


def _on_all(backend: Backend, good: Callable[[Asked], bool], lacks: str) -> Outcome:
    answers = _real(backend)
    problems = [f"{one.text} ({one.answer.status}) has {lacks}" for one in answers if not good(one)]
    bad = next((one for one in answers if not good(one)), answers[0])
    methods = ", ".join(sorted({one.method for one in answers}))
    return judged(
        problems,
        f"All answers have it ({methods}).",
        Evidence(bad.answer.request, f"{bad.answer.status} {_cors(bad.answer)}"),
        looked_at=f"{len(answers)} answers to {methods}, errors included",
        hint=HINT,
    )


def _real(backend: Backend) -> list[Asked]:
    good = [asked(backend, "GET", path) for path in ("/", "/processes", "/collections")]
    return [*good, *errors(backend)]
