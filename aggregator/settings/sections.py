"""The sections of a configuration; each setting with its default, its help, and its check."""

# ruff: noqa: RUF009 -- `setting` and `table` make dataclass fields

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from aggregator.settings.checks import (
    at_least,
    digests,
    http_url,
    http_urls,
    not_blank,
    one_of,
    page_url,
    percent,
    setting,
    share,
    table,
)


@dataclass(frozen=True)
class Selection:
    """Which ids are offered: those that match `allow` and do not match `deny`."""

    allow: tuple[str, ...] = setting(("*",), "ids or patterns (*, ?) that are offered")
    deny: tuple[str, ...] = setting((), "ids or patterns (*, ?) that are not, even if allowed")


@dataclass(frozen=True)
class Backend:
    """One member of the federation."""

    id: str
    url: str = field(
        metadata={
            "help": "versioned API URL, or a host root with /.well-known/openeo",
            "check": http_url,
        }
    )
    title: str = setting("", "name shown to users; the backend's own title if left out")
    description: str = setting("", "CommonMark text shown to users")
    basic_authentication: bool = setting(
        False, "whether users' passwords may be forwarded to it; otherwise OpenID Connect only"
    )
    experimental: bool = setting(False, "marks the member as experimental")
    deprecated: bool = setting(False, "marks the member as deprecated")
    weight: float = setting(
        1.0, "how much work it is to get beside the others, by the policies that look at it", share
    )
    joined: date | None = setting(
        None, "day (UTC) on which it joined, such as 2026-03-14; its first probe if left out"
    )
    collections: Selection = table(Selection, "which of its collections are offered")
    processes: Selection = table(Selection, "which of its processes are offered")
    simulated: Path | None = setting(
        None, "profile of a simulated backend, relative to this file; read by `up` and `backend`"
    )


@dataclass(frozen=True)
class Upstream:
    """How the aggregator talks to backends. All times are in seconds."""

    connect_timeout: float = setting(3.0, "for opening a connection", at_least(0.05))
    read_timeout: float = setting(20.0, "between two pieces of an answer", at_least(0.05))
    metadata_deadline: float = setting(
        30.0, "for one metadata document, in the background", at_least(0.05)
    )
    probe_deadline: float = setting(
        5.0, "for a look whether a backend answers, in the background", at_least(0.05)
    )
    listing_deadline: float = setting(
        5.0, "for a listing over several backends; late ones are missing", at_least(0.05)
    )
    request_deadline: float = setting(
        30.0, "for one request to one backend, such as creating a job", at_least(0.05)
    )
    result_deadline: float = setting(
        300.0, "for a synchronous result, until its last byte", at_least(0.05)
    )
    transfer_deadline: float = setting(
        3600.0, "for the upload or download of one file, until its last byte", at_least(0.05)
    )
    detail_deadline: float = setting(
        4.0, "for the first view of a collection's full metadata", at_least(0.05)
    )
    first_answer_deadline: float = setting(
        8.0, "that the first requests after a start wait for metadata", at_least(0)
    )
    max_metadata_bytes: int = setting(
        256 * 1024 * 1024, "size limit of a metadata document", at_least(1024)
    )
    max_answer_bytes: int = setting(
        32 * 1024 * 1024, "size limit of any other JSON answer", at_least(1024)
    )
    refresh_interval: float = setting(
        120.0, "between two refreshes of a backend's metadata", at_least(0.05)
    )
    probe_interval: float = setting(
        10.0, "between two looks at a backend that is online", at_least(0.05)
    )
    offline_probe_interval: float = setting(
        2.0, "between two looks at a backend that is offline, at most", at_least(0.05)
    )
    failures_before_offline: int = setting(
        3,
        "failed requests in a row after which nothing is asked until a probe succeeds",
        at_least(1),
    )
    connections: int = setting(128, "threads that ask backends, per worker", at_least(1))
    proxy: str | None = setting(None, "HTTP proxy for all requests to backends", http_url)


@dataclass(frozen=True)
class Ranking:
    """Which of several able backends takes a request."""

    policy: str = setting(
        "order",
        "how able backends are ranked where a request does not say (`federation:policy`); see "
        "docs/policies.md",
        one_of("order", "cheapest", "least_loaded", "most_available", "spread"),
    )
    load_interval: float = setting(
        5.0, "seconds between two looks at how many jobs are under way where", at_least(0.05)
    )
    uptime_interval: float = setting(
        60.0, "seconds between two looks at the monitor's numbers", at_least(0.05)
    )


