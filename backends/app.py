"""Composition: one profile, one engine and one clock make the backend's Flask application."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from backends.accounting.client import Client
from backends.accounting.outbox import Outbox
from backends.accounting.reports import Reports
from backends.accounting.sender import Sender
from backends.collections import describe
from backends.definitions import definitions
from backends.faults.middleware import with_faults
from backends.jobs.engine import Engine
from backends.jobs.lifecycle import Lifecycle
from backends.jobs.records import Job
from backends.jobs.store import Store
from backends.jobs.synchronous import Synchronous
from backends.oidc.access import Access
from backends.profile import Profile
from backends.secret import read_or_make_key
from backends.stored.drawing import Drawing
from backends.stored.files import UserFiles
from backends.stored.own_results import OwnResults
from backends.stored.preparation import Preparation
from backends.stored.processes import StoredProcesses
from backends.stored.services import Services
from backends.web.account import account, federated
from backends.web.authentication import guard
from backends.web.backend import KEY, Backend
from backends.web.capabilities import capabilities, host
from backends.web.cors import open_to_all_origins
from backends.web.discovery import discovery, filters, runtimes
from backends.web.failures import answer_with_errors
from backends.web.files import files
from backends.web.items import scenes
from backends.web.jobs import jobs
from backends.web.processing import processing
from backends.web.results import results
from backends.web.searches import searches
from backends.web.services import services
from backends.web.signing import LinkSigner, Tokens, signed_results
from backends.web.stored_processes import stored_processes
from backends.web.workspaces import workspaces
from backends.workspaces.workspaces import Workspaces

STORE_FILE = "jobs.sqlite"


def now_utc() -> datetime:
    """The time now."""
    return datetime.now(UTC)


def create_app(
    profile: Profile,
    *,
    data_directory: Path,
    engine: Engine,
    clock: Callable[[], datetime] = now_utc,
) -> Flask:
    """The application of the backend that ``profile`` describes.

    ``data_directory`` keeps its jobs, results and secret, and is used by one
    application at a time. Jobs that an earlier one left are taken up at once.
    """
    app = Flask("backends.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = profile.limits.request_bytes
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # a redirect would lead to any host that a request names
    here = _assemble(profile, data_directory, engine, clock)
    app.extensions[KEY] = here
    open_to_all_origins(app)
    guard(app)
    answer_with_errors(app)
    app.register_blueprint(host)
    sections = [capabilities, discovery, account, processing, jobs, results]
    sections += [stored_processes, files, scenes, searches]
    if profile.oidc.providers:
        sections.append(federated)
    if "run_udf" in profile.processes:
        sections.append(runtimes)
    if profile.service_types:
        sections.append(services)
    if profile.workspaces:
        sections.append(workspaces)
    if profile.version >= (1, 2, 0):
        sections.append(filters)
    for section in sections:
        app.register_blueprint(section, url_prefix=profile.url_path)
    Outbox(here.store.database).recover()
    here.workspaces.tidy()
    here.lifecycle.recover()
    faulty = with_faults(app.wsgi_app, profile.faults, root=profile.url_path, clock=clock)
    app.wsgi_app = faulty  # type: ignore[method-assign, assignment, unused-ignore]
    return app


def _accounting(profile: Profile, store: Store) -> tuple[Sender | None, dict[str, Any]]:
    """What sends usage reports, and what those who write them are told of it."""
    accounting = profile.accounting
    if accounting is None:
        return None, {}
    sender = Sender(Outbox(store.database), Client(accounting))
    reports = Reports(accounting.source, profile.billing)
    return sender, {"reports": reports, "wake": sender.wake}


def _own_results(profile: Profile, store: Store, signer: LinkSigner) -> OwnResults:
    """How jobs read the results of others: a job that still runs is waited for."""
    lifetime = timedelta(days=profile.limits.result_days)

    def sign(job: Job) -> str:
        return f"{signed_results(signer, profile.api_url, job, lifetime)}?partial=true"

    return OwnResults(profile.api_url, lambda job_id: store.find(job_id, kind="batch"), sign)


def _assemble(
    profile: Profile, folder: Path, engine: Engine, clock: Callable[[], datetime]
) -> Backend:
    job_folder, request_folder = folder / "jobs", folder / "requests"
    for needed in (folder, job_folder, request_folder):
        needed.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = read_or_make_key(folder / "secret.key")
    store = Store(folder / STORE_FILE)
    stored = StoredProcesses(store.database)
    known = definitions()
    limits = profile.limits
    user_files = UserFiles(
        folder / "files", quota=limits.storage_bytes, at_most=limits.stored_files
    )
    signer = LinkSigner(key, clock)
    own_results = _own_results(profile, store, signer)
    prepare = Preparation(profile, stored, user_files, own_results)
    published = Services(store.database)
    sender, told = _accounting(profile, store)
    provider = {"name": profile.provider.name, "url": profile.provider.url}
    return Backend(
        profile=profile,
        collections={spec.id: describe(spec, provider) for spec in profile.collections},
        processes={name: known[name] for name in profile.processes},
        store=store,
        preparation=prepare,
        stored_processes=stored,
        services=published,
        drawing=Drawing(profile, published, prepare, engine, folder / "tiles", clock=clock, **told),
        files=user_files,
        workspaces=Workspaces(store.database, folder, profile.workspaces, limits),
        lifecycle=Lifecycle(profile, store, engine, job_folder, clock, prepare=prepare, **told),
        synchronous=Synchronous(
            profile, store, engine, request_folder, clock, prepare=prepare, **told
        ),
        access=Access(profile.oidc, clock),
        tokens=Tokens(key, profile.api_url, clock),
        signer=signer,
        clock=clock,
        sender=sender,
    )
