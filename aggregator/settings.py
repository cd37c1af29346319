"""What an operator can configure.

`load(path)` gives frozen `Settings` read from YAML, or raises `SettingsError`
with every mistake of the file at once, each with the path of its key. Every
setting carries a default and a help text (`described()` lists them all);
only a backend's `url` has no default.
"""

# ruff: noqa: RUF009 -- `_setting` and `_table` make dataclass fields

from __future__ import annotations

import base64
import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints
from urllib.parse import urlsplit

import yaml

T = TypeVar("T")
Check = Callable[[Any], str | None]

BACKEND_ID = re.compile(r"[a-z][a-z0-9_]*")
# Pages of the federation, below /federation/ like the backends' own.
PAGES = frozenset(
    {
        "accounting",
        "announcements",
        "decisions",
        "feed",
        "history",
        "incidents",
        "maintenance",
        "notes",
        "pricing",
        "processes",
        "settlement",
        "terms",
        "unreconciled",
        "usage",
    }
)


class SettingsError(Exception):
    """A configuration cannot be used; `mistakes` names each reason with its key path."""

    def __init__(self, mistakes: tuple[str, ...], source: str = "settings") -> None:
        self.mistakes = mistakes
        self.source = source
        super().__init__(f"{source}: " + "; ".join(mistakes))


def _setting(default: T, help: str, check: Check | None = None) -> T:  # noqa: A002 - reads well
    value: T = field(default=default, metadata={"help": help, "check": check})
    return value


def _table(kind: type[T], help: str) -> T:  # noqa: A002 - reads well
    value: T = field(default_factory=kind, metadata={"help": help, "check": None})
    return value


def _http_url(value: str) -> str | None:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"must be an http(s) URL such as https://openeo.example/openeo/1.3, not {value!r}"
    if parts.username or parts.query or parts.fragment:
        return "must be a plain URL without user name, query or fragment"
    return None


def _page_url(value: str) -> str | None:
    parts = urlsplit(value)
    if parts.scheme in ("http", "https") and parts.hostname and not parts.username:
        return None
    return f"must be the http(s) address of a page, not {value!r}"


def _http_urls(values: tuple[str, ...]) -> str | None:
    return next((problem for problem in map(_http_url, values) if problem), None)


def _address(value: str) -> str | None:
    host, _, port = value.rpartition(":")
    if host and port.isdigit() and int(port) < 65536:
        return None
    return f"must be HOST:PORT such as 127.0.0.1:8080, not {value!r}"


def _at_least(least: float) -> Check:
    def check(value: float) -> str | None:
        return None if value >= least else f"must be {least:g} or more, not {value:g}"

    return check


def _one_of(*choices: str) -> Check:
    def check(value: str) -> str | None:
        return None if value in choices else f"must be one of {', '.join(choices)}, not {value!r}"

    return check


def _database_url(value: str) -> str | None:
    if re.fullmatch(r"sqlite:///(?!:memory:).+|postgresql(\+psycopg)?://.+", value):
        return None
    return (  # without the value, which may hold a password
        "must be a URL such as sqlite:////var/lib/openeo/federation.sqlite "
        "or postgresql://USER:PASSWORD@HOST/NAME"
    )


def _percent(value: float) -> str | None:
    if 0 <= value <= 100 and round(value * 1000) == value * 1000:
        return None
    return f"must be from 0 to 100 with at most three decimals, not {value!r}"


def _digests(values: tuple[str, ...]) -> str | None:
    if all(re.fullmatch("[0-9a-f]{64}", value) for value in values):
        return None
    return "must be SHA-256 digests, 64 hexadecimal digits each, not the tokens themselves"


def _not_blank(value: str) -> str | None:
    return None if value.strip() else "must not be empty"


@dataclass(frozen=True)
class Selection:
    """Which ids are offered: those that match `allow` and do not match `deny`."""

    allow: tuple[str, ...] = _setting(("*",), "ids or patterns (*, ?) that are offered")
    deny: tuple[str, ...] = _setting((), "ids or patterns (*, ?) that are not, even if allowed")


