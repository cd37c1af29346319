"""A page: one unit of work in the books.

Within one transaction: read what is needed of some wallets, book transfers against it in memory,
write everything at once. Many events cost few statements that way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, insert, or_, select

from aggregator.ledger.accounts import (
    keeps_running_balance,
    overdraft_account,
    wrong_balance,
)
from aggregator.ledger.entries import BooksError, Transfer, checked
from aggregator.ledger.events import Hold, granted, held, released, repaid
from aggregator.ledger.grants import Grant
from aggregator.ledger.purses import Lot, Purse
from aggregator.ledger.renewal import FreeTier, renewals_due
from aggregator.storage.balances import with_balance
from aggregator.storage.database import Database
from aggregator.storage.rows import Values, grant_of, grant_values, hold_values
from aggregator.storage.schema import (
    closing,
    credit_grant,
    debtor,
    hold,
    hold_job,
    misnaming,
    posting,
    subscriber,
    transfer,
    usage_report,
)

_GRANTS = with_balance(credit_grant)
_LIVE_GRANTS = _GRANTS.where(
    credit_grant.c.wallet.in_(bindparam("wallets", expanding=True)),
    or_(credit_grant.c.expires.is_(None), credit_grant.c.expires > bindparam("now")),
)
_NAMED_GRANTS = _GRANTS.where(credit_grant.c.account.in_(bindparam("accounts", expanding=True)))
_DEBTORS = with_balance(debtor).where(debtor.c.wallet.in_(bindparam("wallets", expanding=True)))
_HOLDS = (
    select(posting)
    .where(posting.c.account.in_(bindparam("accounts", expanding=True)))
    .order_by(posting.c.sequence)
)
_LOTS = (
    select(transfer.c.key, posting.c.account, posting.c.amount)
    .join(posting, posting.c.transfer == transfer.c.id)
    .where(transfer.c.key.in_(bindparam("keys", expanding=True)), posting.c.amount < 0)
)

# Rows that others refer to come first; a transfer comes after its postings, which it seals.
_WRITTEN: tuple[Table, ...] = (
    subscriber,
    credit_grant,
    hold,
    hold_job,
    closing,
    debtor,
    posting,
    transfer,
    usage_report,
    misnaming,
)


class Page:
    """What is known and what is to be written, in one transaction at one moment."""

    def __init__(self, database: Database, connection: Connection, now: int) -> None:
        self.database = database
        self.connection = connection
        self.now = now
        self._heads: dict[str, tuple[int, int]] = {}
        self._grants: dict[str, dict[str, Grant]] = {}
        self._by_account: dict[str, Grant] = {}
        self._debts: dict[str, set[str]] = {}
        self._lots: dict[str, list[Lot]] = {}
        self._transfers: list[Transfer] = []
        self._rows: dict[str, list[Values]] = {table.name: [] for table in _WRITTEN}

    # Reading

    def load(self, wallets: Collection[str]) -> None:
        """Reads the grants (that have not expired) and debts of wallets."""
        asked = {"wallets": sorted(wallets), "now": self.now}
        for wallet in wallets:
            self._grants.setdefault(wallet, {})
            self._debts.setdefault(wallet, set())
        for row in self.connection.execute(_LIVE_GRANTS, asked):
            self._know(row)
        for row in self.connection.execute(_DEBTORS, asked):
            self._heads[row.account] = (row.sequence, row.balance)
            self._debts[row.wallet].add(row.provider)

    def load_holds(self, holds: Collection[Hold]) -> None:
        """Reads what open holds have put aside, and from which grants it came."""
        if not holds:
            return
        accounts = [one.account for one in holds]
        for row in self.connection.execute(_HOLDS, {"accounts": accounts}):
            self._heads[row.account] = (row.sequence, row.balance)
        keys = {f"hold/{one.key}": one.key for one in holds}
        parts = list(self.connection.execute(_LOTS, {"keys": list(keys)}))
        self.load_grants({part.account for part in parts})
        for part in parts:
            lot = Lot(self._by_account[part.account], -part.amount)
            self._lots.setdefault(keys[part.key], []).append(lot)

    def load_grants(self, accounts: Collection[str]) -> None:
        """Reads grants by their accounts, also those that have expired."""
        missing = sorted(account for account in accounts if account not in self._by_account)
        if missing:
            for row in self.connection.execute(_NAMED_GRANTS, {"accounts": missing}):
                self._know(row)

    def _know(self, row: Row[Any]) -> None:
        self._heads[row.account] = (row.sequence, row.balance)
        self._add(grant_of(row))

    def _add(self, grant: Grant) -> None:
        self._grants.setdefault(grant.wallet, {})[grant.key] = grant
        self._by_account[grant.account] = grant

    # What is known

    def purse(self, wallet: str) -> Purse:
        """The wallet as it is now, with all that was booked on this page."""
        lots = tuple(
            Lot(grant, self.balance(grant.account)) for grant in self._grants[wallet].values()
        )
        owed = {
            provider: -self.balance(overdraft_account(wallet, provider))
            for provider in self._debts[wallet]
        }
        return Purse(wallet, lots, {provider: debt for provider, debt in owed.items() if debt})

    def balance(self, account: str) -> int:
        """The balance of an account that was loaded."""
        return self._heads.get(account, (0, 0))[1]

    def postings_so_far(self, account: str) -> int:
        """How many postings a loaded account has."""
        return self._heads.get(account, (0, 0))[0]

    def grants_by_account(self) -> dict[str, Grant]:
        """Every grant that was loaded."""
        return dict(self._by_account)

    # Booking

    def book(self, entry: Transfer | None) -> None:
        """Books a transfer, if there is one. Raises BooksError if the books would be wrong."""
        if entry is None:
            return
        checked(entry)
        rows = self._rows[posting.name]
        for part in entry.postings:
            row: Values = {"account": part.account, "amount": part.amount}
            row |= {"transfer": len(self._transfers), "sequence": None, "balance": None}
            if keeps_running_balance(part.account):
                row |= self._advance(entry, part.account, part.amount)
            rows.append(row)
        self._transfers.append(entry)

    def _advance(self, entry: Transfer, account: str, amount: int) -> Values:
        number, before = self._heads.get(account, (0, 0))
        balance = before + amount
        if mistake := wrong_balance(account, balance):
            raise BooksError(entry.key, [mistake])
        self._heads[account] = (number + 1, balance)
        if account.startswith("overdraft:") and not number:
            self._first_debt(account)
        return {"sequence": number + 1, "balance": balance}

    def _first_debt(self, account: str) -> None:
        wallet, _, provider = account.removeprefix("overdraft:").rpartition(":")
        self._debts.setdefault(wallet, set()).add(provider)
        self.add(debtor, {"account": account, "wallet": wallet, "provider": provider})

    def add(self, table: Table, values: Values) -> None:
        """A row to be written with the rest."""
        self._rows[table.name].append(values)

    def issue(self, grant: Grant) -> None:
        """Gives a grant to a loaded wallet; debts are paid from it at once."""
        self.open_grant(grant)
        entry = granted(grant)
        self.book(entry)
        self.book(repaid(self.purse(grant.wallet), cause=entry.key, at=self.now))

    def open_grant(self, grant: Grant) -> None:
        """Makes a grant known without booking anything into it."""
        self._add(grant)
        self.add(credit_grant, grant_values(grant))

    def renew(
        self, wallet: str, subscriptions: Collection[str], tiers: Iterable[FreeTier]
    ) -> list[Grant]:
        """Gives a loaded wallet the free credits that are due."""
        known = self._grants[wallet].values()
        due = renewals_due(wallet, subscriptions, tiers, list(known), self.now)
        for grant in due:
            self.issue(grant)
        return due

    def put_aside(self, wanted: Hold) -> None:
        """Opens a hold on a loaded wallet. Raises PaymentRequired if it has too little."""
        entry = held(self.purse(wanted.wallet), wanted)
        self.add(hold, hold_values(wanted))
        self.book(entry)

    def give_back(self, open_hold: Hold, reason: str) -> Sequence[Lot]:
        """Closes a loaded hold and returns what it had, by grant."""
        lots = self._lots[open_hold.key]
        self.add(closing, {"hold": open_hold.key, "at": self.now, "reason": reason})
        self.book(released(open_hold, lots, self.now, reason))
        return lots

    def pay_debts(self, wallet: str, cause: str) -> None:
        """Pays what a wallet owes, after `cause` may have left something to pay with."""
        self.book(repaid(self.purse(wallet), cause=cause, at=self.now))

    # Writing

    def write(self) -> None:
        """Writes all that was booked and added; the transaction's commit makes it last."""
        if self._transfers:
            count = len(self._transfers)
            numbers = self.database.next_numbers(self.connection, count)
            for row in self._rows[posting.name]:
                row["transfer"] = numbers[row["transfer"]]
            self._rows[transfer.name] = [
                _transfer_values(number, entry)
                for number, entry in zip(numbers, self._transfers, strict=True)
            ]
        for table in _WRITTEN:
            if rows := self._rows[table.name]:
                self.connection.execute(_INSERTS[table.name], rows)


_INSERTS = {table.name: insert(table) for table in _WRITTEN}


def _transfer_values(number: int, entry: Transfer) -> Values:
    return {
        "id": number,
        "key": entry.key,
        "event": entry.event,
        "at": entry.at,
        "wallet": entry.wallet,
        "provider": entry.provider,
        "job": entry.job,
        "regards": entry.regards,
        "reason": entry.reason,
    }
