"""Batch jobs and web services in the ledger: starting them, and what they have cost.

The federation keeps no jobs. Whenever users look at theirs it sees how they are, which is how it
learns that one has ended although no usage report came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from aggregator.documents import JsonObject, mapping, text
from aggregator.errors import DatabaseUnavailable, PaymentRequired
from aggregator.ledger.amounts import to_credits
from aggregator.ledger.events import Hold
from aggregator.ledger.orders import amount_to_hold, cost_nothing, read_estimate, read_order
from aggregator.settings import Settings
from aggregator.storage.holding import Opened
from aggregator.storage.holds import ENDED
from aggregator.storage.ledger import Ledger
from aggregator.storage.queries import costs_by_job, metrics_of_job
from aggregator.storage.reconciliation import Sighting, note, runs_again
from aggregator.usecases.accounts import Access
from aggregator.usecases.credits import BATCH, Credits, tolerated
from aggregator.usecases.past_jobs import PastJobs

FEDERATION = "federation"


class JobAccounts:
    """What is put aside for jobs and services that have an id, and what was charged for them."""

    def __init__(
        self, ledger: Ledger, credits_: Credits, past: PastJobs, settings: Settings
    ) -> None:
        self._ledger, self._credits, self._past = ledger, credits_, past
        # An earlier request to start a job may be under way for so long.
        self._starting = int(settings.upstream.request_deadline * 1000)

    def accounts_for(self, provider: str) -> bool:
        """Whether work at this backend is paid for here."""
        return self._credits.accounts_for(provider)

    def now(self) -> int:
        """This moment, in milliseconds since 1970."""
        return self._credits.now()

    def begin(
        self,
        access: Access,
        provider: str,
        document: JsonObject,
        *,
        activity: str,
        asked: int,
        estimate: JsonObject | None = None,
    ) -> Opened | None:
        """Puts credits aside for a job or service that is about to start.

        A token if it may cost nothing, or None where not even that is left, or nobody reports.

        `document` are its metadata at its backend, as they were when `asked`; `estimate` what the
        backend expects of it. A job that somebody else has just started has its hold already.
        Raises PaymentRequired if credits or its own budget do not cover what it is expected to
        cost, BudgetInvalid for a budget that can pay for nothing.
        """
        order = read_order(document, activity)
        tariff = self._ledger.tariffs.of(provider)
        expected = amount_to_hold(order, tariff, read_estimate(estimate or {}))
        payer, job = self._credits.payer(access, order), text(document, "id")
        if not expected:
            self._credits.check_debt(payer, provider)
        amount = expected or self._credits.token(order, provider)
        if not amount:
            return None
        key = f"{activity}/{provider}/{job}"
        wanted = self._credits.hold(
            payer, order, provider=provider, amount=amount, key=key, job=job
        )
        ended = text(document, "status") in ENDED

        def still_runs(made: Hold) -> bool:
            return made.expires > wanted.opened and (
                not ended or made.opened > asked - self._starting
            )

        try:
            return self._ledger.holds.open_for_job(wanted, still_runs)
        except PaymentRequired:
            if expected:
                raise
            return None

    def started(self, access: Access, provider: str, job: str) -> None:
        """Notes that a job runs again, and puts aside again what was given back meanwhile.

        Who cancels it at the same time may have been told that it cost nothing, just before.
        """
        database, holds, now = self._ledger.database, self._ledger.holds, self.now()
        with tolerated("a job may run with nothing put aside"), suppress(PaymentRequired):
            if not runs_again(database, provider, job, access.user_id, now):
                return
            if lost := holds.spared_of_job(provider, job, access.user_id):
                key, expires = lost.key.rpartition("/")[0], now + lost.expires - lost.opened
                again = replace(lost, key=key, opened=now, expires=expires)
                holds.open_for_job(again, lambda _: True)

    def call_off(self, opened: Opened) -> None:
        """Gives back what was put aside for what has not started."""
        with tolerated("a hold is given back when its time is over"):
            self._ledger.release(opened.hold.key, self.now())

    def see(
        self, access: Access, provider: str, documents: Sequence[JsonObject], asked: int
    ) -> None:
        """Notes how jobs are, as their backend has just told their owner.

        The costs that a backend states before it has reported are its guess, and not noted.
        """
        ended = {text(d, "id"): d for d in documents if text(d, "status") in ENDED}
        ended.pop("", None)
        if not ended:
            return
        with tolerated("it is not noted that jobs have ended"):
            jobs = [(provider, job) for job in ended]
            known = costs_by_job(self._ledger.database, jobs, access.user_id)
            seen = [
                Sighting(
                    provider=provider,
                    job=job,
                    user=access.user_id,
                    status=text(document, "status"),
                    costs=read_estimate(document) if (provider, job) in known else None,
                    at=asked,
                )
                for job, document in ended.items()
            ]
            note(self._ledger.database, seen)

    def ended(self, access: Access, provider: str, job: str, status: str) -> None:
        """Notes that a job was canceled or deleted, if it was started here."""
        with tolerated("it is not noted that jobs have ended"):
            if self._ledger.holds.is_known(provider, job):
                self.see(access, provider, [{"id": job, "status": status}], self.now())

    def waits_for_usage(self, access: Access, provider: str, job: str, asked: int) -> list[Hold]:
        """What was put aside for a job of the user's before it was canceled, as was `asked`."""
        holds = self._ledger.holds
        try:
            return holds.open_of_job(provider, job, access.user_id, asked)
        except DatabaseUnavailable:
            return []  # they are given back when their time is over

    def spared(self, holds: Sequence[Hold], document: JsonObject) -> bool:
        """Gives back what was put aside for a canceled job, if its backend says it cost nothing.

        Should usage be reported later it is charged as ever: to who started the job, from the same
        wallet, and within its budget. False if somebody has started it again since it was canceled.
        """
        given_back: list[bool] = []
        if cost_nothing(document):
            with tolerated("a hold is given back when its time is over"):
                given_back = [self._ledger.holds.spare(hold, self.now()) for hold in holds]
        return all(given_back)

    def costed(
        self, access: Access, provider: str, documents: Sequence[JsonObject]
    ) -> list[JsonObject]:
        """A user's jobs with the costs that they were charged, less refunds, where reported."""
        jobs = [(provider, text(document, "id")) for document in documents]
        costs: Mapping[tuple[str, str], int] = {}
        with tolerated("the costs of jobs are those that their backends state"):
            costs = costs_by_job(self._ledger.database, jobs, access.user_id)
        return [
            {**document, "costs": to_credits(costs[job])} if job in costs else document
            for job, document in zip(jobs, documents, strict=True)
        ]

    def in_full(self, access: Access, provider: str, document: JsonObject) -> JsonObject:
        """A job with its costs and usage, as far as they were reported."""
        (costed,) = self.costed(access, provider, [document])
        if costed is document:
            return document
        metrics: Mapping[str, Any] = {}
        with tolerated("the usage of a job is what its backend states"):
            job = text(document, "id")
            metrics = metrics_of_job(self._ledger.database, provider, job, access.user_id)
        return {**costed, "usage": {**mapping(document, "usage"), **_usage(metrics)}}

    def estimate(
        self, provider: str, job: JsonObject, stated: JsonObject | None
    ) -> dict[str, Any] | None:
        """A job's estimate, where the backend states nothing by the provider's rates and past jobs.

        `federation:estimated-by` says whose the costs are. None if there is nothing to tell.
        """
        found = self._past.timed(provider, stated or {})
        if read_estimate(found) is not None:
            return found | {"federation:estimated-by": provider}
        expected = self._ledger.tariffs.of(provider).estimate(BATCH)
        if not expected:
            return found or None
        budget = read_order(job, BATCH).budget
        said = found | {"costs": to_credits(expected), "federation:estimated-by": FEDERATION}
        return said | ({} if budget is None else {"federation:budget": to_credits(budget)})


def _usage(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Reported metrics as the openEO API names them; fees are costs, not usage."""
    shown = {name: metric for name, metric in metrics.items() if text(metric, "unit") != "credits"}
    time = shown.pop("time", None)
    if time is not None:
        shown["duration"] = {"value": time["value"] / 1000, "unit": "seconds"}
    return shown
