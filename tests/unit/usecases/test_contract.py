"""The settings and the policy say the same."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

from aggregator.health.policy import Policy
from aggregator.moments import DAY, HOUR, day_start
from aggregator.settings import Availability, Backend, Settings
from aggregator.usecases.contract import joined_of, kept_since, policy_of


def test_the_defaults_are_the_contract_as_it_is_read_here() -> None:
    assert policy_of(Availability()) == Policy()


def test_every_choice_of_the_policy_can_be_set() -> None:
    other = Availability(
        interval=60.0,
        stale_intervals=5,
        failures_to_open=2,
        successes_to_close=1,
        stable_percent=99.9,
        stable_at_limit=False,
        months_to_unstable=3,
        warning_percent=97.125,
        grace_warning_percent=80.0,
        grace_months=6,
        grace_from_full_month=False,
        grace_warnings_count=False,
        row_spans_grace=False,
        warnings_to_exclude=3,
        warning_window_months=12,
        automatic_exclusion=True,
        automatic_readmission=True,
        months_to_improve=2,
        unstable_after_readmission=True,
        warnings_survive_exclusion=True,
        judge_partial_months=True,
        least_coverage_percent=75.0,
        maintenance_notice_hours=24.0,
        maintenance_longest_hours=8.0,
        collection_percent=99.0,
        breaking_notice_months=6,
        breaking_recommended_months=12,
    )
    policy, default = policy_of(other), Policy()
    same = [f.name for f in fields(Policy) if getattr(policy, f.name) == getattr(default, f.name)]
    assert same == []
    assert (policy.warning, policy.stale_after) == (97_125, 300_000)
    assert (policy.maintenance_notice, policy.maintenance_longest) == (24 * HOUR, 8 * HOUR)


def test_a_member_joined_when_its_settings_say_so() -> None:
    terra = Backend("terra", "http://terra.test", joined=date(2025, 11, 3))
    settings = Settings((terra, Backend("aurora", "http://aurora.test")))
    assert joined_of(settings) == {"terra": day_start("2025-11-03")}


def test_single_probes_are_kept_for_days() -> None:
    assert kept_since(Availability(keep_probes_days=3), 10 * DAY) == 7 * DAY
