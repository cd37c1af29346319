"""Who used what and what it cost, month by month: for users, for providers, for operators.

A user sees their own usage (`me`), the client that reports for a provider sees that of its backend
(the provider's id), an operator sees everything (`all`); roles count only in tokens of issuers that
can be believed. A browser that follows a link has no token: such links carry a ticket, good for an
hour and for what the link shows only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aggregator.errors import PermissionsInsufficient, TokenInvalid
from aggregator.ledger.amounts import to_credits
from aggregator.ledger.pricing import ALL, ME
from aggregator.moments import month_bounds, month_of, rfc3339
from aggregator.settings import Accounting, Settings
from aggregator.storage.ledger import GRACE, Ledger
from aggregator.storage.queries import GROUPS as COLUMNS
from aggregator.storage.queries import (
    MonthStatement,
    UsageFilter,
    UsageRow,
    grants_of,
    month_statement,
    usage,
)
from aggregator.storage.reconciliation import Unreconciled, unreconciled
from aggregator.usecases.accounts import Access
from aggregator.usecases.operators import is_operator
from aggregator.usecases.tickets import Holder, Tickets

GROUPS = tuple(COLUMNS)
"""By what usage can be summed."""
USAGE, SETTLEMENT, UNRECONCILED = "usage", "settlement", "unreconciled"
TITLES = {
    USAGE: "Usage and credits",
    SETTLEMENT: "Settlement of the month",
    UNRECONCILED: "Jobs that do not agree",
}


@dataclass(frozen=True)
class Reader:
    """Who reads whose usage: `of` is `me`, the id of a provider, or `all`.

    `choices` are all that they may read; `ticket` is what let them in, if no token did.
    """

    user: str = field(repr=False)
    of: str
    choices: tuple[str, ...]
    ticket: str = field(default="", repr=False)

    @property
    def provider(self) -> str | None:
        """The provider that is looked at; None: all of them."""
        return None if self.of in (ME, ALL) else self.of


class UsageReports:
    """Usage, settlements and what does not agree; a `month` is one (`moments`), None this one."""

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        ticketing: Callable[[str], Tickets],
        trusts_issuers: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        accounting = settings.accounting or Accounting()
        self._ledger, self._clock, self._ticketing = ledger, clock, ticketing
        self._operators, self._trusts_issuers = settings.operators, trusts_issuers
        self._root = settings.public_url.rstrip("/") + "/federation"
        self._patience = int(accounting.report_patience * 1000)
        titles = {backend.id: backend.title for backend in settings.backends}
        tariffs = ledger.tariffs.by_provider
        self._providers = {
            name: titles.get(name) or tariffs[name].title or name
            for name in dict.fromkeys([*titles, *tariffs])
            if name in tariffs
        }

    def earned(self, month: str) -> dict[str, float]:
        """The credits used at each provider in a month, of all users together."""
        rows = usage(self._ledger.database, UsageFilter(month=month), ["backend"])
        return {row.keys[0]: to_credits(row.charged) for row in rows}

    # Who may read what

    def reader(self, access: Access, of: str | None) -> Reader:
        """The user who asks, with what they want to see: by default as much as they may.

        Raises PermissionsInsufficient for what is not theirs to see.
        """
        choices = self._choices(access)
        wanted = of or choices[0]
        if wanted not in choices:
            raise PermissionsInsufficient(
                f"You may not see the usage of '{wanted[:50]}', but that of: {', '.join(choices)}."
            )
        return Reader(access.user_id, wanted, choices)

    def holder(self, ticket: str, of: str | None) -> Reader:
        """Who follows a link with a ticket. Raises TokenInvalid if it is for others, or old."""
        wanted = of or ME
        found = self._ticketing(f"usage of {wanted[:100]}").holder(ticket)
        if found is None:
            raise TokenInvalid(
                "This link has expired. Ask GET /me for a new one, or open it from your client "
                "after logging in again."
            )
        return Reader(found.user_id, wanted, (wanted,), ticket)

    def links(self, access: Access) -> list[dict[str, str]]:
        """Links of a user to pages that open without a token."""
        said = {ME: "Your usage and credits", ALL: "Usage of all users"}
        return [
            {
                "rel": "related",
                "href": self.address(USAGE, self._ticketed(access, of)),
                "type": "text/html",
                "title": said.get(of) or f"Usage at {self._providers[of]}",
            }
            for of in reversed(self._choices(access))
        ]

    def address(self, page: str, reader: Reader, **query: str | None) -> str:
        """Where such a page stands for this reader."""
        wanted = {"of": reader.of, "ticket": reader.ticket, **query}
        given = {name: value for name, value in wanted.items() if value}
        return f"{self._root}/{page}?{urlencode(given)}"

    def _ticketed(self, access: Access, of: str) -> Reader:
        ticket = self._ticketing(f"usage of {of}").ticket(Holder(access.issuer, access.user_id))
        return Reader(access.user_id, of, (of,), ticket)

    def _choices(self, access: Access) -> tuple[str, ...]:
        """All that this user may see, the most first."""
        claims = access.claims
        if claims is None or not self._trusts_issuers():
            return (ME,)
        operator = is_operator(claims, self._operators)
        providers = [
            provider
            for provider in self._providers
            if operator or claims.client in self._ledger.tariffs.of(provider).reporters
        ]
        return (*([ALL] if operator else []), *providers, ME)

    # What they read

    def usage(self, reader: Reader, month: str | None, group: str) -> dict[str, Any]:
        """Usage of a month (by default this one), summed by day, backend, user or kind.

        By month it is that of all months. Raises KeyError for what is none of GROUPS.
        """
        wanted = month or month_of(self._now())
        during = None if group == "month" else wanted
        who = reader.user if reader.of == ME else None
        wanted_rows = UsageFilter(month=during, provider=reader.provider, user=who)
        rows = usage(self._ledger.database, wanted_rows, [group])
        return {
            "of": reader.of,
            "month": wanted,
            "group": group,
            "currency": "credits",
            "as_of": rfc3339(self._now()),
            "rows": [_row(group, row) for row in rows],
            "total": _total(rows),
            "quotas": self._quotas(reader, wanted) if reader.of == ME else [],
            "links": self._links(USAGE, reader, wanted, group),
        }

    def settlement(self, reader: Reader, month: str | None) -> dict[str, Any]:
        """What providers earned in a month, open or closed, and who paid it.

        Raises PermissionsInsufficient for users.
        """
        wanted = month or month_of(self._now())
        statements = [
            month_statement(self._ledger.database, provider, wanted)
            for provider in self._of_providers(reader)
        ]
        closes = month_bounds(wanted)[1] + GRACE
        return {
            "of": reader.of,
            "month": wanted,
            "currency": "credits",
            "as_of": rfc3339(self._now()),
            "may_be_closed_from": rfc3339(closes),
            "providers": [self._statement(one) for one in statements],
            "links": self._links(SETTLEMENT, reader, wanted),
        }

    def unreconciled(self, reader: Reader, month: str | None) -> dict[str, Any]:
        """Jobs of a month whose report is missing, states other costs, or names another user.

        Raises PermissionsInsufficient for users.
        """
        wanted = month or month_of(self._now())
        self._of_providers(reader)
        start, end = month_bounds(wanted)
        found = unreconciled(
            self._ledger.database,
            start,
            end,
            provider=reader.provider,
            seen_before=self._now() - self._patience,
        )
        return {
            "of": reader.of,
            "month": wanted,
            "currency": "credits",
            "as_of": rfc3339(self._now()),
            "jobs": [_job(one) for one in found],
            "links": self._links(UNRECONCILED, reader, wanted),
        }

    def title_of(self, of: str) -> str:
        """How what is looked at is called."""
        return {ME: "you", ALL: "all users"}.get(of) or self._providers.get(of, of)

    def _of_providers(self, reader: Reader) -> Sequence[str]:
        if reader.of == ME:
            raise PermissionsInsufficient("Only providers and operators see this.")
        return [reader.provider] if reader.provider else list(self._providers)

    def _statement(self, one: MonthStatement) -> dict[str, Any]:
        return {
            "provider": one.provider,
            "title": self._providers.get(one.provider, one.provider),
            "charged": to_credits(one.charged),
            "refunded": to_credits(one.refunded),
            "earned": to_credits(one.earned),
            "settled": None if one.settled is None else to_credits(one.settled),
            "paid_by": {kind: to_credits(sum_) for kind, sum_ in one.by_kind.items()},
        }

    def _quotas(self, reader: Reader, month: str) -> list[dict[str, Any]]:
        """What the user got for free in that month at each provider, and has used of it."""
        start, end = month_bounds(month)
        wallet = self._ledger.member(reader.user).own_wallet
        given = dict.fromkeys(self._providers, (0, 0))
        for one in grants_of(self._ledger.database, wallet, min(self._now(), end - 1)):
            grant = one.grant
            if grant.kind == "free" and grant.provider in given and start <= grant.created < end:
                amount, left = given[grant.provider]
                given[grant.provider] = (amount + grant.amount, left + one.left)
        return [
            {
                "provider": provider,
                "title": self._providers.get(provider, provider),
                "free": to_credits(amount),
                "left": to_credits(left),
                "used": to_credits(amount - left),
                "renewal": rfc3339(end),
            }
            for provider, (amount, left) in given.items()
            if amount
        ]

    def _links(
        self, page: str, reader: Reader, month: str, group: str | None = None
    ) -> list[dict[str, str]]:
        here = {"month": month, "group": group}
        start, end = month_bounds(month)
        links = [
            {"rel": "self", "href": self.address(page, reader, **here, f="json")},
            {"rel": "alternate", "type": "text/html", "href": self.address(page, reader, **here)},
        ]
        if start > 0:
            before = self.address(page, reader, month=month_of(start - 1), group=group)
            links.append({"rel": "prev", "href": before})
        if end <= self._now():
            then = self.address(page, reader, month=month_of(end), group=group)
            links.append({"rel": "next", "href": then})
        csv = self.address(page, reader, **here, f="csv")
        return [*links, {"rel": "alternate", "type": "text/csv", "href": csv}]

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _row(group: str, row: UsageRow) -> dict[str, Any]:
    return {
        group: row.keys[0],
        "reports": row.reports,
        "jobs": row.jobs,
        "credits": to_credits(row.charged),
        "uncovered": to_credits(row.uncovered),
    }


def _total(rows: Sequence[UsageRow]) -> dict[str, Any]:
    return {
        "reports": sum(row.reports for row in rows),
        "credits": to_credits(sum(row.charged for row in rows)),
        "uncovered": to_credits(sum(row.uncovered for row in rows)),
    }


def _job(one: Unreconciled) -> Mapping[str, Any]:
    def shown(amount: int | None) -> float | None:
        return None if amount is None else to_credits(amount)

    return {
        "why": one.why,
        "provider": one.provider,
        "job": one.job,
        "user": one.user,
        "status": one.status,
        "at": rfc3339(one.at),
        "stated": shown(one.stated),
        "charged": shown(one.charged),
        "put_aside": shown(one.held),
        "named": one.named,
        "report": one.report,
    }
