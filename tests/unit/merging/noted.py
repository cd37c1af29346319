"""Assertions on notes, in the words of merging."""

from __future__ import annotations

from typing import Any

from aggregator.merging.notes import Merged, Note


def assert_noted(merged: Merged[Any], code: str, *backends: str, subject: str = "") -> Note:
    """There is a note of the code about exactly these backends (if any are named) and this
    subject (if one is named); it is returned."""
    of_code = [note for note in merged.notes if note.code == code]
    for note in of_code:
        if set(backends) in (set(), set(note.backends)) and subject in ("", note.subject):
            assert note.message, "a note needs a message"
            return note
    raise AssertionError(
        f"no {code} of {backends} on {subject or 'anything'}; noted were "
        + "; ".join(f"{note.code} of {note.backends} on {note.subject}" for note in merged.notes)
    )


def assert_not_noted(merged: Merged[Any], *codes: str) -> None:
    """There is no note of these codes; none at all where no code is given."""
    found = [note for note in merged.notes if not codes or note.code in codes]
    assert not found, [f"{note.code}: {note.message}" for note in found]
