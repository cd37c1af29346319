"""The log of a job has an end: what is kept beyond it, and that it says so."""

from __future__ import annotations

from aggregator.federated.logs import MOST_AFTERWARDS, MOST_LINES, numbered, outdated
from aggregator.federated.states import Line

SAID = Line(1, "info", "part1 at terra: A line.", "part1", "terra")
WRONG = Line(2, "error", "part1 at terra: Out of memory.", "part1", "terra")
WARNED = Line(3, "warning", "part1 at terra: Little memory.", "part1", "terra")
WHOLE = Line(4, "info", "The job has finished.")


def test_every_line_is_kept_and_numbered_while_there_is_room() -> None:
    assert numbered([SAID, WRONG], 0) == [(1, SAID), (2, WRONG)]
    assert numbered([SAID], MOST_LINES - 1) == [(MOST_LINES, SAID)]


def test_where_the_room_ends_the_log_says_so_once() -> None:
    kept = numbered([SAID, WRONG, SAID], MOST_LINES - 1)
    assert [number for number, _ in kept] == [MOST_LINES, MOST_LINES + 1, MOST_LINES + 2]
    assert kept[1][1] == Line(
        2,
        "warning",
        "This log has 20000 lines. Of what comes after them it keeps errors, warnings and what "
        "concerns the job as a whole, and the latest 1000 lines of that. The whole log of a part "
        "is that of its own job.",
    )
    assert kept[2][1] == WRONG
    assert numbered([WRONG], MOST_LINES + 2) == [(MOST_LINES + 3, WRONG)]


def test_beyond_that_only_what_went_wrong_and_what_concerns_the_whole_is_kept() -> None:
    kept = numbered([SAID, WARNED, SAID, WRONG, WHOLE], MOST_LINES + 5)
    assert [line for _, line in kept] == [WARNED, WRONG, WHOLE]


def test_of_that_the_latest_lines_displace_the_others_and_never_the_first_ones() -> None:
    assert list(outdated(MOST_LINES)) == []
    assert list(outdated(MOST_LINES + 1 + MOST_AFTERWARDS)) == []
    assert list(outdated(MOST_LINES + 3 + MOST_AFTERWARDS)) == [MOST_LINES + 2, MOST_LINES + 3]