@dataclass(frozen=True)
class Backend:
    """One member of the federation."""

    id: str
    url: str = field(
        metadata={
            "help": "versioned API URL, or a host root with /.well-known/openeo",
            "check": _http_url,
        }
    )
    title: str = _setting("", "name shown to users; the backend's own title if left out")
    description: str = _setting("", "CommonMark text shown to users")
    basic_authentication: bool = _setting(
        False, "whether users' passwords may be forwarded to it; otherwise OpenID Connect only"
    )
    experimental: bool = _setting(False, "marks the member as experimental")
    deprecated: bool = _setting(False, "marks the member as deprecated")
    joined: date | None = _setting(
        None, "day (UTC) on which it joined, such as 2026-03-14; its first probe if left out"
    )
    collections: Selection = _table(Selection, "which of its collections are offered")
    processes: Selection = _table(Selection, "which of its processes are offered")
    simulated: Path | None = _setting(
        None, "profile of a simulated backend, relative to this file; read by `up` and `backend`"
    )


@dataclass(frozen=True)
class Upstream:
    """How the aggregator talks to backends. All times are in seconds."""

    connect_timeout: float = _setting(3.0, "for opening a connection", _at_least(0.05))
    read_timeout: float = _setting(20.0, "between two pieces of an answer", _at_least(0.05))
    metadata_deadline: float = _setting(
        30.0, "for one metadata document, in the background", _at_least(0.05)
    )
    probe_deadline: float = _setting(
        5.0, "for a look whether a backend answers, in the background", _at_least(0.05)
    )
    listing_deadline: float = _setting(
        5.0, "for a listing over several backends; late ones are missing", _at_least(0.05)
    )
    request_deadline: float = _setting(
        30.0, "for one request to one backend, such as creating a job", _at_least(0.05)
    )
    result_deadline: float = _setting(
        300.0, "for a synchronous result, until its last byte", _at_least(0.05)
    )
    detail_deadline: float = _setting(
        4.0, "for the first view of a collection's full metadata", _at_least(0.05)
    )
    first_answer_deadline: float = _setting(
        8.0, "that the first requests after a start wait for metadata", _at_least(0)
    )
    max_metadata_bytes: int = _setting(
        256 * 1024 * 1024, "size limit of a metadata document", _at_least(1024)
    )
    max_answer_bytes: int = _setting(
        32 * 1024 * 1024, "size limit of any other JSON answer", _at_least(1024)
    )
    refresh_interval: float = _setting(
        120.0, "between two refreshes of a backend's metadata", _at_least(0.05)
    )
    probe_interval: float = _setting(
        10.0, "between two looks at a backend that is online", _at_least(0.05)
    )
    offline_probe_interval: float = _setting(
        2.0, "between two looks at a backend that is offline, at most", _at_least(0.05)
    )
    failures_before_offline: int = _setting(
        3,
        "failed requests in a row after which nothing is asked until a probe succeeds",
        _at_least(1),
    )
    connections: int = _setting(128, "threads that ask backends, per worker", _at_least(1))
    proxy: str | None = _setting(None, "HTTP proxy for all requests to backends", _http_url)


@dataclass(frozen=True)
class RemoteProcesses:
    """Definitions of processes at addresses that users name (`namespace`)."""

    hosts: tuple[str, ...] = _setting(
        (), "hosts from which they may be fetched, as patterns: *.example.org, example.org:8443"
    )
    private: bool = _setting(
        False, "whether these hosts may lie in private networks and be asked by http"
    )
    deadline: float = _setting(5.0, "seconds for one of them", _at_least(0.05))


@dataclass(frozen=True)
class Identity:
    """Whose tokens are taken, and what their users must be entitled to. Times are in seconds."""

    trusted_issuers: tuple[str, ...] = _setting(
        (),
        "issuers whose tokens are taken, and no others; if left empty, those that members know",
        _http_urls,
    )
    audience: tuple[str, ...] = _setting(
        (), "accepted values of a token's claim `aud`, any of them; if left empty, any"
    )
    authorized_parties: tuple[str, ...] = _setting(
        (), "clients (claim `azp` or `client_id`) whose tokens are taken; if left empty, any"
    )
    leeway: float = _setting(30.0, "by which the clocks of an issuer may differ", _at_least(0))
    key_refresh_interval: float = _setting(
        600.0, "between two looks at an issuer's keys, in the background", _at_least(0.05)
    )
    unknown_key_interval: float = _setting(
        30.0,
        "between two looks for a key that a token names and that is not known",
        _at_least(0.05),
    )
    deadline: float = _setting(
        5.0, "for fetching an issuer's keys; requests wait for it at most so long", _at_least(0.05)
    )
    entitlement_claims: tuple[str, ...] = _setting(
        ("eduperson_entitlement",), "claims with entitlements; a dot leads into an object"
    )
    subscription_claims: tuple[str, ...] = _setting(
        ("subscriptions", "roles", "realm_access.roles"),
        "claims with the roles that say what a user has subscribed to",
    )
    required_entitlements: tuple[str, ...] = _setting(
        (), "users must have one of these entitlements; patterns (*, ?)"
    )
    required_subscriptions: tuple[str, ...] = _setting(
        (), "users must have one of these subscriptions; patterns (*, ?)"
    )
    join_url: str | None = _setting(
        None, "page on which users get the entitlements and subscriptions they lack", _page_url
    )
    simulated: Path | None = _setting(
        None,
        "configuration of a provider of OpenID Connect for local use, relative to this file; "
        "read by `up` and `identity`",
    )


