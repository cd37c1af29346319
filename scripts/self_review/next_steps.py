"""What a provider should do next, in the order in which it helps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scripts.self_review.catalogue import MANUAL, Catalogue
from scripts.self_review.findings import Cause, Finding, Verdict
from scripts.self_review.verdicts import left_out, minimum

MOST_NAMED = 8
AGAIN = {
    Cause.UNREACHABLE: "see why there was no answer",
    Cause.UNUSABLE: "mend first what the findings point at",
    Cause.LOGIN: "give a login (--basic or one of --oidc-…)",
    Cause.READ_ONLY: "leave out --read-only",
    Cause.LIMIT: "raise the limit that is named there",
    Cause.INTERNAL: "report the failure of this program",
    Cause.UNCHECKED: "look for yourself",
}
"""What to do about the required requirements that could not be told, by the reason."""


def next_steps(findings: Sequence[Finding], catalogue: Catalogue) -> list[str]:
    """Sentences that say what is to be done; none if nothing is."""
    rows = minimum(findings, catalogue)
    return [
        *_mend(rows),
        *_again(rows),
        *_look(sum(row.method != MANUAL for row in left_out(findings, catalogue))),
        *_state(rows),
        *_show(rows),
        *_optional(findings, rows),
    ]


def _mend(rows: Iterable[Finding]) -> Iterator[str]:
    fails = [one.id for one in rows if one.verdict is Verdict.FAIL]
    if fails:
        yield f"Mend what the minimum requires and fails ({len(fails)}): {named(fails)}."


def _again(rows: Iterable[Finding]) -> Iterator[str]:
    found = list(rows)
    for cause, advice in AGAIN.items():
        ids = _untold(found, cause)
        if ids:
            yield f"To judge what could not be told ({len(ids)}: {cause}), {advice}: {named(ids)}."


def _look(count: int) -> Iterator[str]:
    if count:
        yield (
            f"Review the whole minimum (--profile minimum, with a login): {count} of its "
            "requirements were not part of this review."
        )


def _state(rows: Iterable[Finding]) -> Iterator[str]:
    ids = _untold(rows, Cause.STATEMENT)
    if ids:
        yield (
            f"State what only you can say ({len(ids)}): openeo-self-review template --output "
            f"statements.yaml, fill it in, and give --attest statements.yaml: {named(ids)}."
        )


def _show(rows: Iterable[Finding]) -> Iterator[str]:
    """Evidence over time, grouped by the option that gives it."""
    by_hint: dict[str, list[str]] = {}
    for one in rows:
        if one.verdict is Verdict.COULD_NOT_TELL and one.outcome.cause is Cause.TIME:
            by_hint.setdefault(one.outcome.hint or one.outcome.says, []).append(one.id)
    for hint, ids in by_hint.items():
        yield f"{hint.removesuffix('.')} ({len(ids)}): {named(ids)}."


def _optional(findings: Iterable[Finding], rows: Iterable[Finding]) -> Iterator[str]:
    required = {one.id for one in rows}
    ids = [f.id for f in findings if f.verdict is Verdict.FAIL and f.id not in required]
    if ids:
        yield (
            "Beyond the minimum, which nobody has to have, consider what fails "
            f"({len(ids)}): {named(ids)}."
        )


def _untold(rows: Iterable[Finding], cause: Cause) -> list[str]:
    return [
        one.id
        for one in rows
        if one.verdict is Verdict.COULD_NOT_TELL and one.outcome.cause is cause
    ]


def named(ids: Sequence[str]) -> str:
    """The first of these, and how many more there are."""
    more = len(ids) - MOST_NAMED
    shown = ", ".join(ids[:MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
