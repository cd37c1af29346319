"""Composition: the use cases of a federation, put together from its settings."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from aggregator.federated.states import Limits as JobLimits
from aggregator.merging.capabilities import Endpoint
from aggregator.settings import Settings
from aggregator.storage.consents import Consents
from aggregator.storage.database import Database
from aggregator.storage.federated_jobs import FederatedJobs
from aggregator.storage.federated_results import FederatedResults
from aggregator.storage.lease import Lease
from aggregator.storage.processes import StoredProcesses
from aggregator.upstream.client import Client, Limits, Transport
from aggregator.upstream.fleet import Fleet
from aggregator.upstream.issuers import Issuers
from aggregator.upstream.outside import Allowed, Outside
from aggregator.upstream.snapshots import Snapshots
from aggregator.usecases.accounts import Accounts, name_of
from aggregator.usecases.admission import Admission
from aggregator.usecases.agreements import Agreements
from aggregator.usecases.availability import Availability
from aggregator.usecases.boards import Boards
from aggregator.usecases.bookkeeping import Bookkeeping, keep_books
from aggregator.usecases.callers import trust_in_issuers, verified_callers
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.credits import BATCH, SERVICE, SYNCHRONOUS, Credits
from aggregator.usecases.definitions import Definitions
from aggregator.usecases.estimates import Estimates
from aggregator.usecases.federated.desk import JobDesk
from aggregator.usecases.federated.driver import Driver, limits_of
from aggregator.usecases.federated.errands import Errands
from aggregator.usecases.federated.estimating import Estimating
from aggregator.usecases.federated.joining import Joining
from aggregator.usecases.federated.keyring import Keyring
from aggregator.usecases.federated.lifecycle import Lifecycle
from aggregator.usecases.federated.members import Members
from aggregator.usecases.federated.money import Money
from aggregator.usecases.federated.planning import Planning
from aggregator.usecases.federated.references import References
from aggregator.usecases.federated.sharing import Sharing
from aggregator.usecases.federated.tools import Tools
from aggregator.usecases.federated.waiting import Waiting
from aggregator.usecases.federation import Federation
from aggregator.usecases.files import Files
from aggregator.usecases.gathering import Gathering
from aggregator.usecases.identities import Identities
from aggregator.usecases.items import Items
from aggregator.usecases.jobs import Jobs
from aggregator.usecases.operators import operators_of
from aggregator.usecases.policies import Policies
from aggregator.usecases.processing import Processing
from aggregator.usecases.profiles import Profiles
from aggregator.usecases.rounds import Threads
from aggregator.usecases.searches import Searches
from aggregator.usecases.services import Services
from aggregator.usecases.splitting import Splitting
from aggregator.usecases.tickets import Tickets
from aggregator.usecases.tiling import Tilings
from aggregator.usecases.tokens import Sealer, sealing_key
from aggregator.usecases.user_processes import UserProcesses
from aggregator.usecases.validation import Validation
from aggregator.usecases.views import everywhere, whole
from aggregator.usecases.watching import program_name, record_of, watch_of
from aggregator.usecases.workspaces import Workspaces

Clock = Callable[[], float]


@dataclass(frozen=True)
class _Ground:
    """What all use cases stand on."""

    settings: Settings
    clock: Clock
    connect: Callable[[str, str], Client]
    key: str
    database: Database
    fleet: Fleet
    snapshots: Snapshots
    issuers: Issuers
    catalogue: Catalogue
    accounts: Accounts


def compose(
    settings: Settings,
    routes: Sequence[Endpoint],
    *,
    transport: Transport | None = None,
    clock: Clock = time.time,
) -> Federation:
    """The use cases of a federation; nothing runs, and no backend is asked, before `start`."""
    ground = _ground(settings, routes, transport, clock)
    fleet, catalogue, accounts = ground.fleet, ground.catalogue, ground.accounts
    agreements = _agreements(ground)
    admission = Admission(settings.identity, agreements)
    books = _books(ground)
    credits_, job_accounts = (books.credits, books.jobs) if books else (None, None)
    stored = StoredProcesses(ground.database)
    definitions = _definitions(ground, stored)
    policies = _policies(ground, credits_)
    runs = _processing(ground, definitions, policies, credits_)
    jobs = Jobs(settings, fleet, catalogue, runs, job_accounts)
    splitting = Splitting(runs, policies, settings.splitting.exchange_bytes or None)
    planning = _planning(settings, splitting, credits_, runs, policies)
    desk, waiting, driver = _federated(
        ground, jobs, runs, planning, policies, admission=admission, books=books
    )
    user_processes = _user_processes(ground, stored, definitions, runs)
    availability = _availability(ground)
    items = Items(settings, fleet, catalogue)
    return Federation(
        settings=settings,
        database=ground.database,
        fleet=fleet,
        snapshots=ground.snapshots,
        issuers=ground.issuers,
        catalogue=catalogue,
        accounts=accounts,
        agreements=agreements,
        admission=admission,
        profiles=Profiles(accounts, admission, agreements, [books.balances.of] if books else []),
        policies=policies,
        processing=runs,
        splitting=splitting,
        jobs=desk,
        waiting=waiting,
        background=Threads(driver, policies.gathering),
        services=Services(settings, fleet, catalogue, runs, job_accounts, planning=planning),
        estimates=Estimates(runs, desk, user_processes, catalogue, credits_),
        files=Files(settings, fleet, catalogue),
        workspaces=Workspaces(settings, fleet, catalogue, runs),
        items=items,
        searches=Searches(settings, fleet, catalogue, items),
        availability=availability,
        boards=Boards(availability, books.usage.earned if books else None),
        operators=operators_of(settings, accounts, catalogue),
        user_processes=user_processes,
        bookkeeping=books,
    )


def _ground(
    settings: Settings, routes: Sequence[Endpoint], transport: Transport | None, clock: Clock
) -> _Ground:
    times, directory = settings.upstream, settings.data_directory
    limits = Limits(times.connect_timeout, times.read_timeout)
    connect = partial(Client, transport=transport, limits=limits, proxy=times.proxy)
    fleet = Fleet(
        [connect(b.id, b.url) for b in settings.backends],
        failures_before_offline=times.failures_before_offline,
        connections=times.connections,
        answer_limit=times.max_answer_bytes,
    )
    snapshots = Snapshots(
        settings.backends, fleet, times, directory=directory / "metadata", clock=clock
    )
    key = sealing_key(settings.sealing_key, directory)
    catalogue = Catalogue(settings, snapshots, routes)
    issuers = Issuers(connect, settings.identity, directory=directory / "issuers", clock=clock)
    accounts = Accounts(
        settings,
        fleet,
        catalogue,
        Sealer(key, settings.token_lifetime, clock),
        Identities(issuers, settings.identity, clock),
    )
    database = Database(settings.database_url)
    return _Ground(
        settings,
        clock,
        connect,
        key,
        database,
        fleet,
        snapshots,
        issuers,
        catalogue,
        accounts,
    )


def _agreements(ground: _Ground) -> Agreements:
    """The federation's terms, and who has agreed."""
    tickets = Tickets(ground.key, "terms", ground.clock)
    return Agreements(ground.settings, Consents(ground.database), tickets, ground.clock)


