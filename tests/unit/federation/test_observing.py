"""The federation as it is now, looked at without leaving a trace."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from aggregator.settings import Settings, read
from aggregator.storage.database import Database
from aggregator.usecases.operations import Operations
from aggregator.usecases.watching import record_of
from scripts.federation.observing import observed


def settings(tmp_path: Path) -> Settings:
    document = {
        "backends": {"terra": {"url": "http://127.0.0.1:1/1.3"}},
        "data_directory": str(tmp_path / "data"),
        "availability": {"runs_inside": True, "interval": 0.05, "deadline": 0.05},
    }
    return read(document)


def test_who_is_excluded_is_read_in_the_record(tmp_path: Path) -> None:
    given = settings(tmp_path)
    database = Database(given.database_url)
    operations = Operations(record_of(given, database), given.order, time.time)
    operations.decide("terra", "exclude", "Down.", by="olga")
    database.dispose()
    with observed(given, seconds=5) as found:
        assert found.catalogue.known(found.view)["terra"].excluded.endswith(": Down")


def test_nothing_is_stored_and_nothing_monitored(tmp_path: Path) -> None:
    with observed(settings(tmp_path), seconds=5) as found:
        assert found.catalogue.known(found.view)["terra"].excluded == ""
        assert "monitor" not in [thread.name for thread in threading.enumerate()]
    assert not (tmp_path / "data").exists()
