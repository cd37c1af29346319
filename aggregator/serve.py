"""The aggregator as a program: gunicorn with threads, configured by the federation's settings."""

from __future__ import annotations

import gc
import logging
import sys
from pathlib import Path
from typing import Any, TextIO

from gunicorn.app.base import BaseApplication

from aggregator.app import create_app
from aggregator.errors import DatabaseUnavailable
from aggregator.ledger.pricing import TariffError
from aggregator.settings import Accounting, Settings, SettingsError, load
from aggregator.storage.database import Database
from aggregator.storage.tariffs import load_tariffs
from aggregator.usecases.tokens import sealing_key
from aggregator.web.logs import FORMAT, Discreet, ServerLog
from aggregator.web.worker import Worker

# A sealed token holds a token of each backend.
HEADER_BYTES = 64 * 1024
GRACE_SECONDS = 5
# Objects after which garbage is looked for. By Python's 700, large documents are gone through so
# often while they are read and merged that a start takes two thirds longer.
GARBAGE = 20_000


class _Server(BaseApplication):  # type: ignore[misc]
    """Each worker makes its own app after the fork, so that its threads and sockets are its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in _options(self._settings).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        gc.set_threshold(GARBAGE, 20, 20)
        app = create_app(self._settings)
        app.extensions["federation"].start()
        return app


def serve(settings_path: str | Path) -> int:
    """Serve a federation until SIGTERM or SIGINT; the exit status.

    Raises SettingsError for settings that cannot be used, also for rates that cannot be read and
    for a database that cannot be opened, and SealingKeyError.
    """
    settings = load(settings_path)
    _log_to(sys.stderr, settings.log_level)
    sealing_key(settings.sealing_key, settings.data_directory)
    _try_rates(settings.accounting, str(settings_path))
    _try_database(settings.database_url, str(settings_path))
    try:
        _Server(settings).run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _log_to(stream: TextIO, level: str) -> None:
    """Log what the format shows and gather nothing else (as the logging HOWTO advises)."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Discreet(FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def _try_rates(accounting: Accounting | None, source: str) -> None:
    try:
        if accounting is not None:
            load_tariffs(accounting.pricing)
    except TariffError as error:
        mistakes = tuple(f"accounting.pricing: {mistake}" for mistake in error.mistakes)
        raise SettingsError(mistakes, source) from error


def _try_database(url: str, source: str) -> None:
    """Opens the database once, before anything is forked, to complain where an operator reads."""
    try:
        database = Database(url)
        database.create()
        database.dispose()
    except DatabaseUnavailable as error:
        raise SettingsError((f"database: cannot be opened: {error.reason}",), source) from error
    except ModuleNotFoundError as error:
        wanted = "in a clone of openeo-federation: pip install '.[postgresql]'"
        mistake = f"database: this needs {error.name}, which is missing; install it {wanted}"
        raise SettingsError((mistake,), source) from error


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "bind": [settings.bind],
        "workers": settings.workers,
        "worker_class": Worker,
        "threads": settings.threads,
        "keepalive": 30,
        # Threads answer the arbiter whatever requests take; this is for a worker that hangs.
        "timeout": 60,
        "graceful_timeout": GRACE_SECONDS,
        "limit_request_field_size": HEADER_BYTES,
        "limit_request_line": 8190,
        "worker_exit": _worker_exit,
        "accesslog": None,
        "errorlog": "-",
        "logger_class": ServerLog,
        "loglevel": "warning",
        "proc_name": "openeo-aggregator",
        "preload_app": False,
        "control_socket_disable": True,
    }


def _worker_exit(_server: object, worker: Any) -> None:
    federation = getattr(getattr(worker, "wsgi", None), "extensions", {}).get("federation")
    if federation is not None:
        federation.stop()