def _books(ground: _Ground) -> Bookkeeping | None:
    """What counts usage, if it is to be counted."""
    settings, catalogue = ground.settings, ground.catalogue
    return keep_books(
        settings,
        ground.database,
        verified_callers(settings, ground.accounts, catalogue),
        trust_in_issuers(settings, catalogue),
        ground.clock,
    )


def _definitions(ground: _Ground, stored: StoredProcesses) -> Definitions:
    """Users' processes, here and at addresses that the operator allows."""
    remote = ground.settings.remote_processes
    outside = Outside(Allowed(remote.hosts, remote.private), deadline=remote.deadline)
    return Definitions(stored, outside, ground.catalogue, whole(ground.settings.public_url))


def _policies(ground: _Ground, credits_: Credits | None) -> Policies:
    """By which policies requests are routed, and who gathers what these know."""
    settings = ground.settings
    costs = {a: credits_.rates(a) for a in (SYNCHRONOUS, BATCH, SERVICE)} if credits_ else {}
    # Where nothing is put aside for a job nobody knows that it runs.
    counted = frozenset(b for b in settings.order if costs.get(BATCH, {}).get(b))
    gathering = Gathering(settings, ground.database, counted, ground.clock)
    return Policies(settings, ground.fleet, gathering, costs)


def _processing(
    ground: _Ground, definitions: Definitions, policies: Policies, credits_: Credits | None
) -> Processing:
    """What routes requests, and runs processes while their users wait."""
    return Processing(
        ground.settings,
        ground.fleet,
        ground.catalogue,
        definitions,
        policies,
        credits_=credits_,
        references=_references(ground),
    )