@dataclass(frozen=True)
class Terms:
    """What users must agree to before their data go to the members; off without a version."""

    version: str | None = _setting(
        None, "version of the terms; users are asked again when it changes", _not_blank
    )
    url: str | None = _setting(None, "page with the terms", _page_url)
    text: str = _setting("", "the terms themselves, or a summary, as plain text")
    privacy_url: str | None = _setting(None, "page with the privacy policy", _page_url)


@dataclass(frozen=True)
class Accounting:
    """Credits and usage: who may spend what where. Without this section nothing is counted."""

    pricing: Path = _setting(
        Path("pricing"), "directory with a file of rates per provider, relative to this file"
    )
    default_subscriptions: tuple[str, ...] = _setting(
        ("general",), "subscriptions of users whose login names none, such as one with a password"
    )
    hold_time: float = _setting(
        3 * 86400.0, "seconds that credits are put aside for a job or service at most", _at_least(1)
    )
    report_patience: float = _setting(
        3600.0, "seconds after the end of a job in which its usage report must come", _at_least(0)
    )
    reconcile_interval: float = _setting(
        60.0, "seconds between two looks for credits put aside in vain", _at_least(0.05)
    )
    operators: tuple[str, ...] = _setting(
        (), "entitlements or subscriptions of those who see all usage; patterns (*, ?)"
    )


