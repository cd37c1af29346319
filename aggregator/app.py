"""Composition: the aggregator as a WSGI app."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from flask import Flask, request

from aggregator.merging.capabilities import Endpoint
from aggregator.settings import Settings
from aggregator.storage.consents import Consents
from aggregator.storage.database import Database
from aggregator.storage.processes import StoredProcesses
from aggregator.upstream.client import Client, Limits, Transport
from aggregator.upstream.fleet import Fleet
from aggregator.upstream.issuers import Issuers
from aggregator.upstream.outside import Allowed, Outside
from aggregator.upstream.snapshots import Snapshots
from aggregator.usecases.accounts import Accounts
from aggregator.usecases.admission import Admission
from aggregator.usecases.agreements import Agreements
from aggregator.usecases.availability import Availability
from aggregator.usecases.boards import Boards
from aggregator.usecases.bookkeeping import keep_books
from aggregator.usecases.callers import trust_in_issuers, verified_callers
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.definitions import Definitions
from aggregator.usecases.estimates import Estimates
from aggregator.usecases.federation import Federation
from aggregator.usecases.files import Files
from aggregator.usecases.identities import Identities
from aggregator.usecases.items import Items
from aggregator.usecases.jobs import Jobs
from aggregator.usecases.operators import operators_of
from aggregator.usecases.processing import Processing
from aggregator.usecases.profiles import Profiles
from aggregator.usecases.services import Services
from aggregator.usecases.tickets import Tickets
from aggregator.usecases.tokens import Sealer, sealing_key
from aggregator.usecases.user_processes import UserProcesses
from aggregator.usecases.views import whole
from aggregator.usecases.watching import record_of, watch_of
from aggregator.web import (
    access_log,
    account,
    accounting,
    availability,
    capabilities,
    cors,
    dashboard,
    discovery,
    errors,
    files,
    items,
    jobs,
    monitoring,
    processing,
    services,
    terms,
    usage,
    user_processes,
)
from aggregator.web.addresses import Addresses
from aggregator.web.context import EXTENSION, check_address
from aggregator.web.responses import tag

SECTIONS = (
    capabilities,
    discovery,
    items,
    account,
    processing,
    jobs,
    services,
    files,
    user_processes,
    monitoring,
    availability,
    dashboard,
)
# What the federation can answer whatever its backends offer.
OWN = {
    ("/conformance", "GET"),
    ("/collections", "GET"),
    ("/collections/{collection_id}", "GET"),
    ("/processes", "GET"),
    ("/file_formats", "GET"),
    ("/validation", "POST"),
    ("/credentials/basic", "GET"),
    ("/process_graphs", "GET"),
    ("/process_graphs/{process_graph_id}", "GET"),
    ("/process_graphs/{process_graph_id}", "PUT"),
    ("/process_graphs/{process_graph_id}", "DELETE"),
    ("/federation/processes/{key}", "GET"),
    ("/health", "GET"),
    ("/federation/notes", "GET"),
    ("/federation", "GET"),
    ("/federation/{backend}", "GET"),
    ("/federation/badge.svg", "GET"),
    ("/federation/{backend}/badge.svg", "GET"),
    ("/metrics", "GET"),
    ("/federation/history", "GET"),
    ("/federation/feed", "GET"),
    ("/federation/maintenance", "GET"),
    ("/federation/announcements", "GET"),
    ("/federation/incidents", "GET"),
    ("/federation/decisions", "GET"),
    ("/federation/estimates", "POST"),
    ("/federation/pricing", "GET"),
    ("/federation/usage", "GET"),
    ("/federation/settlement", "GET"),
    ("/federation/unreconciled", "GET"),
    ("/federation/terms", "GET"),
    ("/federation/terms/consent", "GET"),
    ("/federation/terms/consent", "PUT"),
    ("/federation/terms/consent", "DELETE"),
}


class _App(Flask):
    """Its functions are plain ones: none is looked at before each call to see whether it waits."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself."""
        return func