def _availability(ground: _Ground) -> Availability:
    """The record of availability, and the monitor if it runs inside."""
    settings = ground.settings
    watch = (
        watch_of(settings, ground.database, ground.connect, clock=ground.clock)
        if settings.availability.runs_inside
        else None
    )
    return Availability(
        settings,
        record_of(settings, ground.database),
        ground.snapshots,
        watch=watch,
        clock=ground.clock,
    )


def _limits(settings: Settings) -> JobLimits:
    return limits_of(settings.splitting, settings.upstream.request_deadline)


def _references(ground: _Ground) -> References:
    """Results of federated jobs that other processes load."""
    jobs = FederatedJobs(ground.database, _limits(ground.settings))
    return References(jobs, everywhere(ground.settings.public_url, ground.settings.order))


def _planning(
    settings: Settings,
    splitting: Splitting,
    credits_: Credits | None,
    runs: Processing,
    policies: Policies,
) -> Planning:
    """What finds plans for requests that take several backends, as far as that is wanted."""
    most = settings.splitting.most_tiles
    tilings = Tilings(runs, policies, splitting, most) if most else None
    return Planning(splitting if settings.splitting.enabled else None, credits_, tilings)


def _federated(
    ground: _Ground,
    jobs: Jobs,
    runs: Processing,
    planning: Planning,
    policies: Policies,
    *,
    admission: Admission,
    books: Bookkeeping | None,
) -> tuple[JobDesk, Waiting, Driver]:
    """Jobs and results also in parts, and what drives those in the background."""
    settings, splitting, clock = ground.settings, ground.settings.splitting, ground.clock
    limits = _limits(settings)
    tools = Tools(
        FederatedJobs(ground.database, limits),
        Members(jobs, whole(settings.public_url)),
        Keyring(ground.key, settings.token_lifetime, clock),
        Money(books.credits, books.jobs, books.past_jobs) if books else Money(None, None),
        clock,
    )
    lease = Lease(ground.database, "federated jobs", program_name(), splitting.lease)
    errands = Errands(tools, admission, fence=lease, fenced_seconds=splitting.lease, limits=limits)
    driver = Driver(tools.store, errands, lease, splitting.lease, limits, clock=clock)
    sharing = Sharing(FederatedResults(ground.database), ground.key, clock)
    estimating = Estimating(jobs, tools.money, settings.upstream.request_deadline)
    lifecycle = Lifecycle(
        tools,
        jobs,
        planning,
        ground.catalogue,
        joining=Joining(jobs, sharing, settings.upstream.result_deadline),
        estimating=estimating,
        wake=driver.wake,
    )
    waiting = Waiting(
        tools,
        runs,
        Validation(settings, ground.fleet, ground.catalogue, policies, runs),
        planning,
        seconds=settings.upstream.result_deadline / 2,
        result_seconds=settings.upstream.result_deadline,
        largest=splitting.synchronous_bytes,
        wake=driver.wake,
    )
    desk = JobDesk(tools, jobs, lifecycle, planning, estimating=estimating, sharing=sharing)
    return desk, waiting, driver


def _user_processes(
    ground: _Ground, stored: StoredProcesses, definitions: Definitions, runs: Processing
) -> UserProcesses:
    return UserProcesses(
        stored,
        definitions,
        runs,
        ground.catalogue,
        public_url=ground.settings.public_url,
        at_most=ground.settings.stored_processes,
        name_of=partial(name_of, settings=ground.settings.identity),
        clock=ground.clock,
    )
