"""What holds for every endpoint: cross-origin headers, encoding, errors."""

from dataclasses import replace
from typing import Final

from backends.faults.changes import document, header_as, headers, removed
from backends.faults.exchange import (
    JSON,
    Answered,
    Asked,
    is_json,
    refusal,
    whole,
    with_body,
)
from backends.faults.rule import ANY, EVERYTHING, FAILED, Part, Rule, rule

PREFLIGHT: Final = ("OPTIONS",)
REAL: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
ALLOWED: Final = "Access-Control-Allow-Headers"
ORIGIN: Final = "Access-Control-Allow-Origin"
EXPOSED: Final = "Access-Control-Expose-Headers"


def _without_word(word: str, text: str) -> str:
    return ", ".join(one for one in text.replace(" ", "").split(",") if one.lower() != word)


def _latin(_: Asked, answered: Answered) -> Answered:
    if not is_json(answered):
        return answered
    text = whole(answered).decode("utf-8").encode("iso-8859-1", "replace")
    return with_body(answered, text, f"{JSON}; charset=iso-8859-1")


def _as_web_page(_: Asked, answered: Answered) -> Answered:
    page = f"<!DOCTYPE html><title>{answered.status}</title><h1>Something went wrong</h1>"
    return with_body(answered, page.encode(), "text/html")


def _as_success(_: Asked, answered: Answered) -> Answered:
    return replace(answered, status=200)


def _with_stack_trace(_: Asked, answered: Answered) -> Answered:
    trace = b'Traceback (most recent call last):\n  File "app.py", line 1, in <module>\nValueError'
    return with_body(answered, trace, "text/plain")


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "cors.no-preflight",
        "OPTIONS is answered with 405 and without any cross-origin header.",
        "api-1",
        Part(
            PREFLIGHT,
            EVERYTHING,
            request=lambda *_: replace(
                refusal(405, "MethodNotAllowed", "OPTIONS is not possible."),
                headers=(("Content-Type", JSON),),
            ),
        ),
    ),
    rule(
        "cors.preflight-without-authorization",
        "The preflight does not allow the header Authorization, so that no web page can log in.",
        "api-1",
        header_as(
            ALLOWED, lambda text: _without_word("authorization", text), EVERYTHING, "OPTIONS"
        ),
    ),
    rule(
        "cors.preflight-without-methods",
        "The preflight does not say which methods are allowed.",
        "api-1",
        headers("Access-Control-Allow-Methods", methods=PREFLIGHT),
    ),
    rule(
        "cors.no-allow-origin",
        "Answers do not say that pages of any origin may read them.",
        "api-2",
        headers(ORIGIN, methods=REAL),
    ),
    rule(
        "cors.missing-on-errors",
        "Only errors do not say that pages of any origin may read them.",
        "api-2",
        headers(ORIGIN, methods=REAL, statuses=FAILED),
    ),
    rule(
        "cors.no-expose-headers",
        "Answers do not say which of their headers pages may read.",
        "api-3",
        headers(EXPOSED, methods=REAL),
    ),
    rule(
        "cors.identifier-not-exposed",
        "OpenEO-Identifier is not among the headers that pages may read.",
        "api-3",
        header_as(
            EXPOSED, lambda text: _without_word("openeo-identifier", text), EVERYTHING, *REAL
        ),
    ),
    rule(
        "encoding.latin-1",
        "JSON is sent as ISO 8859-1, and says so.",
        "api-5",
        Part(REAL, EVERYTHING, _latin, statuses=ANY),
    ),
    rule(
        "errors.status-200",
        "Errors are sent with status 200.",
        "api-6",
        Part(REAL, EVERYTHING, _as_success, statuses=FAILED),
    ),
    rule(
        "errors.no-code",
        "Errors have no `code`.",
        "api-7",
        Part(REAL, EVERYTHING, document(removed("code")), statuses=FAILED),
    ),
    rule(
        "errors.no-message",
        "Errors have no `message`.",
        "api-7",
        Part(REAL, EVERYTHING, document(removed("message")), statuses=FAILED),
    ),
    rule(
        "errors.html",
        "Errors are web pages.",
        "api-7",
        Part(REAL, EVERYTHING, _as_web_page, statuses=FAILED),
    ),
    rule(
        "errors.stack-trace",
        "Errors are stack traces as plain text.",
        "api-7",
        Part(REAL, EVERYTHING, _with_stack_trace, statuses=FAILED),
    ),
)
