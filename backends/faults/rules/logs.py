"""Logs of batch jobs."""

from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, urlencode

from backends.faults.changes import mapped, on, refused, removed
from backends.faults.exchange import Ask, Asked
from backends.faults.rule import Part, Rule, rule

PATH: Final = "/jobs/{job_id}/logs"
TRACE: Final = 'Traceback (most recent call last):\n  File "run.py", line 12, in run\nKeyError: 7'


def _without_offset(asked: Asked, _: Ask) -> Asked:
    kept = [pair for pair in parse_qsl(asked.query, keep_blank_values=True) if pair[0] != "offset"]
    return replace(asked, query=urlencode(kept))


RULES: Final[tuple[Rule, ...]] = (
    rule("logs.fail", "Logs cannot be read.", "api-800", refused(PATH, "GET")),
    rule(
        "logs.offset-ignored",
        "The `offset` is ignored: every page begins with the first entry.",
        "api-801",
        Part(("GET",), PATH, request=_without_offset),
    ),
    rule("logs.no-list", "There is no array `logs`.", "api-804", on(PATH, removed("logs"))),
    rule("logs.no-links", "There is no array `links`.", "api-804", on(PATH, removed("links"))),
    rule("logs.no-level", "The logs do not state `level`.", "api-805", on(PATH, removed("level"))),
    *(
        rule(
            f"logs.entries-without-{field}",
            f"Log entries have no `{field}`.",
            "api-807" if field == "time" else "api-806",
            on(PATH, removed(f"logs/*/{field}")),
        )
        for field in ("id", "level", "message", "time")
    ),
    rule(
        "logs.stack-traces",
        "Log messages are whole stack traces.",
        "api-808",
        on(PATH, mapped("logs/*/message", lambda message: f"{message}\n{TRACE}")),
    ),
)
