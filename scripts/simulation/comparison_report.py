"""A comparison of policies as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts.simulation.report import table


def comparison_markdown(found: dict[str, Any]) -> str:
    """The report, with the picture `comparison.svg` beside it."""
    return "\n".join(_lines(found)) + "\n"


def policies_table(found: dict[str, Any]) -> str:
    """What came of the jobs, a row for each policy."""
    heads = (
        "Policy",
        "Served",
        "Failed",
        "Unfinished",
        "Refused",
        "Wait, mean (h)",
        "Wait, p95 (h)",
    )
    more = ("Credits", "Credits per job", "Fairness")
    rows = ((name, *_figures(figures)) for name, figures in found["policies"].items())
    return "\n".join(table((*heads, *more), rows))


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"# {found['title']}: policies compared"
    yield ""
    yield from ([found["description"], ""] if found["description"] else [])
    jobs = {figures["jobs"] for figures in found["policies"].values()}
    told = " or ".join(map(str, sorted(jobs)))
    yield f"The same {told} jobs from {found['from']} until {found['until']}, seed {found['seed']}."
    yield ""
    yield "![What came of the jobs by each policy](comparison.svg)"
    yield ""
    yield "## Policies"
    yield ""
    yield policies_table(found)
    yield "Waits are from coming to beginning, or to the end. Fairness is Jain's index of the work"
    yield "that members did, in relation to their weights: 1 if each had its share."
    yield ""
    yield "## Who did the work"
    yield ""
    members = found["members"]
    heads = ("Policy", *(member["title"] for member in members.values()))
    rows = (
        (name, *(f"{figures['work_percent'][member]:.1f} %" for member in members))
        for name, figures in found["policies"].items()
    )
    yield from table(heads, rows)
    yield "## Members"
    yield ""
    heads = ("Member", "Weight", "Jobs at once", "Speed", "Credits per hour")
    yield from table(heads, (_member(member) for member in members.values()))
    wrong = [m for figures in found["policies"].values() for m in figures["mistakes_in_books"]]
    yield "## Books"
    yield ""
    yield "In order: every balance agrees with the entries." if not wrong else "\n".join(wrong)


def _figures(figures: dict[str, Any]) -> Iterator[str]:
    yield from (str(figures[name]) for name in ("served", "failed", "unfinished", "refused"))
    yield from (f"{figures[name]:.2f}" for name in ("wait_mean_hours", "wait_p95_hours"))
    yield f"{figures['credits']:.0f}"
    each = figures["credits_per_job"]
    yield "–" if each is None else f"{each:.2f}"
    yield f"{figures['fairness']:.3f}"


def _member(member: dict[str, Any]) -> tuple[str, ...]:
    return (
        member["title"],
        f"{member['weight']:g}",
        f"{member['capacity']}" if member["capacity"] else "any number",
        f"{member['speed']:g}",
        f"{member['credits_per_hour']:g}",
    )
