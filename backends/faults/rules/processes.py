"""Predefined processes."""

from typing import Any, Final

from backends.faults.changes import halved, needs_token, on, put, refuses_token, removed, without
from backends.faults.rule import Rule, rule

PATH: Final = "/processes"

RULES: Final[tuple[Rule, ...]] = (
    rule(
        "processes.no-list",
        "There is no array `processes`.",
        "api-200",
        on(PATH, removed("processes")),
    ),
    rule("processes.no-links", "There is no array `links`.", "api-200", on(PATH, removed("links"))),
    rule(
        "processes.needs-token",
        "The processes are for logged-in users.",
        "api-201",
        needs_token(PATH),
    ),
    rule(
        "processes.token-refused",
        "The processes are refused to logged-in users.",
        "api-202",
        refuses_token(PATH),
    ),
    rule(
        "processes.truncated",
        "Without a `limit` only half of the processes are listed.",
        "api-204",
        on(PATH, halved("processes")),
    ),
    Rule(
        "processes.missing",
        "A process that the federation needs is not listed.",
        ("profile-processes", "profile-experimental"),
        lambda wanted: (on(PATH, without("processes", lambda one: _is(one, wanted))),),
        "the id of the process",
    ),
    *(
        rule(
            f"processes.no-{field}",
            f"Processes have no `{field}`.",
            requirement,
            on(PATH, removed(f"processes/*/{field}")),
        )
        for field, requirement in {
            "id": "api-205",
            "description": "api-205",
            "parameters": "api-205",
            "returns": "api-205",
            "summary": "api-207",
            "categories": "api-207",
        }.items()
    ),
    rule(
        "processes.flags-missing",
        "Experimental and deprecated processes are not marked.",
        "api-208 governance-6",
        on(PATH, removed("processes/*/experimental", "processes/*/deprecated")),
    ),
    rule(
        "processes.nulls",
        "What a process does not have is null in place of absent.",
        "api-209",
        on(PATH, put("processes/*/deprecated", None), put("processes/*/exceptions", None)),
    ),
    rule(
        "processes.schemas-missing",
        "Parameters of processes have no `schema`.",
        "api-205",
        on(PATH, removed("processes/*/parameters/*/schema")),
    ),
)


def _is(process: Any, wanted: str) -> bool:
    return isinstance(process, dict) and process.get("id") == wanted
