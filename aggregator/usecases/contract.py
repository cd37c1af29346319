"""The contract's policy, as an operator has set it."""

from __future__ import annotations

from datetime import UTC, datetime, time

from aggregator.health.policy import Policy
from aggregator.moments import DAY, HOUR, moment_of
from aggregator.settings import Availability, Settings


def policy_of(availability: Availability) -> Policy:
    """The settings as whole numbers: thousandths of a percent, milliseconds."""
    interval = _milliseconds(availability.interval)
    return Policy(
        probe_interval=interval,
        stale_after=interval * availability.stale_intervals,
        failures_to_open=availability.failures_to_open,
        successes_to_close=availability.successes_to_close,
        stable=_share(availability.stable_percent),
        stable_at_limit=availability.stable_at_limit,
        months_to_unstable=availability.months_to_unstable,
        warning=_share(availability.warning_percent),
        grace_warning=_share(availability.grace_warning_percent),
        grace_months=availability.grace_months,
        grace_from_full_month=availability.grace_from_full_month,
        grace_warnings_count=availability.grace_warnings_count,
        row_spans_grace=availability.row_spans_grace,
        warnings_to_exclude=availability.warnings_to_exclude,
        warning_window=availability.warning_window_months,
        automatic_exclusion=availability.automatic_exclusion,
        automatic_readmission=availability.automatic_readmission,
        months_to_improve=availability.months_to_improve,
        unstable_after_readmission=availability.unstable_after_readmission,
        warnings_survive_exclusion=availability.warnings_survive_exclusion,
        judge_partial_months=availability.judge_partial_months,
        least_coverage=_share(availability.least_coverage_percent),
        maintenance_notice=round(availability.maintenance_notice_hours * HOUR),
        maintenance_longest=round(availability.maintenance_longest_hours * HOUR),
        collection=_share(availability.collection_percent),
        breaking_notice_months=availability.breaking_notice_months,
        breaking_recommended_months=availability.breaking_recommended_months,
    )


def joined_of(settings: Settings) -> dict[str, int]:
    """The moments at which members joined, of those whose settings say so."""
    return {
        backend.id: moment_of(datetime.combine(backend.joined, time(), UTC))
        for backend in settings.backends
        if backend.joined is not None
    }


def kept_since(settings: Availability, now: int) -> int:
    """From which moment on single probes are kept."""
    return now - settings.keep_probes_days * DAY


def _share(percent: float) -> int:
    return round(percent * 1000)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