def create_app(
    settings: Settings,
    *,
    transport: Transport | None = None,
    clock: Callable[[], float] = time.time,
) -> Flask:
    """The aggregator of a federation.

    `transport` makes the adapters through which backends are reached, `clock` gives seconds since
    1970. Nothing runs in the background until the first request, or `Federation.start` of
    `app.extensions["federation"]`.
    """
    app = _App(__name__, static_folder=None, template_folder="web/templates")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_request_bytes
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    access_log.install(app)
    cors.install(app)
    errors.install(app, settings.max_request_bytes)
    app.before_request(check_address)
    app.after_request(tag)
    for section in SECTIONS:
        app.register_blueprint(section.blueprint)
    if settings.terms.version is not None:
        app.register_blueprint(terms.blueprint)
    if settings.accounting is not None:
        app.register_blueprint(accounting.blueprint)
        app.register_blueprint(usage.blueprint)
    federation = compose(settings, _endpoints(app), transport=transport, clock=clock)
    app.extensions[EXTENSION] = federation

    @app.before_request
    def ready() -> None:
        if request.path != "/health":
            federation.ready()
        else:
            federation.start()

    app.wsgi_app = Addresses(app.wsgi_app, settings.order)  # type: ignore[assignment, method-assign]
    return app


def compose(
    settings: Settings,
    routes: Sequence[Endpoint],
    *,
    transport: Transport | None = None,
    clock: Callable[[], float] = time.time,
) -> Federation:
    """The use cases of a federation, put together."""
    times = settings.upstream
    limits = Limits(times.connect_timeout, times.read_timeout)
    connect = partial(Client, transport=transport, limits=limits, proxy=times.proxy)
    fleet = Fleet(
        [connect(b.id, b.url) for b in settings.backends],
        failures_before_offline=times.failures_before_offline,
        connections=times.connections,
        answer_limit=times.max_answer_bytes,
    )
    directory = settings.data_directory
    database = Database(settings.database_url)
    snapshots = Snapshots(
        settings.backends, fleet, times, directory=directory / "metadata", clock=clock
    )
    key = sealing_key(settings.sealing_key, directory)
    sealer = Sealer(key, settings.token_lifetime, clock)
    catalogue = Catalogue(settings, snapshots, routes)
    issuers = Issuers(connect, settings.identity, directory=directory / "issuers", clock=clock)
    identities = Identities(issuers, settings.identity, clock)
    accounts = Accounts(settings, fleet, catalogue, sealer, identities)
    tickets = Tickets(key, "terms", clock)
    agreements = Agreements(settings, Consents(database), tickets, clock)
    admission = Admission(settings.identity, agreements)
    callers = verified_callers(settings, accounts, catalogue)
    trusts_issuers = trust_in_issuers(settings, catalogue)
    books = keep_books(settings, database, callers, trusts_issuers, clock)
    stored = StoredProcesses(database)
    remote = settings.remote_processes
    outside = Outside(Allowed(remote.hosts, remote.private), deadline=remote.deadline)
    definitions = Definitions(stored, outside, catalogue, whole(settings.public_url))
    credits_ = books.credits if books else None
    process_runs = Processing(settings, fleet, catalogue, definitions, credits_)
    job_accounts = books.jobs if books else None
    availability_ = Availability(
        settings,
        record_of(settings, database),
        snapshots,
        watch=watch_of(settings, database, connect, clock=clock)
        if settings.availability.runs_inside
        else None,
        clock=clock,
    )
    return Federation(
        settings,
        database,
        fleet,
        snapshots,
        issuers,
        catalogue,
        accounts,
        agreements,
        admission,
        Profiles(accounts, admission, agreements, [books.balances.of] if books else []),
        process_runs,
        Jobs(settings, fleet, catalogue, process_runs, job_accounts),
        Services(settings, fleet, catalogue, process_runs, job_accounts),
        Estimates(process_runs, credits_),
        Files(settings, fleet, catalogue),
        Items(settings, fleet, catalogue),
        availability_,
        Boards(availability_, books.usage.earned if books else None),
        operators_of(settings, accounts, catalogue),
        UserProcesses(
            stored,
            definitions,
            process_runs,
            catalogue,
            public_url=settings.public_url,
            at_most=settings.stored_processes,
            clock=clock,
        ),
        books,
    )


def _endpoints(app: Flask) -> list[Endpoint]:
    """The endpoints of the app, as capabilities list them."""
    methods: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        if not path.startswith("/."):
            methods.setdefault(path, set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})
    return [
        Endpoint(
            path,
            tuple(sorted(found)),
            own=frozenset(method for method in found if (path, method) in OWN),
        )
        for path, found in methods.items()
    ]
