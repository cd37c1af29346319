"""How answers travel: encrypted, and as UTF-8."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from scripts.self_review.backend import Backend
from scripts.self_review.findings import (
    Evidence,
    Outcome,
    failed,
    judged,
    not_applicable,
    passed,
    shown_answer,
)
from scripts.self_review.probe.answer import Answer, charset_of
from scripts.self_review.probe.client import NoTlsError, UntrustedError
from scripts.self_review.provoked import errors
from scripts.self_review.registry import check

LISTS = ("/", "/processes", "/collections", "/file_formats")


HTTPS = "Serve the API over HTTPS, with a certificate of a public authority."


@check("api-4")
def the_api_is_served_over_https(backend: Backend) -> Outcome:
    parts = urlsplit(backend.root)
    if parts.scheme != "https" and _is_loopback(parts.hostname or ""):
        says = "This address is on the same machine; judge the public one."
        return not_applicable(says)
    if parts.scheme != "https":
        return failed(f"{backend.root} is not HTTPS.", hint=HTTPS)
    try:
        answer = backend.probe.ask("GET", backend.url("/"), verify=True)
    except UntrustedError as error:
        hint = "Check the certificate's names, its date, and that the whole chain is sent."
        return failed(f"{error.reason}.", Evidence(error.request, error.reason), hint=hint)
    except NoTlsError as error:
        shown = Evidence(error.request, error.reason)
        return failed(f"{error.reason}.", shown, hint=HTTPS)
    return passed("The certificate validates.", answer)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".test"))


@check("api-5")
def text_is_utf_8(backend: Backend) -> Outcome:
    answers = [backend.get(path) for path in LISTS]
    answers += [one.answer for one in errors(backend)]
    problems = [problem for one in answers for problem in _encoding(one)]
    bad = next((one for one in answers if any(_encoding(one))), answers[0])
    return judged(
        problems,
        "Every JSON body is UTF-8 and no other charset is said.",
        shown_answer(bad, bad.headers.get("Content-Type", "no Content-Type")),
        looked_at=f"{len(answers)} answers",
        hint="Send JSON as UTF-8, without a charset or with charset=utf-8.",
    )


def _encoding(answer: Answer) -> Iterator[str]:
    said = charset_of(answer)
    if said and said.lower() not in {"utf-8", "utf8"}:
        yield f"{answer.request} says charset={said}"
    try:
        answer.body.decode("utf-8")
    except UnicodeDecodeError as error:
        yield f"{answer.request} is not UTF-8 at byte {error.start}"
