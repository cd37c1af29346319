"""GET / and what it says of the backend."""

from __future__ import annotations

from scripts.self_review.backend import Backend
from scripts.self_review.findings import Outcome, judged, shown_answer
from scripts.self_review.probe.answer import NotJsonError
from scripts.self_review.registry import check

STRINGS = ("api_version", "backend_version", "stac_version", "id", "title", "description")


@check("api-30")
def the_capabilities_are_valid(backend: Backend) -> Outcome:
    answer = backend.get("/")
    if not answer.ok:
        return judged([f"GET / answers {answer.status}"], "", answer)
    try:
        document = answer.object()
    except NotJsonError as error:
        return judged([str(error)], "", answer)
    problems = [f"{key} is no text" for key in STRINGS if not isinstance(document.get(key), str)]
    problems += [
        f"{key} is no array"
        for key in ("endpoints", "links")
        if not isinstance(document.get(key), list)
    ]
    keys = ", ".join(list(map(str, document))[:20])
    return judged(problems, "All required fields are there.", shown_answer(answer, f"has {keys}"))
