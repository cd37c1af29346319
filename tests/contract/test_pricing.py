"""The simulated backends' own prices are those that the federation publishes."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.ledger.reports import read_resources
from aggregator.storage.tariffs import load_tariffs
from backends.accounting.reports import Reports
from backends.jobs.records import Job, Kind, NewJob, Usage
from backends.jobs.store import Store
from backends.jobs.usage import costs_of
from backends.profile_reading import load_profile
from tests.fakes.clocks import Clock

CONFIG = Path(__file__).resolve().parents[2] / "config"
PROVIDERS = ("terra", "aurora", "boreal")
USAGES = (
    Usage(),
    Usage(cpu=5099, memory=13_400_773, duration=900),
    Usage(cpu=0.7, memory=420.5, duration=1.234),
    Usage(cpu=1e6, memory=1e9, duration=1e5),
)


def a_job(kind: Kind, plan: str, folder: Path) -> Job:
    store = Store(folder / "jobs.sqlite")
    job = store.add(NewJob("j-1", "alice", kind, {}, plan=plan), Clock()())
    store.delete(job.id)
    store.close()
    return job


@pytest.mark.parametrize("usage", USAGES)
@pytest.mark.parametrize("kind", ["batch", "sync"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_a_backend_expects_is_what_the_federation_charges(
    provider: str, kind: Kind, usage: Usage, tmp_path: Path
) -> None:
    profile = load_profile(CONFIG / "backends" / f"{provider}.yaml")
    tariff = load_tariffs(CONFIG / "pricing").of(provider)
    assert profile.accounting is not None
    reports = Reports(profile.accounting.source, profile.billing)
    for plan in profile.billing.plans:
        batch, job = kind == "batch", a_job(kind, plan.name, tmp_path)
        costs = costs_of(usage, profile.billing, batch=batch, plan=plan.name)
        report = reports.of_job(job, usage, "finished", Clock()(), costs=costs, fee=batch)
        items = tariff.price(read_resources(dict(report.document)))
        # Amounts are reported with three decimals, which can move each item by a thousandth.
        assert sum(item.cost for item in items) == pytest.approx(costs * 1000, abs=1)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_backend_reports_as_a_client_that_may_report_for_it(provider: str) -> None:
    accounting = load_profile(CONFIG / "backends" / f"{provider}.yaml").accounting
    assert accounting is not None
    tariff = load_tariffs(CONFIG / "pricing").reported_by(accounting.source, accounting.client_id)
    assert tariff.provider == provider
