"""Wrong transfers and wrong books are found, each by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.ledger.books import Books, ChargedReport, Line, mistakes_in, rebuilt
from aggregator.ledger.entries import BooksError, Posting, Transfer, checked, postings
from tests.unit.ledger.documents import MARCH

GIVEN = Transfer("grant/g", "grant", MARCH, postings({"issued": -9, "grant:g": 9}))
PAID = Transfer("charge/terra/k", "charge", MARCH, postings({"grant:g": -4, "revenue:terra": 4}))
LINES = (
    Line(1, "issued", -9),
    Line(1, "grant:g", 9, 1, 9),
    Line(2, "grant:g", -4, 2, 5),
    Line(2, "revenue:terra", 4),
)
GOOD = Books({1: GIVEN, 2: PAID}, LINES, [ChargedReport("terra/k", 4)])


def test_good_books_have_no_mistakes() -> None:
    assert mistakes_in(GOOD) == []
    assert rebuilt(LINES) == {"issued": -9, "grant:g": 5, "revenue:terra": 4}


def test_the_order_of_lines_and_holds_that_still_have_something_are_no_mistakes() -> None:
    kept = Transfer("hold/h", "hold", MARCH, postings({"grant:g": -5, "hold:h": 5}))
    lines = (Line(3, "hold:h", 5, 1, 5), *reversed(LINES), Line(3, "grant:g", -5, 3, 0))
    holds = {"h": False, "spent": True}
    books = replace(GOOD, transfers={**GOOD.transfers, 3: kept}, lines=lines, holds=holds)
    assert mistakes_in(books) == []


@pytest.mark.parametrize(
    ("entry", "mistake"),
    [
        (replace(GIVEN, postings=(Posting("issued", -9), Posting("grant:g", 8))), "sum to -1"),
        (replace(GIVEN, postings=()), "two postings"),
        (replace(GIVEN, postings=(Posting("issued", -9),)), "two postings"),
        (replace(GIVEN, postings=(Posting("issued", 0), Posting("grant:g", 0))), "change by 0"),
        (
            replace(GIVEN, postings=(Posting("issued", -0.5), Posting("grant:g", 0.5))),  # type: ignore[arg-type]
            "change by 0.5",
        ),
        (
            replace(GIVEN, postings=(Posting("grant:g", -(10**16)), Posting("issued", 10**16))),
            "cannot change by",
        ),
        (replace(GIVEN, postings=(Posting("issued", -9), Posting("cash", 9))), "no account cash"),
        (
            replace(
                GIVEN,
                postings=(Posting("issued", -9), Posting("grant:g", 4), Posting("grant:g", 5)),
            ),
            "posted to 2 times",
        ),
        (replace(GIVEN, event="gift"), "no event 'gift'"),
        (replace(GIVEN, key="g"), "begin with 'grant/'"),
    ],
)
def test_a_transfer_that_must_not_be_booked_is_refused(entry: Transfer, mistake: str) -> None:
    with pytest.raises(BooksError, match=f"^transfer '{entry.key}': .*{mistake}"):
        checked(entry)


def test_the_smallest_and_the_largest_transfer_are_booked() -> None:
    for amount in (1, 10**15):
        entry = replace(GIVEN, postings=postings({"issued": -amount, "grant:g": amount}))
        assert checked(entry) is entry


@pytest.mark.parametrize(
    ("books", "mistake"),
    [
        (
            replace(GOOD, transfers={1: GIVEN, 2: replace(PAID, postings=())}),
            "transfer charge/terra/k: it needs two postings at least",
        ),
        (
            replace(GOOD, transfers={1: GIVEN}),
            "grant:g has a posting of transfer 2, which does not exist",
        ),
        (
            replace(GOOD, transfers={**GOOD.transfers, 3: PAID}),
            "transfer charge/terra/k is booked twice",
        ),
        (
            replace(GOOD, lines=[*LINES[:2], Line(2, "grant:g", -4, 2, 6), LINES[3]]),
            "grant:g: posting 2 states 6, the entries give posting 2 with 5",
        ),
        (
            replace(GOOD, lines=[*LINES[:2], Line(2, "grant:g", -4, 3, 5), LINES[3]]),
            "grant:g: posting 3 states 5, the entries give posting 2 with 5",
        ),
        (replace(GOOD, lines=[*LINES, Line(2, "grant:g", -6, 3, -1)]), "grant:g is below zero: -1"),
        (replace(GOOD, lines=LINES[:3]), "all balances together are -4, not 0"),
        (replace(GOOD, reports=[]), "charge/terra/k has no report"),
        (
            replace(GOOD, reports=[ChargedReport("terra/k", 5)]),
            "report terra/k says 5, 4 was charged",
        ),
        (
            replace(GOOD, reports=[*GOOD.reports, ChargedReport("terra/l", 1)]),
            "report terra/l says 1, 0 was charged",
        ),
        (
            replace(GOOD, lines=[*LINES, Line(2, "hold:h", 1, 1, 1)], holds={"h": True}),
            "hold h is closed and still has 1",
        ),
    ],
)
def test_books_that_are_wrong_are_found_out(books: Books, mistake: str) -> None:
    assert mistake in mistakes_in(books)
