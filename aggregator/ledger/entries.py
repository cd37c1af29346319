"""Entries: transfers between accounts, in integer millicredits, that sum to zero."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from aggregator.ledger.accounts import is_known
from aggregator.ledger.amounts import LARGEST

EVENTS = (
    "grant",
    "hold",
    "release",
    "charge",
    "repayment",
    "refund",
    "expiry",
    "settlement",
)


class BooksError(Exception):
    """A transfer that must not enter the books: a fault of this software."""

    def __init__(self, key: str, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__(f"transfer {key!r}: " + "; ".join(self.mistakes))


@dataclass(frozen=True)
class Posting:
    """A change of one account: millicredits, positive in, negative out."""

    account: str
    amount: int


@dataclass(frozen=True)
class Transfer:
    """Postings that happen together or not at all.

    `key` is unique for ever, made of the event and what it happened to, so that nothing is booked
    twice. `regards` is the key of the transfer that this one answers: a refund its charge.
    """

    key: str
    event: str
    at: int
    postings: tuple[Posting, ...]
    wallet: str | None = None
    provider: str | None = None
    job: str | None = None
    regards: str | None = None
    reason: str | None = None

    def change(self, account: str) -> int:
        """What this transfer does to an account."""
        return sum(posting.amount for posting in self.postings if posting.account == account)


def postings(changes: Mapping[str, int] | Iterable[tuple[str, int]]) -> tuple[Posting, ...]:
    """One posting per account, nothing for accounts that do not change."""
    net: Counter[str] = Counter()
    pairs = changes.items() if isinstance(changes, Mapping) else changes
    for account, amount in pairs:
        net[account] += amount
    return tuple(Posting(account, amount) for account, amount in net.items() if amount)


def _sums_to_zero(transfer: Transfer) -> list[str]:
    total = sum(posting.amount for posting in transfer.postings)
    return [f"its postings sum to {total}, not to 0"] if total else []


def _moves_something(transfer: Transfer) -> list[str]:
    return [] if len(transfer.postings) > 1 else ["it needs two postings at least"]


def _has_sound_amounts(transfer: Transfer) -> list[str]:
    return [
        f"{posting.account} cannot change by {posting.amount!r}"
        for posting in transfer.postings
        if type(posting.amount) is not int or not 0 < abs(posting.amount) <= LARGEST
    ]


def _names_accounts_once(transfer: Transfer) -> list[str]:
    named = Counter(posting.account for posting in transfer.postings)
    unknown = [f"there is no account {name}" for name in named if not is_known(name)]
    return unknown + [
        f"{name} is posted to {times} times" for name, times in named.items() if times > 1
    ]


def _is_of_a_known_event(transfer: Transfer) -> list[str]:
    mistakes = [] if transfer.event in EVENTS else [f"there is no event {transfer.event!r}"]
    if not transfer.key.startswith(f"{transfer.event}/"):
        mistakes.append(f"its key does not begin with '{transfer.event}/'")
    return mistakes


Validator = Callable[[Transfer], list[str]]
VALIDATORS: tuple[Validator, ...] = (
    _sums_to_zero,
    _moves_something,
    _has_sound_amounts,
    _names_accounts_once,
    _is_of_a_known_event,
)


def mistakes_of(transfer: Transfer) -> list[str]:
    """Everything that is wrong with a transfer, by every validator; empty if it may be booked."""
    return [mistake for validate in VALIDATORS for mistake in validate(transfer)]


def checked(transfer: Transfer) -> Transfer:
    """The transfer itself. Raises BooksError with all mistakes if it must not be booked."""
    if mistakes := mistakes_of(transfer):
        raise BooksError(transfer.key, mistakes)
    return transfer
