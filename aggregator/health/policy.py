"""The contract's numbers, and every choice that it leaves open, with the default that holds here.

`Policy()` is the contract as this federation reads it. The settings under `availability` have the
same names and defaults (see `docs/settings.md`); `docs/availability.md` says why each is as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

WHOLE = 100_000
"""A share of 100 %: shares are thousandths of a percent."""


@dataclass(frozen=True)
class Policy:
    """How availability is judged. Shares in thousandths of a percent, times in milliseconds."""

    probe_interval: int = 300_000
    """Between two probes of a member."""
    stale_after: int = 900_000
    """Without a probe for so long nothing is known, and a row of failures begins anew."""
    failures_to_open: int = 3
    """Failures in a row that open an incident."""
    successes_to_close: int = 2
    """Successes in a row that close it."""

    stable: int = 99_500
    """The least uptime of a stable month."""
    stable_at_limit: bool = True
    """Whether a month of exactly that is stable (text), or changes nothing (flowchart)."""
    months_to_unstable: int = 2
    """Months in a row below it that make a member unstable."""
    warning: int = 95_000
    """A month below this brings a warning."""
    grace_warning: int = 90_000
    """The same in a new member's grace period."""
    grace_months: int = 3
    """How many months that is."""
    grace_from_full_month: bool = True
    """Whether it counts from the first full month; otherwise the month of joining is its first."""
    grace_warnings_count: bool = True
    """Whether a warning of the grace period counts towards exclusion."""
    row_spans_grace: bool = True
    """Whether months in a row below the limit may begin in the grace period and end after it."""
    warnings_to_exclude: int = 2
    """Warnings that lead to exclusion ..."""
    warning_window: int = 6
    """... within so many months, the judged one and those before it."""

    automatic_exclusion: bool = False
    """Whether exclusion follows by itself; otherwise it is proposed, and an operator decides."""
    automatic_readmission: bool = False
    """Whether readmission follows by itself after improvement."""
    months_to_improve: int = 1
    """Months in a row, stable and in full, that show an excluded member's improvement."""
    unstable_after_readmission: bool = False
    """Whether a member that comes back begins as unstable."""
    warnings_survive_exclusion: bool = False
    """Whether warnings from before an exclusion count afterwards."""

    judge_partial_months: bool = False
    """Whether the month in which a member joined or came back is judged."""
    least_coverage: int = 50_000
    """Share of the probes due in a month (outside maintenance) without which it is not judged."""
    maintenance_notice: int = 0
    """How long before its beginning maintenance has to be announced so as not to count."""
    maintenance_longest: int = 0
    """How much of one window does not count at most; 0: all of it."""
    collection: int = 98_000
    """The least uptime of non-experimental collections, for which their backend's stands."""
    breaking_notice_months: int = 3
    """How many months ahead breaking changes and removals have to be announced."""
    breaking_recommended_months: int = 6
    """How many are recommended: the other reading."""
