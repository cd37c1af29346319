"""What whoever reads a report should know before anything else in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scripts.self_review.account import Account
from scripts.self_review.backend import Backend, read_object
from scripts.self_review.findings import Cause, Finding, NotJudgedError
from scripts.self_review.probe.addresses import parts
from scripts.self_review.probe.client import NoAnswerError, NoTlsError, UntrustedError
from scripts.self_review.probe.pace import ExhaustedError

DOWN = "It seems to be down; try again when it is up."
ELSEWHERE = (
    "Give the versioned address of the API, as in https://openeo.example/openeo/1.2, or a host "
    "with /.well-known/openeo."
)


def notices(url: str, backend: Backend, findings: Sequence[Finding]) -> list[str]:
    """Sentences about the review as a whole; none if it went as one would expect.

    `url` is the address that was given.
    """
    return [
        *_address(url, backend),
        *_certificate(backend),
        *_media_type(backend),
        *filter(None, [login_problem("The login", backend.account)]),
        *filter(None, [login_problem("The login of the user without credits", backend.penniless)]),
        *_limits(findings),
        *_mistakes(findings),
    ]


def _address(url: str, backend: Backend) -> Iterator[str]:
    given = url.rstrip("/")
    try:
        answer = backend.get("/")
    except ExhaustedError:
        return  # told by the limits
    except UntrustedError as error:
        yield f"{_nothing(given)}: {error.reason}. With --insecure the rest can be reviewed."
    except NoTlsError as error:
        plain = parts(backend.root)._replace(scheme="http").geturl()
        yield f"{_nothing(given)}: {error.reason}. If it is served without TLS, give {plain}."
    except NoAnswerError as error:
        yield f"{_nothing(given)}: {error.reason}. Is the address right, and the server up?"
    else:
        if "api_version" not in (read_object(answer) or {}):
            kind = answer.media_type or "no media type"
            advice = DOWN if answer.status >= 500 else ELSEWHERE
            yield (
                f"No openEO API was found at {given}: {answer.request} answered {answer.status} "
                f"({kind}), without an api_version. {advice}"
            )
        elif backend.root != given and parts(given).path:
            yield (
                f"There is no openEO API at {given}; reviewed is {backend.root}, to which "
                "/.well-known/openeo leads."
            )


def _nothing(given: str) -> str:
    return f"There was no answer at {given}"


def _certificate(backend: Backend) -> Iterator[str]:
    if parts(backend.root).scheme == "https" and not backend.probe.verify:
        yield "Certificates were not looked at (--insecure), except by api-4."


def _media_type(backend: Backend) -> Iterator[str]:
    """That JSON is sent as something else, which no requirement is about, but clients are."""
    try:
        answer = backend.get("/")
    except (ExhaustedError, NoAnswerError):
        return
    if read_object(answer) is not None and not answer.media_type.endswith(("/json", "+json")):
        said = answer.media_type or "nothing in particular"
        yield (
            f"{answer.request} is JSON, but says that it is {said}; clients may refuse it. "
            "Send Content-Type: application/json."
        )


def login_problem(which: str, account: Account | None) -> str:
    """Why that login failed; empty if it did not, or was not tried."""
    problem = account.problem if account is not None else None
    if isinstance(problem, NotJudgedError):
        says = problem.outcome.says.removeprefix("The login ")
        return f"{which} {says} {problem.outcome.hint}".strip()
    return f"{which} failed: {problem}." if problem is not None else ""


def _limits(findings: Iterable[Finding]) -> Iterator[str]:
    """The reasons for which requirements were not asked about, and how many there are of each."""
    said = [one.outcome.says for one in findings if one.outcome.cause is Cause.LIMIT]
    for reason in dict.fromkeys(one for one in said if one.startswith("Not asked: ")):
        count = sum(reason in one for one in said)
        left = "1 requirement is" if count == 1 else f"{count} requirements are"
        yield (
            f"{reason.removesuffix('.')}; {left} left open by it. "
            "See --max-requests and --deadline."
        )


def _mistakes(findings: Iterable[Finding]) -> Iterator[str]:
    ids = [one.id for one in findings if one.outcome.cause is Cause.INTERNAL]
    if ids:
        more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
        yield (
            f"A check of this program failed, which is no fault of the backend: "
            f"{', '.join(ids[:5])}{more}. Please report it with the report as JSON."
        )
