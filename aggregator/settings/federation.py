"""A whole configuration."""

# ruff: noqa: RUF009 -- `setting` and `table` make dataclass fields

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from aggregator.settings.checks import (
    address,
    at_least,
    http_url,
    not_blank,
    one_of,
    setting,
    sqlalchemy_url,
    table,
)
from aggregator.settings.sections import (
    Accounting,
    Availability,
    Backend,
    Identity,
    Ranking,
    RemoteProcesses,
    Selection,
    Splitting,
    Terms,
    Upstream,
)


@dataclass(frozen=True)
class Settings:
    """A whole federation."""

    backends: tuple[Backend, ...] = field(
        metadata={"help": "the members by id, in order of preference", "check": None}
    )
    title: str = setting("openEO federation", "name shown to users", not_blank)
    description: str = setting(
        "Several openEO backends behind one endpoint.", "CommonMark text shown to users", not_blank
    )
    public_url: str = setting(
        "http://127.0.0.1:8080", "URL under which clients reach the aggregator", http_url
    )
    bind: str = setting("127.0.0.1:8080", "HOST:PORT to listen on", address)
    data_directory: Path = setting(
        Path("var/aggregator"),
        "for the sealing key and last known metadata; relative to the working directory",
    )
    database: str | None = setting(
        None,
        "SQLAlchemy URL of the database: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME; "
        "federation.sqlite in data_directory if left out",
        sqlalchemy_url,
    )
    log_level: str = setting(
        "info",
        "what is logged at least (`debug`, `info`, `warning`, `error`); never credentials nor what "
        "is personal",
        one_of("debug", "info", "warning", "error"),
    )
    workers: int = setting(2, "processes that serve requests", at_least(1))
    threads: int = setting(32, "requests that each worker serves at once", at_least(1))
    max_request_bytes: int = setting(
        8 * 1024 * 1024, "size limit of a request's body", at_least(1024)
    )
    token_lifetime: float = setting(
        12 * 3600.0, "seconds that a login with a password lasts", at_least(1)
    )
    sealing_key: str | None = setting(
        None, "key that seals users' tokens (Fernet); made in data_directory if left out"
    )
    process_rule: str = setting(
        "union",
        "processes offered: those of any backend (`union`) or that all have (`intersection`)",
        one_of("union", "intersection"),
    )
    process_reference: str | None = setting(
        None, "whose process descriptions win: a backend's id, or a version of openEO's processes"
    )
    oidc_rule: str = setting(
        "common",
        "OpenID Connect providers offered: those that all backends know (`common`), or that any "
        "knows (`union`)",
        one_of("common", "union"),
    )
    operators: tuple[str, ...] = setting(
        (),
        "users with one of these entitlements or subscriptions are operators: they see all usage "
        "and decide on members; patterns (*, ?)",
    )
    collections: Selection = table(Selection, "which collections are offered, of all backends")
    processes: Selection = table(Selection, "which processes are offered, of all backends")
    preferred: tuple[str, ...] = setting(
        (),
        "backends that go before the others in their order, as far as no other policy than `order` "
        "decides",
    )
    routing: Ranking = table(Ranking, "which of several able backends takes a request")
    stored_processes: int = setting(
        500, "user-defined processes that each user can store", at_least(0)
    )
    remote_processes: RemoteProcesses = table(
        RemoteProcesses, "user-defined processes at addresses (`namespace`)"
    )
    upstream: Upstream = table(Upstream, "how the aggregator talks to backends")
    identity: Identity = table(Identity, "whose tokens are taken, and who may use the federation")
    terms: Terms = table(Terms, "what users must agree to before their data go to the members")
    availability: Availability = table(
        Availability, "how members are monitored and judged by the contract"
    )
    splitting: Splitting = table(Splitting, "processes that no single backend can run")
    accounting: Accounting | None = setting(
        None, "credits and usage reports; if left out, nothing is counted and nothing refused"
    )

    @property
    def database_url(self) -> str:
        """The URL of the database, also where the default holds."""
        return self.database or f"sqlite:///{self.data_directory / 'federation.sqlite'}"

    def backend(self, identifier: str) -> Backend:
        """The member of that id; `KeyError` if there is none."""
        for backend in self.backends:
            if backend.id == identifier:
                return backend
        raise KeyError(identifier)

    @property
    def order(self) -> tuple[str, ...]:
        """The ids of all members, in order of preference."""
        return tuple(backend.id for backend in self.backends)
