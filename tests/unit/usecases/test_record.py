"""The record of availability: written once, judged once, frozen; in both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from aggregator.health.maintenance import Window
from aggregator.health.policy import Policy
from aggregator.health.uptime import Uptime, uptime_of
from aggregator.moments import DAY, HOUR, day_start, month_bounds
from aggregator.storage.database import Database
from aggregator.storage.events import due_deliveries, read_events
from aggregator.storage.lease import Lease
from aggregator.storage.notices import add_window, read_incidents
from aggregator.storage.observations import read_days, read_observations, read_tracks
from aggregator.storage.verdicts import read_months
from aggregator.usecases.operations import Operations
from aggregator.usecases.record import LeaseLost, Record
from tests.fakes.health import STEP, month, probes

MARCH = day_start("2026-03-14")
# Six probes a day are quick, and give the same shares.
SPARSE = 4 * HOUR
POLICY = Policy(probe_interval=SPARSE, stale_after=3 * SPARSE)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.dispose()


@pytest.fixture
def record(database: Database) -> Record:
    return Record(database, Policy())


@pytest.fixture
def sparse(database: Database) -> Record:
    return Record(database, POLICY)


def kinds(database: Database) -> list[str]:
    with database.read() as connection:
        return [event.kind for event in reversed(read_events(connection, 100))]


def test_days_and_incidents_follow_from_observations(record: Record, database: Database) -> None:
    down = (MARCH + HOUR, MARCH + 2 * HOUR)
    record.observe(probes(MARCH, MARCH + DAY, down=(down,)))
    with database.read() as connection:
        [day] = read_days(connection, "2026-03-14", "2026-03-14")
        [incident] = read_incidents(connection, limit=10)
        assert len(read_observations(connection, "terra", 0)) == 288
    assert (day.up, day.down, day.first, day.last) == (276, 12, MARCH, MARCH + DAY - STEP)
    assert (incident.id, incident.opened, incident.closed) == (f"terra-{down[0]}", *down)
    assert (incident.noticed, incident.error) == (down[0] + 2 * STEP, "connection")
    assert kinds(database) == ["incident-opened", "incident-closed"]


def test_what_is_public_of_an_incident_names_no_address(record: Record, database: Database) -> None:
    record.observe(probes(MARCH, MARCH + HOUR, down=((MARCH, MARCH + HOUR),)))
    with database.read() as connection:
        [event] = read_events(connection, 10)
        [incident] = read_incidents(connection, limit=1)
    assert event.text == (
        "terra does not answer since 2026-03-14T00:00:00Z: no connection could be made."
    )
    assert incident.detail == "refused at 10.0.0.7"


def test_it_does_not_matter_in_how_many_parts_observations_come(
    record: Record, database: Database, url: str
) -> None:
    seen = probes(MARCH, MARCH + 2 * DAY, down=((MARCH + 9 * HOUR, MARCH + 30 * HOUR),))
    chance = random.Random(7)
    while seen:
        size = chance.randint(1, 90)
        part, seen = seen[:size], seen[size:]
        chance.shuffle(part)
        Record(database, Policy()).observe(part)
    with database.read() as connection:
        days = read_days(connection, "2026-03-14", "2026-03-15")
        [incident] = read_incidents(connection, limit=10)
    assert uptime_of(days) == Uptime(576 - 252, 576)
    assert (incident.opened, incident.closed) == (MARCH + 9 * HOUR, MARCH + 30 * HOUR)


def test_what_was_seen_is_not_counted_again(record: Record, database: Database) -> None:
    seen = probes(MARCH, MARCH + HOUR)
    record.observe(seen)
    again = record.observe([*seen, *probes(MARCH + HOUR, MARCH + 2 * HOUR)])
    assert again == 12
    with database.read() as connection:
        assert read_days(connection, "2026-03-14", "2026-03-14")[0].up == 24


def test_a_clock_that_goes_back_makes_no_time_count_twice(
    record: Record, database: Database
) -> None:
    record.observe(probes(MARCH + HOUR, MARCH + 2 * HOUR))
    back = record.observe(probes(MARCH, MARCH + 3 * HOUR, step=STEP // 5))
    with database.read() as connection:
        seen = read_observations(connection, "terra", 0)
    assert back == 180 - 116  # those until the last one known are passed over
    assert [one.at for one in seen] == sorted({one.at for one in seen})


def test_a_restart_in_the_middle_of_an_incident_changes_nothing(url: str) -> None:
    seen = probes(MARCH, MARCH + HOUR, down=((MARCH + 10 * 60_000, MARCH + 40 * 60_000),))
    for one in seen:  # a new program for each observation
        database = Database(url)
        Record(database, Policy()).observe([one])
        database.dispose()
    database = Database(url)
    assert kinds(database) == ["incident-opened", "incident-closed"]
    with database.read() as connection:
        assert read_tracks(connection)["terra"].state == "up"
    database.dispose()


def test_announced_maintenance_is_counted_apart(record: Record, database: Database) -> None:
    window = Window("w", "terra", MARCH + HOUR, MARCH + 3 * HOUR, announced=MARCH)
    with database.write() as connection:
        add_window(connection, window, entered=MARCH, by="olga")
    record.observe(probes(MARCH, MARCH + DAY, down=((MARCH + HOUR, MARCH + 2 * HOUR),)))
    with database.read() as connection:
        [day] = read_days(connection, "2026-03-14", "2026-03-14")
    assert (day.up, day.down, day.excused_up, day.excused_down) == (264, 0, 12, 12)
    assert kinds(database) == []


def test_maintenance_that_is_entered_late_counts_while_probes_are_kept(
    record: Record, database: Database
) -> None:
    down = (MARCH + HOUR, MARCH + 2 * HOUR)
    record.observe(probes(MARCH, MARCH + DAY, down=(down,)))
    window = Window("w", "terra", *down, announced=MARCH)
    with database.write() as connection:
        add_window(connection, window, entered=MARCH + DAY, by="olga")
        record.recount(connection, window)
        [day] = read_days(connection, "2026-03-14", "2026-03-14")
    assert (day.up, day.down, day.excused_down) == (276, 0, 12)
    record.prune(MARCH + 2 * DAY)
    with database.write() as connection, pytest.raises(ValueError, match="no longer kept"):
        record.recount(connection, window)


def test_only_whole_days_are_pruned(record: Record, database: Database) -> None:
    record.observe(probes(MARCH, MARCH + 2 * DAY))
    assert record.prune(MARCH + DAY + HOUR) == 288
    with database.read() as connection:
        assert read_observations(connection, "terra", 0)[0].at == MARCH + DAY
        assert len(read_days(connection, "2026-03-14", "2026-03-15")) == 2


def test_observations_too_old_to_be_kept_count_all_the_same(
    record: Record, database: Database
) -> None:
    record.observe(probes(MARCH, MARCH + 2 * DAY), raw_since=MARCH + DAY)
    with database.read() as connection:
        assert len(read_observations(connection, "terra", 0)) == 288
        assert uptime_of(read_days(connection, "2026-03-14", "2026-03-15")).counted == 576


def test_a_month_is_closed_once_after_its_end(sparse: Record, database: Database) -> None:
    sparse.observe(month("2026-04", 1, step=SPARSE))
    end = month_bounds("2026-04")[1]
    assert sparse.close_months(end + HOUR - 1, delay=HOUR) == []
    [verdict] = sparse.close_months(end + HOUR, delay=HOUR)
    assert sparse.close_months(end + 2 * HOUR) == []
    with database.read() as connection:
        [kept] = read_months(connection)
    assert (kept.verdict, kept.closed, kept.policy) == (verdict, end + HOUR, POLICY)
    assert verdict.evidence.uptime == Uptime(179, 180)
    assert verdict.evidence.number == 1
    assert kinds(database) == ["verdict"]


def test_months_are_closed_once_when_many_try(sparse: Record, database: Database) -> None:
    for name in ("2026-02", "2026-03", "2026-04"):
        sparse.observe(month(name, step=SPARSE))
    now = month_bounds("2026-04")[1]
    with ThreadPoolExecutor(8) as pool:
        found = [
            v for f in [pool.submit(sparse.close_months, now) for _ in range(8)] for v in f.result()
        ]
    assert [v.evidence.month for v in found] == ["2026-02", "2026-03", "2026-04"]


def test_the_state_is_carried_from_month_to_month(sparse: Record, database: Database) -> None:
    for number, failures in enumerate((20, 40, 40), start=2):
        sparse.observe(month(f"2026-0{number}", failures, step=SPARSE))
    closed = sparse.close_months(month_bounds("2026-04")[1])
    assert [(v.standing, v.warned, v.proposal) for v in closed] == [
        ("stable", True, ""),  # 88.09 %, in the grace period
        ("unstable", True, "exclude"),
        ("unstable", True, "exclude"),
    ]
    assert closed[-1].after.warnings == ("2026-02", "2026-03", "2026-04")
    assert kinds(database).count("standing") == 1


def test_decisions_between_months_are_carried_on(database: Database) -> None:
    policy = replace(POLICY, automatic_exclusion=True)
    record = Record(database, policy, joined={"terra": day_start("2025-01-01")})
    operations = Operations(record, ["terra"], lambda: day_start("2026-06-20") / 1000)
    for name in ("2026-03", "2026-04"):
        record.observe(month(name, 40, step=SPARSE))
    closed = record.close_months(month_bounds("2026-04")[1])
    assert [(v.standing, v.warned, v.proposal) for v in closed] == [
        ("stable", True, ""),
        ("excluded", True, ""),
    ]
    record.observe(month("2026-05", step=SPARSE))
    [may] = record.close_months(month_bounds("2026-05")[1])
    assert (may.standing, may.proposal) == ("excluded", "readmit")
    record.observe(month("2026-06", 60, step=SPARSE))
    operations.decide("terra", "readmit", "It was up all of May.", by="olga")
    [june] = record.close_months(month_bounds("2026-06")[1])
    assert (june.judged, june.standing, june.evidence.full) == (False, "stable", False)
    record.observe(month("2026-07", 60, step=SPARSE))
    [july] = record.close_months(month_bounds("2026-07")[1])
    assert (july.standing, july.after.warnings) == ("stable", ("2026-07",))
    assert [kind for kind in kinds(database) if kind in ("standing", "decision")] == [
        "standing",
        "decision",
        "standing",
    ]


@pytest.mark.parametrize("policy", [POLICY, replace(POLICY, judge_partial_months=True)])
def test_months_before_a_member_joined_are_not_judged(database: Database, policy: Policy) -> None:
    record = Record(database, policy, joined={"terra": day_start("2026-04-01")})
    for name in ("2026-02", "2026-03", "2026-04"):
        record.observe(month(name, 60, step=SPARSE))
    *before, april = record.close_months(month_bounds("2026-04")[1])
    assert [(v.judged, v.warned, v.standing) for v in before] == [(False, False, "stable")] * 2
    assert before[-1].reason.startswith("It was not in the federation for all of this month.")
    assert (april.judged, april.standing, april.after.warnings) == (True, "stable", ("2026-04",))


def test_the_month_before_a_readmission_is_not_judged_afterwards(sparse: Record) -> None:
    end = month_bounds("2026-04")[1]
    operations = Operations(sparse, ["terra"], lambda: (end + HOUR // 2) / 1000)
    sparse.observe(month("2026-04", 60, step=SPARSE))
    operations.decide("terra", "exclude", "It was down for days.", by="olga")
    operations.decide("terra", "readmit", "The disks are new.", by="olga")
    [april] = sparse.close_months(end + HOUR, delay=HOUR)
    assert (april.judged, april.standing, april.after.warnings) == (False, "stable", ())


def test_a_month_that_was_over_shows_no_improvement_of_a_member_excluded_since(
    database: Database,
) -> None:
    end = month_bounds("2026-04")[1]
    record = Record(database, replace(POLICY, automatic_readmission=True))
    operations = Operations(record, ["terra"], lambda: (end + HOUR // 2) / 1000)
    record.observe([*month("2026-04", step=SPARSE), *month("2026-05", step=SPARSE)])
    operations.decide("terra", "exclude", "Two warnings, no answer.", by="olga")
    [april] = record.close_months(end + HOUR, delay=HOUR)
    assert (april.judged, april.standing, april.proposal) == (False, "excluded", "")
    assert april.reason == (
        "It was over when the member was excluded. It is not judged: the member stays excluded."
    )
    [may] = record.close_months(month_bounds("2026-05")[1])
    assert (may.judged, may.standing) == (True, "stable")


def test_a_month_without_the_monitor_is_closed_and_not_judged(
    sparse: Record, database: Database
) -> None:
    sparse.observe([*month("2026-02", step=SPARSE), *month("2026-04", step=SPARSE)])
    closed = sparse.close_months(month_bounds("2026-04")[1])
    assert [(v.evidence.month, v.judged) for v in closed] == [
        ("2026-02", True),
        ("2026-03", False),
        ("2026-04", True),
    ]


def test_a_late_observation_of_a_closed_month_is_passed_over(
    sparse: Record, database: Database
) -> None:
    start, end = month_bounds("2026-04")
    sparse.observe(probes(start, end - DAY, step=SPARSE))
    sparse.close_months(end)
    late = sparse.observe(probes(end - DAY, end + DAY, step=SPARSE))
    assert late == 6


def test_only_the_holder_of_the_lease_writes(record: Record, database: Database) -> None:
    first = Lease(database, "monitor", "one", 60)
    second = Lease(database, "monitor", "two", 60)
    assert first.acquire()
    assert not second.acquire()
    record.observe(probes(MARCH, MARCH + HOUR), first)
    with pytest.raises(LeaseLost):
        record.observe(probes(MARCH + HOUR, MARCH + 2 * HOUR), second)
    with pytest.raises(LeaseLost):
        record.close_months(MARCH + 60 * DAY, lease=second)
    first.release()
    assert second.acquire()
    record.observe(probes(MARCH + HOUR, MARCH + 2 * HOUR), second)


def test_a_webhook_is_told_of_each_event_that_was_written(database: Database) -> None:
    record = Record(database, Policy(), targets=["https://chat.example/hook"])
    record.observe(probes(MARCH, MARCH + HOUR, down=((MARCH, MARCH + HOUR),)))
    with database.read() as connection:
        [made] = due_deliveries(connection, MARCH + HOUR)
    assert (made.event.kind, made.target, made.attempts) == (
        "incident-opened",
        "https://chat.example/hook",
        0,
    )
