"""Which lines of a job's log are kept: all to begin with, then the latest of what went wrong."""

from __future__ import annotations

from collections.abc import Sequence

from aggregator.federated.states import Line

MOST_LINES = 20_000
"""Lines that are kept whatever they say."""
MOST_AFTERWARDS = 1_000
"""Lines that are kept after these: the latest, of errors, warnings, and of the job as a whole."""
_MARK = MOST_LINES + 1


def numbered(lines: Sequence[Line], last: int) -> list[tuple[int, Line]]:
    """The lines that are kept of new ones, with their numbers; the one before them has `last`.

    Where the log begins to leave out others a line says so.
    """
    kept: list[tuple[int, Line]] = []
    for line in lines:
        if last == MOST_LINES:
            last = _MARK
            kept.append((last, _full(line.at)))
        if last < MOST_LINES or line.level in ("error", "warning") or not line.part:
            last += 1
            kept.append((last, line))
    return kept


def outdated(last: int) -> range:
    """The numbers of lines that are not kept any more when the newest one has the number `last`."""
    return range(_MARK + 1, last - MOST_AFTERWARDS + 1)


def _full(at: int) -> Line:
    said = (
        f"This log has {MOST_LINES} lines. Of what comes after them it keeps errors, warnings and "
        f"what concerns the job as a whole, and the latest {MOST_AFTERWARDS} lines of that. The "
        "whole log of a part is that of its own job."
    )
    return Line(at, "warning", said)
