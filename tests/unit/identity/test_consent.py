"""Consent is to one version of the terms, and the last thing that a user did counts."""

from __future__ import annotations

import pytest

from aggregator.identity.consent import Event, as_json, consent, next_event

AGREED, WITHDRAWN = Event("agreed", "2", 1000), Event("withdrawn", "2", 2000)
OLD = Event("agreed", "1", 500)


@pytest.mark.parametrize(
    ("events", "given"),
    [
        ([], False),
        ([AGREED], True),
        ([AGREED, WITHDRAWN], False),
        ([AGREED, WITHDRAWN, AGREED], True),
        ([OLD], False),
        ([AGREED, OLD], False),
    ],
)
def test_the_last_event_counts_and_only_for_these_terms(events: list[Event], given: bool) -> None:
    assert consent("2", events).given is given


def test_what_changes_nothing_is_not_recorded_again() -> None:
    assert next_event(consent("2", [AGREED]), "agreed", 9) is None
    assert next_event(consent("2", []), "withdrawn", 9) is None
    assert next_event(consent("2", [WITHDRAWN]), "withdrawn", 9) is None


def test_one_agrees_to_the_terms_of_now_and_withdraws_from_those_agreed_to() -> None:
    assert next_event(consent("2", [OLD]), "agreed", 9) == Event("agreed", "2", 9)
    assert next_event(consent("2", [OLD]), "withdrawn", 9) == Event("withdrawn", "1", 9)


def test_the_record_tells_what_was_done_when() -> None:
    found = as_json(AGREED, "2026-01-01T00:00:00Z")
    assert found == {"event": "agreed", "version": "2", "time": "2026-01-01T00:00:00Z"}
