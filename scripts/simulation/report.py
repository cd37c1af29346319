"""The outcome of a scenario as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any


def markdown(outcome: dict[str, Any]) -> str:
    """The report, with the picture `timeline.svg` beside it."""
    return "\n".join(_lines(outcome)) + "\n"


def _lines(outcome: dict[str, Any]) -> Iterator[str]:
    members = outcome["members"]
    yield f"# {outcome['title']}"
    yield ""
    yield from ([outcome["description"], ""] if outcome["description"] else [])
    yield f"From {outcome['from']} until {outcome['until']}, seed {outcome['seed']}."
    yield ""
    yield "![Every day of every member](timeline.svg)"
    yield ""
    yield "## Members"
    yield ""
    heads = ("Member", "Joined", "Uptime", "Incidents", "Standing at the end", "Jobs", "Failed")
    yield from table((*heads, "Credits"), (_member(one) for one in members.values()))
    yield "## Verdicts"
    yield ""
    yield from table(("Month", *(m["title"] for m in members.values())), _verdicts(members))
    yield "`W`: a warning; `?`: a decision is proposed; in brackets: the month was not judged."
    yield ""
    yield from _reasons(members)
    if outcome["decisions"]:
        yield "## Decisions"
        yield ""
        rows = (
            (d["at"], members[d["backend"]]["title"], d["decision"], d["reason"])
            for d in outcome["decisions"]
        )
        yield from table(("When", "Member", "Decision", "Reason"), rows)
    yield from _jobs(outcome["jobs"])
    wrong = outcome["mistakes_in_books"]
    yield "## Books"
    yield ""
    yield "In order: every balance agrees with the entries." if not wrong else "\n".join(wrong)


def _member(one: dict[str, Any]) -> tuple[str, ...]:
    return (
        one["title"],
        one["joined"],
        f"{one['uptime']} %",
        str(one["incidents"]),
        one["standing"],
        str(one["jobs_served"]),
        str(one["jobs_failed"]),
        f"{sum(one['credits'].values()):.3f}",
    )


def _verdicts(members: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    months = sorted({month["month"] for m in members.values() for month in m["months"]})
    for name in months:
        cells = []
        for member in members.values():
            found = next((m for m in member["months"] if m["month"] == name), None)
            cells.append("" if found is None else _verdict(found))
        yield (name, *cells)


def _verdict(month: dict[str, Any]) -> str:
    said = f"{month['uptime'] or '–'} % {month['status']}"
    if not month["judged"]:
        return f"({said})"
    return said + (" W" if month["warning"] else "") + ("?" if month["proposal"] else "")


def _reasons(members: dict[str, Any]) -> Iterator[str]:
    """Why, for every month that brought more than nothing."""
    for member in members.values():
        told = [
            month
            for month in member["months"]
            if month["warning"]
            or month["proposal"]
            or (month["judged"] and month["status"] != "stable")
        ]
        if told:
            yield f"### {member['title']}"
            yield ""
            yield from (f"- {month['month']}: {month['reason']}" for month in told)
            yield ""


def _jobs(jobs: dict[str, Any]) -> Iterator[str]:
    yield "## Jobs"
    yield ""
    rows = (
        (month, str(found["served"]), str(found["failed"]), str(found["refused"]))
        for month, found in jobs["by_month"].items()
    )
    yield from table(("Month", "Served", "Failed", "Refused"), rows)
    if jobs["refused"]:
        yield from table(
            ("Refused with", "Jobs", "The first"),
            ((c, str(n), jobs["examples"][c]) for c, n in jobs["refused"].items()),
        )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of Markdown, line by line, with an empty one after it."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    yield line(heads)
    yield "|" + " --- |" * len(heads)
    yield from map(line, rows)
    yield ""
