"""Errors: their status, their form, and what those without a login are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from scripts.self_review.backend import ABSENT, Backend
from scripts.self_review.findings import (
    Outcome,
    failed,
    judged,
    not_applicable,
    passed,
    some,
    warned,
)
from scripts.self_review.probe.answer import Answer, NotJsonError
from scripts.self_review.provoked import NOWHERE, Asked, errors, refusals
from scripts.self_review.registry import check

WRONG = f"{NOWHERE}-token"
FORM_HINT = 'Answer errors with {"id": …, "code": …, "message": …}, also those of a proxy.'


@check("api-6")
def failures_have_a_status_of_failure(backend: Backend) -> Outcome:
    answers = [one for one in errors(backend) if not _is_open(one)]
    bad = [one for one in answers if not 400 <= one.answer.status <= 599]
    return judged(
        [f"{one.text} answers {one.answer.status}" for one in bad],
        "Every error has a status from 400 to 599.",
        *_shown(bad or answers),
        looked_at=_looked_at(answers),
        hint="Send the status of openEO's list of errors.",
    )


@check("api-7")
def errors_have_code_and_message(backend: Backend) -> Outcome:
    return _form(backend, _code_and_message, "Every error has a code and a message.")


@check("api-8")
def errors_have_an_id_or_a_link(backend: Backend) -> Outcome:
    return _form(backend, _id_or_url, "Every error has an id or a url.")


def _form(backend: Backend, lacks: Callable[[Answer], str], good: str) -> Outcome:
    # Errors with a wrong status are judged by api-6; their form counts all the same.
    answers = errors(backend)
    answers = [one for one in answers if not _is_open(one)]
    problems = [(one, problem) for one in answers if (problem := lacks(one.answer))]
    return judged(
        [f"{one.text} ({one.answer.status}): {problem}" for one, problem in problems],
        good,
        *_shown([one for one, _ in problems] or answers),
        looked_at=_looked_at(answers),
        hint=FORM_HINT,
    )


def _is_open(one: Asked) -> bool:
    """Whether it is no error at all: what should be protected is shown (judged by api-101)."""
    if not one.answer.ok or NOWHERE in one.answer.url:
        return False
    return bool(_code_and_message(one.answer))


def _code_and_message(answer: Answer) -> str:
    try:
        document = answer.object()
    except NotJsonError as error:
        return str(error)
    missing = [key for key in ("code", "message") if not isinstance(document.get(key), str)]
    return f"no {' and no '.join(missing)}" if missing else ""


def _id_or_url(answer: Answer) -> str:
    try:
        document = answer.object()
    except NotJsonError as error:
        return str(error)
    good = any(isinstance(document.get(key), str) for key in ("id", "url"))
    return "" if good else "neither id nor url"


def _shown(answers: Sequence[Asked]) -> list[Answer]:
    return [one.answer for one in answers[:3]]


def _looked_at(answers: Sequence[Asked]) -> str:
    return f"{len(answers)} provoked errors: {', '.join(one.text for one in answers)}"


@check("api-101")
def without_credentials_the_answer_is_401(backend: Backend) -> Outcome:
    answers = refusals(backend)
    if not answers:
        return not_applicable("No endpoint that belongs to users was found.")
    bad = [one for one in answers if one.answer.status != 401]
    return judged(
        [f"{one.text} answers {one.answer.status}" for one in bad],
        "Every protected endpoint answers 401.",
        *_shown(bad or answers),
        looked_at=_looked_at(answers),
        hint="Answer 401 AuthenticationRequired where the header Authorization is missing.",
    )


@check("api-102")
def wrong_credentials_are_answered_with_403(backend: Backend) -> Outcome:
    answers = [*_wrong_tokens(backend), *_wrong_password(backend)]
    if not answers:
        return not_applicable("No endpoint that belongs to users was found.")
    bad = [f"{one.request} answers {one.status}" for one in answers if one.status not in {401, 403}]
    mild = [f"{one.request} answers 401" for one in answers if one.status == 401]
    tried = f"{len(answers)} requests with a wrong token or password"
    if bad:
        hint = "Answer 403 TokenInvalid or CredentialsInvalid."
        return failed(some(bad), *answers[:3], hint=hint, looked_at=tried)
    if mild:
        says = f"{some(mild)} The list of errors has 403 for it, the prose 401."
        return warned(says, *answers[:3], looked_at=tried)
    return passed("Wrong tokens and passwords are answered with 403.", *answers, looked_at=tried)


def _wrong_tokens(backend: Backend) -> Iterator[Answer]:
    for path in ("/me", "/jobs"):
        for form in (f"basic//{WRONG}", WRONG):
            url, headers = backend.url(path), {"Authorization": f"Bearer {form}"}
            answer = backend.send_anonymously("GET", url, headers=headers)
            if answer.status not in ABSENT or backend.lists("GET", path):
                yield answer


def _wrong_password(backend: Backend) -> Iterator[Answer]:
    if backend.get("/credentials/basic").status in ABSENT:
        return
    # base64 of "self-review:wrong-password"
    headers = {"Authorization": "Basic c2VsZi1yZXZpZXc6d3JvbmctcGFzc3dvcmQ="}
    yield backend.send_anonymously("GET", "/credentials/basic", headers=headers)
