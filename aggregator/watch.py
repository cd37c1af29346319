"""The monitor as a program: probes the members until SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from types import FrameType

from aggregator.settings import load
from aggregator.storage.database import Database
from aggregator.upstream.client import Client, Limits
from aggregator.usecases.watching import watch_of


def watch(settings_path: str | Path) -> int:
    """Watch over the members of a federation; the exit status.

    Any number of these may run: one of them probes. Raises SettingsError.
    """
    settings = load(settings_path)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    database = Database(settings.database_url)
    times = settings.upstream
    limits = Limits(times.connect_timeout, settings.availability.deadline)
    watching = watch_of(settings, database, partial(Client, limits=limits, proxy=times.proxy))
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    watching.start()
    ended.wait()
    watching.stop()
    database.dispose()
    return 0
