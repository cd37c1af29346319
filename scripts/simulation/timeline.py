"""The outcome of a scenario as a picture: a row per member, a column per day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as Xml

from aggregator.moments import DAY, day_of, day_start
from scripts.simulation.drawing import add, picture

WIDTH, HEIGHT, GAP, LEFT, TOP = 3, 26, 12, 170, 40
COLOURS = {"good": "#1f7a45", "fair": "#c98a00", "bad": "#b3261e", "excused": "#8a8a8a"}
MARKS = {"unstable": "▲", "excluded": "⊘"}


def timeline(outcome: dict[str, Any]) -> bytes:
    """An SVG picture of every day's uptime, with the verdicts of the months under it."""
    days = list(_days(outcome))
    members = outcome["members"]
    width = LEFT + len(days) * WIDTH + 20
    height = TOP + len(members) * (HEIGHT + GAP + 14) + 10
    root = picture(f"{outcome['title']}: every day of every member", width, height)
    columns = {day: LEFT + number * WIDTH for number, day in enumerate(days)}
    for day, x in columns.items():
        if day.endswith("-01"):
            add(root, "line", x1=x, x2=x, y1=TOP - 8, y2=height - 10, stroke="#dddddd")
            add(root, "text", x=x + 2, y=TOP - 12, fill="#555555").text = day[:7]
    for number, (name, member) in enumerate(members.items()):
        y = TOP + number * (HEIGHT + GAP + 14)
        add(root, "text", x=8, y=y + 17, fill="#111111").text = member["title"][:24]
        _row(root, outcome["days"][name], columns, y)
        _marks(root, member["months"], columns, y + HEIGHT + 13)
    made: bytes = Xml.tostring(root, encoding="utf-8")
    return made


def _row(root: Xml.Element, days: list[dict[str, Any]], columns: dict[str, int], y: int) -> None:
    for day in days:
        kind = _kind(day)
        if kind in COLOURS and day["day"] in columns:
            high = {"good": HEIGHT, "fair": HEIGHT * 2 // 3, "bad": HEIGHT // 3}.get(kind, HEIGHT)
            bar = add(
                root,
                "rect",
                x=columns[day["day"]],
                y=y + HEIGHT - high,
                width=WIDTH - 0.5,
                height=high,
                fill=COLOURS[kind],
            )
            if kind != "good":
                said = f"{day['day']}: {day['down']} of {day['up'] + day['down']} probes failed"
                add(bar, "title").text = said


def _marks(
    root: Xml.Element, months: list[dict[str, Any]], columns: dict[str, int], y: int
) -> None:
    for month in months:
        mark = MARKS.get(month["status"], "") + ("W" if month["warning"] else "")
        x = columns.get(f"{month['month']}-01")
        if mark and month["judged"] and x is not None:
            add(root, "text", x=x + 34, y=y, fill="#b3261e").text = mark


def _kind(day: dict[str, Any]) -> str:
    counted = day["up"] + day["down"]
    if not counted:
        return "excused" if day["excused"] else "none"
    if day["up"] * 1000 >= 995 * counted:
        return "good"
    return "fair" if day["up"] * 100 >= 95 * counted else "bad"


def _days(outcome: dict[str, Any]) -> Iterator[str]:
    start, end = day_start(outcome["from"]), day_start(outcome["until"][:10])
    yield from (day_of(moment) for moment in range(start, max(end, start + DAY), DAY))
