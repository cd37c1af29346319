"""The state in a picture of two words, for other people's pages."""

from __future__ import annotations

from flask import render_template

from aggregator.usecases.boards import Board
from aggregator.web.atom import possible

# The width of a letter, roughly, in the units of the picture.
LETTER, MARGIN = 7, 12
GREEN, AMBER, RED = "#1f6f3f", "#8a5a00", "#a3242b"


def badge(board: Board) -> str:
    """An SVG picture; it loads nothing, and its title says the same in words."""
    members = board.overview.members
    online = sum(member.online for member in members)
    if len(members) == 1:
        (only,) = members
        uptime = f" {only.uptime.percent()} %" if only.uptime.counted else ""
        label, said = possible(only.title), ("online" if only.online else "offline") + uptime
    else:
        label, said = "backends", f"{online} of {len(members)} online"
    colour = GREEN if online == len(members) else AMBER if online else RED
    widths = [len(text[:60]) * LETTER + MARGIN for text in (label, said)]
    return render_template(
        "badge.svg", label=label[:60], said=said[:60], colour=colour, widths=widths
    )