@dataclass(frozen=True)
class Availability:
    """How members are monitored and judged. Times are in seconds, unless their names say more."""

    interval: float = _setting(300.0, "between two probes of a member", _at_least(0.05))
    jitter: float = _setting(0.1, "share of the interval by which probes are spread", _at_least(0))
    deadline: float = _setting(10.0, "for one probe, until its last byte", _at_least(0.05))
    probe: str = _setting(
        "capabilities",
        "what is asked: `capabilities` (GET / of the API) or `health` (GET /health of the API or "
        "of its host, and GET / where there is none)",
        _one_of("capabilities", "health"),
    )
    runs_inside: bool = _setting(
        False, "whether the aggregator's workers run the monitor too; otherwise `monitor` does"
    )
    lease: float = _setting(
        30.0, "after which another monitor takes over from one that has gone", _at_least(0.1)
    )
    keep_probes_days: int = _setting(8, "days that single probes are kept", _at_least(1))
    stale_intervals: int = _setting(
        3, "intervals without a probe after which nothing is known of a member", _at_least(1)
    )
    failures_to_open: int = _setting(3, "failures in a row that open an incident", _at_least(1))
    successes_to_close: int = _setting(2, "successes in a row that close it", _at_least(1))
    closing_delay: float = _setting(
        3600.0, "after the end of a month until it is judged and frozen", _at_least(0)
    )
    stable_percent: float = _setting(99.5, "least uptime of a stable month", _percent)
    stable_at_limit: bool = _setting(
        True, "whether a month of exactly that is stable (contract's text; not in its flowchart)"
    )
    months_to_unstable: int = _setting(
        2, "months in a row below it that make a member unstable", _at_least(1)
    )
    warning_percent: float = _setting(95.0, "a month below this brings a warning", _percent)
    grace_warning_percent: float = _setting(90.0, "the same in the grace period", _percent)
    grace_months: int = _setting(3, "months of a new member's grace period", _at_least(0))
    grace_from_full_month: bool = _setting(
        True, "whether they count from the first full month, not from the month of joining"
    )
    grace_warnings_count: bool = _setting(
        True, "whether warnings of the grace period count towards exclusion"
    )
    row_spans_grace: bool = _setting(
        True, "whether months in a row may begin in the grace period and end after it"
    )
    warnings_to_exclude: int = _setting(2, "warnings that lead to exclusion", _at_least(1))
    warning_window_months: int = _setting(
        6, "within so many months, the judged one and those before it", _at_least(1)
    )
    automatic_exclusion: bool = _setting(
        False, "whether exclusion follows by itself; otherwise an operator decides"
    )
    automatic_readmission: bool = _setting(
        False, "whether readmission follows by itself after improvement"
    )
    months_to_improve: int = _setting(
        1, "stable full months in a row that show an excluded member's improvement", _at_least(1)
    )
    unstable_after_readmission: bool = _setting(
        False, "whether a readmitted member begins as unstable"
    )
    warnings_survive_exclusion: bool = _setting(
        False, "whether warnings from before an exclusion count after it"
    )
    judge_partial_months: bool = _setting(
        False, "whether a month in which a member joined or was readmitted is judged"
    )
    least_coverage_percent: float = _setting(
        50.0, "share of the probes due in a month without which it is not judged", _percent
    )
    maintenance_notice_hours: float = _setting(
        0.0, "by which maintenance is announced before it begins so as not to count", _at_least(0)
    )
    maintenance_longest_hours: float = _setting(
        0.0, "of one maintenance that do not count at most; 0: all", _at_least(0)
    )
    collection_percent: float = _setting(
        98.0,
        "least uptime of non-experimental collections, for which their backend's stands",
        _percent,
    )
    breaking_notice_months: int = _setting(
        3, "months ahead that breaking changes and removals are announced", _at_least(0)
    )
    breaking_recommended_months: int = _setting(
        6, "months ahead that are recommended (the contract's other reading)", _at_least(0)
    )
    operator_entitlements: tuple[str, ...] = _setting(
        (), "users with one of these entitlements or subscriptions are operators; patterns (*, ?)"
    )
    operator_tokens: tuple[str, ...] = _setting(
        (), "SHA-256 digests of tokens by which programs act as operators", _digests
    )
    webhooks: tuple[str, ...] = _setting(
        (), "addresses that are told of changes by signed POST requests", _http_urls
    )
    webhook_secret: str | None = _setting(
        None, "secret that signs them, as whsec_ and base64; required with webhooks"
    )
    webhook_deadline: float = _setting(10.0, "for telling one of them once", _at_least(0.05))
    webhook_private_addresses: bool = _setting(
        False, "whether they may be at addresses that are not public, such as 127.0.0.1"
    )


