"""Members report usage: who may, for which provider, and what it costs.

The interface is that of the federation's accounting service, as the members' clients use it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aggregator.errors import PermissionsInsufficient
from aggregator.ledger.amounts import to_credits
from aggregator.ledger.checks import Standing
from aggregator.ledger.reports import UsageReport, read_added_value, read_resources
from aggregator.moments import rfc3339
from aggregator.storage.ledger import Ledger
from aggregator.storage.members import Member
from aggregator.storage.queries import admitted_at
from aggregator.usecases.wallets import Wallets


@dataclass(frozen=True)
class Caller:
    """Whose verified token a request carries: its user (claim `sub`) and the client it is for.

    A service account that got its token with its own credentials is told by its client.
    `subscriptions` are those that the token names, None where it cannot name any.
    """

    user: str
    client: str = ""
    subscriptions: tuple[str, ...] | None = None


CallerOf = Callable[[str | None], Caller]
"""Verifies a header Authorization; raises AuthenticationRequired or TokenInvalid."""


class Reporting:
    """Takes usage reports; what is answered is on disk."""

    def __init__(
        self, ledger: Ledger, wallets: Wallets, caller_of: CallerOf, clock: Callable[[], float]
    ) -> None:
        self._ledger, self._wallets = ledger, wallets
        self._caller_of, self._clock = caller_of, clock

    def caller(self, authorization: str | None) -> Caller:
        """Who sends this header. Raises AuthenticationRequired, TokenInvalid."""
        return self._caller_of(authorization)

    def reporter(self, authorization: str | None) -> Caller:
        """The same, if they may report usage at all. Raises PermissionsInsufficient if not."""
        caller = self.caller(authorization)
        if not self._sources(caller):
            raise PermissionsInsufficient(
                "You may not report usage: your client is not among the 'reporters' of a provider."
            )
        return caller

    def validated(self, reporter: Caller) -> dict[str, Any]:
        """The values of `sourceId` that a reporter may report for."""
        return {"sources": list(self._sources(reporter))}

    def permissions(self, caller: Caller, user: str | None = None) -> dict[str, Any]:
        """May the caller execute (`execution`), and what have they left at each provider?

        They may where what is left covers the cheapest work, as the federation would say to new
        work; and where credits are put aside for work of theirs, which it has let through. Who was
        never seen has free credits to come, and may unless they owe.

        A reporter may ask for a `user`, and is told about its own providers only. Raises
        PermissionsInsufficient if anybody else asks for another user.
        """
        tariffs = self._ledger.tariffs
        providers = tuple(tariffs.by_provider)
        own = tuple(p for p in providers if caller.client in tariffs.of(p).reporters)
        if user is not None and user != caller.user:
            if not own:
                raise PermissionsInsufficient("You may ask for your own permissions only.")
            providers = own
        member = self._welcomed(caller, user or caller.user)
        now = self._now()
        admitted = admitted_at(self._ledger.database, member.user, now)
        found = [
            _standing(
                one,
                execution=one.provider in admitted
                or one.covers(tariffs.of(one.provider).least() if member.known else 0),
            )
            for one in self._ledger.standings(member, providers, now)
        ]
        return {
            "execution": any(one["execution"] for one in found),
            "reporting": bool(own),
            "providers": found,
        }

    def _welcomed(self, caller: Caller, user: str) -> Member:
        """The user, with the free credits that are due by now.

        Of others it counts what they subscribed to when they were here themselves.
        """
        if user == caller.user:
            self._wallets.welcome(user, caller.subscriptions)
        elif (known := self._ledger.member(user).subscriptions) is not None:
            self._wallets.welcome(user, known)
        return self._ledger.member(user)

    def resources(self, reporter: Caller, document: Any) -> list[dict[str, Any]]:
        """The costs of resources that an execution used (`POST /resources`).

        Raises UsageReportInvalid, PermissionsInsufficient for another provider's source, and
        UsageReportConflict for a changed report under an old key.
        """
        return self._record(reporter, read_resources(document))

    def added_value(self, reporter: Caller, document: Any) -> list[dict[str, Any]]:
        """The costs of a priced service, by area (`POST /addedvalue`); raises the same."""
        return self._record(reporter, read_added_value(document))

    def _record(self, reporter: Caller, report: UsageReport) -> list[dict[str, Any]]:
        return self._ledger.report(report, reporter.client, self._now()).as_json()

    def _sources(self, caller: Caller) -> tuple[str, ...]:
        return self._ledger.tariffs.reports_for(caller.client)

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _standing(standing: Standing, *, execution: bool) -> dict[str, Any]:
    return {
        "provider": standing.provider,
        "execution": execution,
        "available": to_credits(standing.available),
        "renewal": None if standing.renewal is None else rfc3339(standing.renewal),
    }
