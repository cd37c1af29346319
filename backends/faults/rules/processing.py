"""Synchronous processing."""

from typing import Final

from backends.faults.changes import accepted, empty, header_as, if_let_in, refused
from backends.faults.exchange import Answered, Ask, Asked, refusal, with_body
from backends.faults.rule import FAILED, Part, Rule, rule

PATH: Final = "/result"


def _as_text(_: Asked, answered: Answered) -> Answered:
    return with_body(answered, b"Something went wrong.", "text/plain")


def _unavailable(collection: str) -> tuple[Part, ...]:
    """Whatever loads the collection fails."""

    def request(asked: Asked, _: Ask) -> Asked | Answered:
        wanted = f'"{collection}"'.encode()
        if wanted not in (asked.body or b""):
            return asked
        return refusal(500, "Internal", f"The collection '{collection}' cannot be loaded.")

    return (Part(("POST",), PATH, request=if_let_in(request)),)


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "result.fails",
        "Synchronous processing does not work.",
        "api-900 api-905",
        refused(PATH, "POST"),
    ),
    Rule(
        "result.collection-unavailable",
        "A collection that is offered cannot be loaded.",
        ("collections-9",),
        _unavailable,
        "the id of the collection",
    ),
    rule(
        "result.invalid-accepted",
        "Invalid processes are answered with an empty result.",
        "api-901",
        accepted(PATH, "POST", lambda _: empty(200), only=(400, 404)),
    ),
    rule(
        "result.errors-as-text",
        "Errors of synchronous processing are plain text.",
        "api-905",
        Part(("POST",), PATH, _as_text, statuses=FAILED),
    ),
    rule(
        "result.generic-content-type",
        "The type of a result is generic in place of the format's.",
        "api-906",
        header_as("Content-Type", lambda _: "application/octet-stream", PATH, "POST"),
    ),
    rule(
        "result.payment-not-required",
        "Results are computed, it seems, though payment is required first.",
        "api-910",
        accepted(PATH, "POST", lambda _: empty(200), only=(402,)),
    ),
)
