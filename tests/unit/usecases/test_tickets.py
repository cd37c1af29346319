"""A ticket lets one user onto one page for an hour, and is nothing else."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from aggregator.usecases.tickets import SECONDS, Holder, Tickets
from aggregator.usecases.tokens import Login, Sealer
from tests.fakes.clock import Clock

KEY = Fernet.generate_key()
ALICE = Holder("https://id.test", "alice")


def test_a_ticket_names_its_holder_for_an_hour() -> None:
    clock = Clock()
    tickets = Tickets(KEY, "terms", clock)
    ticket = tickets.ticket(ALICE)
    clock.advance(SECONDS)
    assert tickets.holder(ticket) == ALICE
    clock.advance(1)
    assert tickets.holder(ticket) is None


def test_a_ticket_fits_into_an_address_and_tells_nothing() -> None:
    ticket = Tickets(KEY, "terms", Clock()).ticket(ALICE)
    assert "alice" not in ticket and len(ticket) < 300
    assert not set(ticket) - set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="
    )
    assert "alice" not in repr(ALICE)


@pytest.mark.parametrize("forged", ["", "x", "gAAAAA", "ä", "\ud800", "x" * 10_000])
def test_what_is_no_ticket_names_nobody(forged: str) -> None:
    assert Tickets(KEY, "terms", Clock()).holder(forged) is None


@pytest.mark.parametrize("added", ["\r\nX-Other: 1", "\n", " ", "é", "#", "&of=all", "<b>", "===="])
def test_a_ticket_with_anything_added_is_none(added: str) -> None:
    tickets = Tickets(KEY, "terms", Clock())
    assert tickets.holder(tickets.ticket(ALICE) + added) is None


def test_a_ticket_is_no_token_nor_the_other_way_round_nor_for_another_page() -> None:
    clock = Clock()
    tickets, sealer = Tickets(KEY, "terms", clock), Sealer(KEY.decode(), 60, clock)
    assert sealer.open(tickets.ticket(ALICE)) is None
    assert tickets.holder(sealer.seal(Login("alice", {}))) is None
    assert Tickets(KEY, "report", clock).holder(tickets.ticket(ALICE)) is None
    assert Tickets(Fernet.generate_key(), "terms", clock).holder(tickets.ticket(ALICE)) is None
