"""What the database itself refuses of the availability record, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from aggregator.health.announcements import Announcement
from aggregator.health.maintenance import Window
from aggregator.health.policy import Policy
from aggregator.health.standing import Decision, State
from aggregator.moments import month_bounds
from aggregator.storage import notices, verdicts
from aggregator.storage.database import Database
from aggregator.usecases.record import Record
from tests.fakes.health import month
from tests.unit.storage.conftest import postgresql_schema

COLUMN = {
    "health_month": "standing",
    "health_decision": "reason",
    "incident_note": "text",
    "maintenance": "starts",
    "announcement": "title",
    "withdrawal": "reason",
    "health_event": "title",
}
REFUSED = (DatabaseError, IntegrityError)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a record in which every table has rows and March of terra is closed."""
    if request.param == "sqlite":
        urls = iter([f"sqlite:///{tmp_path_factory.mktemp('health')}/f.sqlite"])
    else:
        urls = postgresql_schema()
    for url in urls:
        database = Database(url)
        record = Record(database, Policy())
        record.observe(month("2026-03", step=14_400_000))
        record.observe(month("2026-04", step=14_400_000))
        record.close_months(month_bounds("2026-03")[1])
        decision = Decision("terra", 5, "exclude", "olga", "why")
        with database.write() as connection:
            notices.add_window(connection, Window("w", "terra", 2, 3, 1), entered=1, by="olga")
            made = Announcement("a", "terra", "notice", "t", "", 1)
            notices.add_announcement(connection, made, entered=1, by="olga")
            notices.add_withdrawal(connection, "w", notices.Withdrawal(1, "olga", "why"))
            notices.add_note(connection, 7, "terra-1", notices.Note(1, "olga", "text"))
            verdicts.add_decision(connection, 8, decision, State("excluded"))
        database.dispose()
        yield url


@pytest.fixture
def stranger(written: str) -> Iterator[Connection]:
    """A connection that knows nothing of our care, whose changes are undone."""
    engine = create_engine(written)
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


@pytest.mark.parametrize("table", COLUMN)
def test_what_was_judged_decided_or_announced_is_never_changed(
    stranger: Connection, table: str
) -> None:
    column = COLUMN[table]
    assert stranger.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    with pytest.raises(REFUSED, match="append-only"):
        stranger.execute(text(f'UPDATE {table} SET "{column}" = "{column}"'))
    stranger.rollback()
    with pytest.raises(REFUSED, match="append-only"):
        stranger.execute(text(f"DELETE FROM {table}"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE health_day SET up = up + 1 WHERE day = '2026-03-01'",
        "DELETE FROM health_day WHERE day = '2026-03-31'",
        "INSERT INTO health_day SELECT backend, '2026-03-32', up, down, excused_up, excused_down, "
        "first, last, durations FROM health_day WHERE day = '2026-04-01'",
    ],
)
def test_the_days_of_a_closed_month_are_frozen(stranger: Connection, statement: str) -> None:
    with pytest.raises(REFUSED, match="the days of a closed month are frozen"):
        stranger.execute(text(statement))


def test_the_days_of_an_open_month_are_not(stranger: Connection) -> None:
    changed = stranger.execute(text("UPDATE health_day SET up = 1 WHERE day = '2026-04-01'"))
    assert changed.rowcount == 1


def test_observations_may_go(stranger: Connection) -> None:
    assert stranger.execute(text("DELETE FROM observation")).rowcount == 366
