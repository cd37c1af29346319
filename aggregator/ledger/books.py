"""Is everything in order? Validators over the whole books, each returning what it found wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aggregator.ledger.accounts import hold_account, wrong_balance
from aggregator.ledger.entries import Transfer, mistakes_of


@dataclass(frozen=True)
class Line:
    """One posting as it stands in the books; `sequence` and `balance` if the account is running."""

    transfer: int
    account: str
    amount: int
    sequence: int | None = None
    balance: int | None = None


@dataclass(frozen=True)
class ChargedReport:
    """What a usage report says it was charged, under which key."""

    key: str
    charged: int


@dataclass(frozen=True)
class Books:
    """Everything that was ever booked, in order; `holds` says of each key whether it is closed."""

    transfers: Mapping[int, Transfer]
    lines: Sequence[Line]
    reports: Sequence[ChargedReport] = ()
    holds: Mapping[str, bool] = field(default_factory=dict)


def rebuilt(lines: Iterable[Line]) -> dict[str, int]:
    """Every balance, from nothing but the entries."""
    balances: dict[str, int] = defaultdict(int)
    for line in lines:
        balances[line.account] += line.amount
    return dict(balances)


def _every_transfer_is_sound(books: Books) -> list[str]:
    return [
        f"transfer {transfer.key}: {mistake}"
        for transfer in books.transfers.values()
        for mistake in mistakes_of(transfer)
    ]


def _every_line_has_a_transfer(books: Books) -> list[str]:
    return [
        f"{line.account} has a posting of transfer {line.transfer}, which does not exist"
        for line in books.lines
        if line.transfer not in books.transfers
    ]


def _keys_are_unique(books: Books) -> list[str]:
    seen: set[str] = set()
    twice = []
    for transfer in books.transfers.values():
        if transfer.key in seen:
            twice.append(f"transfer {transfer.key} is booked twice")
        seen.add(transfer.key)
    return twice


def _running_balances_agree(books: Books) -> list[str]:
    """Each running balance is the one before it and the amount, without a gap."""
    last: dict[str, tuple[int, int]] = {}
    wrong = []
    running = (line for line in books.lines if line.sequence is not None)
    for line in sorted(running, key=lambda line: (line.account, line.sequence or 0)):
        number, balance = last.get(line.account, (0, 0))
        if (line.sequence, line.balance) != (number + 1, balance + line.amount):
            wrong.append(
                f"{line.account}: posting {line.sequence} states {line.balance}, "
                f"the entries give posting {number + 1} with {balance + line.amount}"
            )
        last[line.account] = (line.sequence or 0, line.balance or 0)
    return wrong


def _balances_are_possible(books: Books) -> list[str]:
    found = (wrong_balance(name, balance) for name, balance in rebuilt(books.lines).items())
    return [mistake for mistake in found if mistake]


def _all_balances_sum_to_zero(books: Books) -> list[str]:
    total = sum(line.amount for line in books.lines)
    return [f"all balances together are {total}, not 0"] if total else []


def _every_charge_has_its_report(books: Books) -> list[str]:
    charges = {
        transfer.key: sum(p.amount for p in transfer.postings if p.amount > 0)
        for transfer in books.transfers.values()
        if transfer.event == "charge"
    }
    wrong = []
    for report in books.reports:
        booked = charges.pop(f"charge/{report.key}", 0)
        if booked != report.charged:
            wrong.append(f"report {report.key} says {report.charged}, {booked} was charged")
    return wrong + [f"{key} has no report" for key in charges]


def _closed_holds_are_empty(books: Books) -> list[str]:
    balances = rebuilt(books.lines)
    return [
        f"hold {key} is closed and still has {balances[hold_account(key)]}"
        for key, closed in books.holds.items()
        if closed and balances.get(hold_account(key))
    ]


Validator = Callable[[Books], list[str]]
VALIDATORS: tuple[Validator, ...] = (
    _every_transfer_is_sound,
    _every_line_has_a_transfer,
    _keys_are_unique,
    _running_balances_agree,
    _balances_are_possible,
    _all_balances_sum_to_zero,
    _every_charge_has_its_report,
    _closed_holds_are_empty,
)


def mistakes_in(books: Books) -> list[str]:
    """Everything that is wrong with the books, by every validator; empty if they are in order."""
    return [mistake for validate in VALIDATORS for mistake in validate(books)]