@dataclass(frozen=True)
class Settings:
    """A whole federation."""

    backends: tuple[Backend, ...] = field(
        metadata={"help": "the members by id, in order of preference", "check": None}
    )
    title: str = _setting("openEO federation", "name shown to users", _not_blank)
    description: str = _setting(
        "Several openEO backends behind one endpoint.", "CommonMark text shown to users", _not_blank
    )
    public_url: str = _setting(
        "http://127.0.0.1:8080", "URL under which clients reach the aggregator", _http_url
    )
    bind: str = _setting("127.0.0.1:8080", "HOST:PORT to listen on", _address)
    data_directory: Path = _setting(
        Path("var/aggregator"),
        "for the sealing key and last known metadata; relative to the working directory",
    )
    database: str | None = _setting(
        None,
        "SQLAlchemy URL of the database: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME; "
        "federation.sqlite in data_directory if left out",
        _database_url,
    )
    log_level: str = _setting(
        "info",
        "what is logged at least; never credentials nor what is personal",
        _one_of("debug", "info", "warning", "error"),
    )
    workers: int = _setting(2, "processes that serve requests", _at_least(1))
    threads: int = _setting(32, "requests that each worker serves at once", _at_least(1))
    max_request_bytes: int = _setting(
        8 * 1024 * 1024, "size limit of a request's body", _at_least(1024)
    )
    token_lifetime: float = _setting(
        12 * 3600.0, "seconds that a login with a password lasts", _at_least(1)
    )
    sealing_key: str | None = _setting(
        None, "key that seals users' tokens (Fernet); made in data_directory if left out"
    )
    process_rule: str = _setting(
        "union", "processes offered: of any backend or of all", _one_of("union", "intersection")
    )
    process_reference: str | None = _setting(
        None, "whose process descriptions win: a backend's id, or a version of openEO's processes"
    )
    oidc_rule: str = _setting(
        "common",
        "OpenID Connect providers offered: those that all backends know, or any",
        _one_of("common", "union"),
    )
    collections: Selection = _table(Selection, "which collections are offered, of all backends")
    processes: Selection = _table(Selection, "which processes are offered, of all backends")
    preferred: tuple[str, ...] = _setting(
        (), "backends that run a process if they can, before the others in their order"
    )
    stored_processes: int = _setting(
        500, "user-defined processes that each user can store", _at_least(0)
    )
    remote_processes: RemoteProcesses = _table(
        RemoteProcesses, "user-defined processes at addresses (`namespace`)"
    )
    upstream: Upstream = _table(Upstream, "how the aggregator talks to backends")
    identity: Identity = _table(Identity, "whose tokens are taken, and who may use the federation")
    terms: Terms = _table(Terms, "what users must agree to before their data go to the members")
    availability: Availability = _table(
        Availability, "how members are monitored and judged by the contract"
    )
    accounting: Accounting | None = _setting(
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


def load(path: str | Path) -> Settings:
    """The settings in a YAML file; `SettingsError` names every mistake in it."""
    path = Path(path)
    try:
        document = yaml.load(path.read_bytes(), _UniqueKeys)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise SettingsError((f"cannot be read: {error.strerror}",), str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError((f"is not YAML: {_one_line(error)}",), str(path)) from error
    return read(document, directory=path.parent, source=str(path))


def read(document: object, *, directory: Path = Path(), source: str = "settings") -> Settings:
    """The settings in a document; `directory` is what its own paths are relative to."""
    mistakes: list[str] = []
    values = _table_values(Settings, document, "", mistakes, skip=("backends",))
    listed = document.get("backends") if isinstance(document, Mapping) else None
    backends = tuple(_backends(listed, directory, mistakes))
    values["backends"] = backends
    identity: Identity = values.get("identity", Identity())
    if identity.simulated:
        values["identity"] = replace(identity, simulated=directory / identity.simulated)
    if accounting := values.get("accounting"):
        values["accounting"] = replace(accounting, pricing=directory / accounting.pricing)
    reference = values.get("process_reference")
    known = [backend.id for backend in backends]
    if reference and known and BACKEND_ID.fullmatch(reference) and reference not in known:
        mistakes.append(f"process_reference: there is no backend {_suggest(reference, known)}")
    terms = values.get("terms", Terms())
    if terms.version is None and terms != Terms():
        mistakes.append("terms.version: is required where there are terms")
    if terms.version is not None and not terms.url and not terms.text.strip():
        mistakes.append("terms: needs a url or a text")
    mistakes += _webhook_mistakes(values.get("availability", Availability()))
    unknown = [name for name in values.get("preferred", ()) if known and name not in known]
    mistakes += [f"preferred: there is no backend {_suggest(name, known)}" for name in unknown]
    if mistakes:
        raise SettingsError(tuple(mistakes), source)
    return Settings(**values)


def _webhook_mistakes(availability: Availability) -> Iterator[str]:
    secret = availability.webhook_secret
    if secret is None:
        if availability.webhooks:
            yield "availability.webhook_secret: is required where there are webhooks"
        return
    try:
        usable = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) >= 24
    except ValueError:
        usable = False
    if not usable:  # said without the value
        yield (
            "availability.webhook_secret: must be base64 of 24 bytes or more, such as the output "
            "of: openssl rand -base64 32"
        )


def described() -> Iterator[tuple[str, str, str]]:
    """Key path, default and help of every setting."""
    yield from _described(Settings, "")


def as_markdown() -> str:
    """All settings as a page of documentation."""
    rows = [
        f"| `{path}` | {f'`{default}`' if default not in ('', 'required') else default} | {help_} |"
        for path, default, help_ in described()
    ]
    head = "# Settings of a federation\n\nThe keys of a file such as `config/federation.yaml`.\n\n"
    return head + "| key | default | what |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


def _described(kind: type[Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    hints = get_type_hints(kind)
    for item in fields(kind):
        if item.name == "id" and kind is Backend:
            continue
        path = f"{prefix}{item.name}"
        kept = _without_none(hints[item.name])
        if is_dataclass(kept):
            yield path, "", item.metadata["help"]
            yield from _described(kept, path + ".")  # type: ignore[arg-type]
        else:
            yield path, _shown_default(item.default), item.metadata["help"]
        if kind is Settings and item.name == "backends":
            yield from _described(Backend, "backends.ID.")


def _shown_default(default: object) -> str:
    if default is MISSING:
        return "required"
    if isinstance(default, tuple):
        return f"[{', '.join(default)}]"
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else str(default)


def _backends(value: object, directory: Path, mistakes: list[str]) -> Iterator[Backend]:
    if not isinstance(value, Mapping) or not value:
        mistakes.append("backends: must name the members of the federation by id, at least one")
        return
    for identifier, table in value.items():
        path = f"backends.{identifier}"
        if not isinstance(identifier, str) or not BACKEND_ID.fullmatch(identifier):
            mistakes.append(f"{path}: an id is small letters, digits and _, a letter first")
        if identifier in PAGES:
            mistakes.append(f"{path}: this is the name of a page of the federation; choose another")
        before = len(mistakes)
        values = _table_values(Backend, table, path + ".", mistakes, skip=("id",))
        if isinstance(table, Mapping) and "url" not in table:
            mistakes.append(f"{path}.url: is required")
        if len(mistakes) == before:
            if values.get("simulated"):
                values["simulated"] = directory / values["simulated"]
            yield Backend(id=str(identifier), **values)


def _table_values(
    kind: type[Any], document: object, prefix: str, mistakes: list[str], skip: tuple[str, ...] = ()
) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        where = prefix.rstrip(".") or "the file"
        mistakes.append(f"{where}: must be a table of settings, not {_named(document)}")
        return {}
    known = {item.name: item for item in fields(kind) if item.name != "id"}
    for key in document:
        if key not in known:
            hint = _suggest(str(key), list(known))
            mistakes.append(f"{prefix}{key}: there is no such setting {hint}")
    hints = get_type_hints(kind)
    values = {}
    for name, item in known.items():
        if name in document and name not in skip:
            value = _value(hints[name], item, document[name], prefix + name, mistakes)
            if value is not MISSING:
                values[name] = value
    return values


def _value(hint: Any, item: Field[Any], value: object, path: str, mistakes: list[str]) -> Any:
    hint = _without_none(hint) if value is not None else hint
    if is_dataclass(hint):
        before = len(mistakes)
        values = _table_values(hint, value, path + ".", mistakes)  # type: ignore[arg-type]
        return hint(**values) if len(mistakes) == before else MISSING  # type: ignore[operator]
    converted, wanted = _converted(hint, value)
    if converted is MISSING:
        mistakes.append(f"{path}: must be {wanted}, not {_named(value)}")
        return MISSING
    check: Check | None = item.metadata.get("check")
    problem = check(converted) if check and converted is not None else None
    if problem:
        mistakes.append(f"{path}: {problem}")
        return MISSING
    return converted


def _converted(hint: Any, value: object) -> tuple[Any, str]:
    """The value as that type (or MISSING) and what was wanted, in words."""
    if value is None and type(None) in get_args(hint):
        return None, ""
    hint = _without_none(hint)
    usable, wanted = _READERS[hint]
    if not usable(value):
        return MISSING, wanted
    if hint is date:
        return value, wanted
    return (tuple(value) if isinstance(value, list) else hint(value)), wanted


def _without_none(hint: Any) -> Any:
    """The type that a value has if it is not None."""
    if type(None) not in get_args(hint):
        return hint
    return next(kind for kind in get_args(hint) if kind is not type(None))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_READERS: dict[Any, tuple[Callable[[object], bool], str]] = {
    bool: (lambda value: isinstance(value, bool), "true or false"),
    int: (lambda value: _is_number(value) and isinstance(value, int), "a whole number"),
    float: (_is_number, "a number"),
    str: (lambda value: isinstance(value, str), "text"),
    date: (lambda value: type(value) is date, "a day such as 2026-03-14"),
    Path: (lambda value: isinstance(value, str) and value.strip() != "", "a path"),
    tuple[str, ...]: (
        lambda value: isinstance(value, list) and all(isinstance(part, str) for part in value),
        "a list of texts",
    ),
}


def _named(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        return "a table"
    return "a list" if isinstance(value, list) else repr(value)


def _suggest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"(did you mean {close[0]}?)" if close else f"(known are {', '.join(known)})"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key that stands twice is a mistake instead of the last one winning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(getattr(key, "value", key))
            if name in seen and name != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name!r} stands here twice", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)