@dataclass(frozen=True)
class RemoteProcesses:
    """Definitions of processes at addresses that users name (`namespace`)."""

    hosts: tuple[str, ...] = setting(
        (), "hosts from which they may be fetched, as patterns: *.example.org, example.org:8443"
    )
    private: bool = setting(
        False, "whether these hosts may lie in private networks and be asked by http"
    )
    deadline: float = setting(5.0, "seconds for one of them", at_least(0.05))


@dataclass(frozen=True)
class Identity:
    """Whose tokens are taken, and what their users must be entitled to. Times are in seconds."""

    trusted_issuers: tuple[str, ...] = setting(
        (),
        "issuers whose tokens are taken, and no others; if left empty, those that members know, "
        "whose users stored processes and credits tell apart by `sub` alone",
        http_urls,
    )
    audience: tuple[str, ...] = setting(
        (), "accepted values of a token's claim `aud`, any of them; if left empty, any"
    )
    authorized_parties: tuple[str, ...] = setting(
        (), "clients (claim `azp` or `client_id`) whose tokens are taken; if left empty, any"
    )
    leeway: float = setting(30.0, "by which the clocks of an issuer may differ", at_least(0))
    key_refresh_interval: float = setting(
        600.0, "between two looks at an issuer's keys, in the background", at_least(0.05)
    )
    unknown_key_interval: float = setting(
        30.0,
        "between two looks for a key that a token names and that is not known",
        at_least(0.05),
    )
    deadline: float = setting(
        5.0, "for fetching an issuer's keys; requests wait for it at most so long", at_least(0.05)
    )
    entitlement_claims: tuple[str, ...] = setting(
        ("eduperson_entitlement",), "claims with entitlements; a dot leads into an object"
    )
    subscription_claims: tuple[str, ...] = setting(
        ("subscriptions", "roles", "realm_access.roles"),
        "claims with the roles that say what a user has subscribed to",
    )
    required_entitlements: tuple[str, ...] = setting(
        (), "users must have one of these entitlements; patterns (*, ?)"
    )
    required_subscriptions: tuple[str, ...] = setting(
        (), "users must have one of these subscriptions; patterns (*, ?)"
    )
    join_url: str | None = setting(
        None, "page on which users get the entitlements and subscriptions they lack", page_url
    )
    simulated: Path | None = setting(
        None,
        "configuration of a provider of OpenID Connect for local use, relative to this file; "
        "read by `up` and `identity`",
    )


@dataclass(frozen=True)
class Terms:
    """What users must agree to before their data go to the members; off without a version."""

    version: str | None = setting(
        None, "version of the terms; users are asked again when it changes", not_blank
    )
    url: str | None = setting(None, "page with the terms", page_url)
    text: str = setting("", "the terms themselves, or a summary, as plain text")
    privacy_url: str | None = setting(None, "page with the privacy policy", page_url)


@dataclass(frozen=True)
class Accounting:
    """Credits and usage: who may spend what where. Without this section nothing is counted."""

    pricing: Path = setting(
        Path("pricing"), "directory with a file of rates per provider, relative to this file"
    )
    default_subscriptions: tuple[str, ...] = setting(
        ("general",), "subscriptions of users whose login names none, such as one with a password"
    )
    hold_time: float = setting(
        3 * 86400.0, "seconds that credits are put aside for a job or service at most", at_least(1)
    )
    report_patience: float = setting(
        3600.0, "seconds after the end of a job in which its usage report must come", at_least(0)
    )
    reconcile_interval: float = setting(
        60.0, "seconds between two looks for credits put aside in vain", at_least(0.05)
    )


@dataclass(frozen=True)
class Splitting:
    """One process over several backends, as a federated job. All times are in seconds."""

    enabled: bool = setting(
        True, "whether a process that no single backend can run is split over several"
    )
    parallel_parts: int = setting(
        4, "parts of one job that are at the same backend at once", at_least(1)
    )
    patience: float = setting(
        86400.0,
        "that a part waits for a backend that is away, or for its user to log in again",
        at_least(0),
    )
    longest_pause: float = setting(
        30.0, "between two looks at a part; short jobs are looked at more often", at_least(0.05)
    )
    lease: float = setting(
        10.0, "after which another worker takes over from one that has gone", at_least(0.1)
    )
    synchronous_bytes: int = setting(
        64 * 1024 * 1024,
        "estimated bytes that parts hand on, at most, where the user waits for the result",
        at_least(0),
    )
    exchange_bytes: int = setting(
        2_000_000_000,
        "estimated bytes that a part reads of others, at most: what members can load at once; 0: "
        "any number. What is not known is tried",
        at_least(0),
    )
    most_tiles: int = setting(
        500, "tiles into which the area of a job can be divided; 0: areas are not", at_least(0)
    )


