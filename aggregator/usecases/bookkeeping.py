"""All that a federation has which counts usage; one without the section `accounting` has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from aggregator.settings import Settings
from aggregator.storage.database import Database
from aggregator.storage.ledger import Ledger
from aggregator.storage.tariffs import load_tariffs
from aggregator.usecases.balances import Balances
from aggregator.usecases.credits import Credits
from aggregator.usecases.housekeeping import Housekeeping
from aggregator.usecases.job_accounts import JobAccounts
from aggregator.usecases.past_jobs import PastJobs
from aggregator.usecases.pricing import Pricing
from aggregator.usecases.reporting import CallerOf, Reporting
from aggregator.usecases.tickets import Tickets
from aggregator.usecases.tokens import sealing_key
from aggregator.usecases.usage import UsageReports
from aggregator.usecases.wallets import Wallets


@dataclass(frozen=True)
class Bookkeeping:
    """The ledger and what is done with it."""

    ledger: Ledger
    wallets: Wallets
    credits: Credits
    jobs: JobAccounts
    past_jobs: PastJobs
    housekeeping: Housekeeping
    usage: UsageReports
    balances: Balances
    reporting: Reporting
    pricing: Pricing


def keep_books(
    settings: Settings,
    database: Database,
    caller_of: CallerOf,
    trusts_issuers: Callable[[], bool],
    clock: Callable[[], float],
) -> Bookkeeping | None:
    """The bookkeeping that the settings ask for, None if they ask for none.

    `caller_of` says whose token a header carries, `trusts_issuers` whether roles in it count.
    Raises TariffError with every mistake in the providers' rates.
    """
    if settings.accounting is None:
        return None
    ledger = Ledger(database, load_tariffs(settings.accounting.pricing))
    wallets = Wallets(ledger, settings.accounting, clock)
    credits_ = Credits(ledger, wallets, settings, clock)
    past_jobs = PastJobs(database, credits_.now)
    key = sealing_key(settings.sealing_key, settings.data_directory)
    usage = UsageReports(
        ledger, settings, partial(Tickets, key, clock=clock), trusts_issuers, clock
    )
    return Bookkeeping(
        ledger,
        wallets,
        credits_,
        JobAccounts(ledger, credits_, past_jobs, settings),
        past_jobs,
        Housekeeping(ledger, settings.accounting, clock),
        usage,
        Balances(ledger, credits_, usage),
        Reporting(ledger, wallets, caller_of, clock),
        Pricing(settings, ledger.tariffs),
    )
