"""A comparison of policies as a picture: a panel for each figure, a bar for each policy."""

from __future__ import annotations

from typing import Any, NamedTuple
from xml.etree import ElementTree as Xml

from scripts.simulation.drawing import add, picture

WIDTH, PANEL, GAP, LEFT, TOP = 900, 270, 30, 20, 56
BAR, STEP, LABELS = 16, 24, 110
INK, SOFT, RULE = "#111111", "#555555", "#dddddd"
# Colours that colour-blind people can tell apart (Okabe and Ito).
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
# And lighter ones, on which text is easy to read.
TINTS = ("#a6cee3", "#fdd49e", "#b2df8a", "#dadaeb", "#fbb4c4", "#d9d9d9")


class Panel(NamedTuple):
    """A figure of each policy; `fixed` is the value of a whole bar, if it is always the same."""

    title: str
    figure: str
    form: str
    fixed: float | None = None


PANELS = (
    Panel("Mean wait, hours", "wait_mean_hours", "{:.2f}"),
    Panel("Wait of 95 % of the jobs, hours", "wait_p95_hours", "{:.2f}"),
    Panel("Credits for each job served", "credits_per_job", "{:.2f}"),
    Panel("Jobs refused", "refused", "{:.0f}"),
    Panel("Jobs unfinished at the end", "unfinished", "{:.0f}"),
    Panel("Fairness between members", "fairness", "{:.3f}", 1.0),
)
IN_ROW = 3


def comparison_picture(found: dict[str, Any]) -> bytes:
    """An SVG picture of the figures, and of who did the work."""
    policies = found["policies"]
    tall = 24 + len(policies) * STEP + GAP
    rows = -(-len(PANELS) // IN_ROW)
    height = TOP + rows * tall + tall + 26
    root = picture(f"{found['title']}: policies compared", WIDTH, height)
    add(
        root, "text", x=LEFT, y=24, fill=INK, **{"font-size": 16}
    ).text = f"{found['title']}: policies compared"
    for number, panel in enumerate(PANELS):
        x = LEFT + number % IN_ROW * (PANEL + GAP)
        _panel(root, panel, policies, (x, TOP + number // IN_ROW * tall))
    _work(root, found, TOP + rows * tall)
    made: bytes = Xml.tostring(root, encoding="utf-8")
    return made


def _panel(
    root: Xml.Element, panel: Panel, policies: dict[str, Any], place: tuple[int, int]
) -> None:
    x, y = place
    add(root, "text", x=x, y=y + 4, fill=INK, **{"font-weight": "bold"}).text = panel.title
    values = {name: figures[panel.figure] or 0 for name, figures in policies.items()}
    most = panel.fixed or max(values.values()) or 1
    room = PANEL - LABELS - 46
    for number, (name, value) in enumerate(values.items()):
        top = y + 16 + number * STEP
        add(root, "text", x=x, y=top + 12, fill=SOFT).text = name
        bar = add(
            root,
            "rect",
            x=x + LABELS,
            y=top,
            width=round(room * value / most, 1),
            height=BAR,
            fill=COLOURS[number % len(COLOURS)],
        )
        said = panel.form.format(value)
        add(bar, "title").text = f"{name}: {said}"
        end = x + LABELS + room * value / most + 6
        add(root, "text", x=round(end, 1), y=top + 12, fill=INK).text = said
    add(
        root,
        "line",
        x1=x + LABELS,
        x2=x + LABELS,
        y1=y + 12,
        y2=y + 16 + len(values) * STEP,
        stroke=RULE,
    )


def _work(root: Xml.Element, found: dict[str, Any], y: int) -> None:
    """Who did the work under each policy: a bar in parts, and what the weights would have given."""
    members = found["members"]
    whole = sum(member["weight"] for member in members.values()) or 1
    weights = {name: 100 * member["weight"] / whole for name, member in members.items()}
    rows = {n: figures["work_percent"] for n, figures in found["policies"].items()}
    add(
        root, "text", x=LEFT, y=y + 4, fill=INK, **{"font-weight": "bold"}
    ).text = "Who did the work, in percent"
    room = WIDTH - 2 * LEFT - LABELS
    for number, (name, shares) in enumerate([*rows.items(), ("by weights", weights)]):
        top = y + 16 + number * STEP
        add(root, "text", x=LEFT, y=top + 12, fill=SOFT).text = name
        x = float(LEFT + LABELS)
        for place, (member, share) in enumerate(shares.items()):
            wide = room * share / 100
            colour = TINTS[place % len(TINTS)]
            bar = add(
                root, "rect", x=round(x, 1), y=top, width=round(wide, 1), height=BAR, fill=colour
            )
            percent = f"{share:.0f} %"
            said = f"{members[member]['title']} {percent}"
            add(bar, "title").text = f"{name}: {said}"
            fits = next((text for text in (said, percent) if wide > 7.5 * len(text)), "")
            add(root, "text", x=round(x + 5, 1), y=top + 12, fill=INK).text = fits
            x += wide