@dataclass(frozen=True)
class Availability:
    """How members are monitored and judged. Times are in seconds, unless their names say more."""

    interval: float = setting(300.0, "between two probes of a member", at_least(0.05))
    jitter: float = setting(0.1, "share of the interval by which probes are spread", at_least(0))
    deadline: float = setting(10.0, "for one probe, until its last byte", at_least(0.05))
    probe: str = setting(
        "capabilities",
        "what is asked: `capabilities` (GET / of the API) or `health` (GET /health of the API or "
        "of its host, and GET / where there is none)",
        one_of("capabilities", "health"),
    )
    runs_inside: bool = setting(
        False, "whether the aggregator's workers run the monitor too; otherwise `monitor` does"
    )
    lease: float = setting(
        30.0, "after which another monitor takes over from one that has gone", at_least(0.1)
    )
    keep_probes_days: int = setting(8, "days that single probes are kept", at_least(1))
    stale_intervals: int = setting(
        3, "intervals without a probe after which nothing is known of a member", at_least(1)
    )
    failures_to_open: int = setting(3, "failures in a row that open an incident", at_least(1))
    successes_to_close: int = setting(2, "successes in a row that close it", at_least(1))
    closing_delay: float = setting(
        3600.0, "after the end of a month until it is judged and frozen", at_least(0)
    )
    stable_percent: float = setting(99.5, "least uptime of a stable month", percent)
    stable_at_limit: bool = setting(
        True, "whether a month of exactly that is stable (contract's text; not in its flowchart)"
    )
    months_to_unstable: int = setting(
        2, "months in a row below it that make a member unstable", at_least(1)
    )
    warning_percent: float = setting(95.0, "a month below this brings a warning", percent)
    grace_warning_percent: float = setting(90.0, "the same in the grace period", percent)
    grace_months: int = setting(3, "months of a new member's grace period", at_least(0))
    grace_from_full_month: bool = setting(
        True, "whether they count from the first full month, not from the month of joining"
    )
    grace_warnings_count: bool = setting(
        True, "whether warnings of the grace period count towards exclusion"
    )
    row_spans_grace: bool = setting(
        True, "whether months in a row may begin in the grace period and end after it"
    )
    warnings_to_exclude: int = setting(2, "warnings that lead to exclusion", at_least(1))
    warning_window_months: int = setting(
        6, "within so many months, the judged one and those before it", at_least(1)
    )
    automatic_exclusion: bool = setting(
        False, "whether exclusion follows by itself; otherwise an operator decides"
    )
    automatic_readmission: bool = setting(
        False, "whether readmission follows by itself after improvement"
    )
    months_to_improve: int = setting(
        1, "stable full months in a row that show an excluded member's improvement", at_least(1)
    )
    unstable_after_readmission: bool = setting(
        False, "whether a readmitted member begins as unstable"
    )
    warnings_survive_exclusion: bool = setting(
        False, "whether warnings from before an exclusion count after it"
    )
    judge_partial_months: bool = setting(
        False, "whether a month in which a member joined or was readmitted is judged"
    )
    least_coverage_percent: float = setting(
        50.0, "share of the probes due in a month without which it is not judged", percent
    )
    maintenance_notice_hours: float = setting(
        0.0, "by which maintenance is announced before it begins so as not to count", at_least(0)
    )
    maintenance_longest_hours: float = setting(
        0.0, "of one maintenance that do not count at most; 0: all", at_least(0)
    )
    collection_percent: float = setting(
        98.0,
        "least uptime of non-experimental collections, for which their backend's stands",
        percent,
    )
    breaking_notice_months: int = setting(
        3, "months ahead that breaking changes and removals are announced", at_least(0)
    )
    breaking_recommended_months: int = setting(
        6, "months ahead that are recommended (the contract's other reading)", at_least(0)
    )
    operator_tokens: tuple[str, ...] = setting(
        (), "SHA-256 digests of tokens by which programs act as operators here", digests
    )
    webhooks: tuple[str, ...] = setting(
        (), "addresses that are told of changes by signed POST requests", http_urls
    )
    webhook_secret: str | None = setting(
        None, "secret that signs them, as whsec_ and base64; required with webhooks"
    )
    webhook_deadline: float = setting(10.0, "for telling one of them once", at_least(0.05))
    webhook_private_addresses: bool = setting(
        False, "whether they may be at addresses that are not public, such as 127.0.0.1"
    )
