"""Serving the provider under gunicorn: one process, whose threads share what it counts."""

import fcntl
import logging
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication

from backends.configuration import ProfileError
from backends.identity.app import create_app, keyring
from backends.identity.keys import KeyFileError
from backends.identity.reading import load_settings
from backends.identity.settings import Settings
from backends.identity.web.provider import KEY, Provider
from backends.identity.web.worker import Worker

LOG: Final = logging.getLogger(__name__)
THREADS: Final = 16
TIDY_SECONDS: Final = 600.0
BAD_CONFIGURATION: Final = 2
NOT_STARTED: Final = 3


def serve(path: Path, data_directory: Path) -> int:
    """Run the provider until SIGTERM or SIGINT; gives the exit status.

    0 after a clean stop, 2 for a wrong configuration (all mistakes on standard
    error), 3 where the data directory is taken or its keys cannot be read.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = load_settings(path)
    except ProfileError as error:
        return _refuse(str(error), BAD_CONFIGURATION)
    data_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            keyring(settings, data_directory, time.time)
        except BlockingIOError:
            return _refuse(f"{data_directory} is in use by another provider.", NOT_STARTED)
        except KeyFileError as error:
            return _refuse(str(error), NOT_STARTED)
        return _run(settings, data_directory.resolve())


def rotate(path: Path, data_directory: Path) -> int:
    """Let the next key sign, also in a provider that is running; gives the exit status."""
    try:
        settings = load_settings(path)
        kid = keyring(settings, data_directory, time.time).rotate()
    except (ProfileError, KeyFileError) as error:
        return _refuse(str(error), BAD_CONFIGURATION)
    print(f"From now on the key {kid} signs.")  # noqa: T201  # for the person at the terminal
    return 0


def _refuse(message: str, status: int) -> int:
    print(message, file=sys.stderr)  # noqa: T201  # for the person at the terminal
    return status


def _run(settings: Settings, data_directory: Path) -> int:
    try:
        _Server(settings, data_directory).run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _tidy(provider: Provider) -> None:
    """Forget what has expired, every ten minutes until the process ends."""
    while True:
        try:
            provider.database.tidy()
        except Exception:  # the thread must go on
            LOG.exception("Old logins could not be removed")
        time.sleep(TIDY_SECONDS)


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, settings: Settings, data_directory: Path) -> None:
        self._settings = settings
        self._data_directory = data_directory
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options().items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called in the worker, so that its threads live there."""
        app = create_app(self._settings, data_directory=self._data_directory)
        provider = app.extensions[KEY]
        threading.Thread(target=_tidy, args=(provider,), name="tidy", daemon=True).start()
        LOG.info("%s issues tokens as %s", self._settings.title, self._settings.issuer)
        return app

    def _options(self) -> Mapping[str, Any]:
        return {
            "bind": self._settings.bind,
            "workers": 1,
            "worker_class": Worker,
            "threads": THREADS,
            "timeout": 60,
            "graceful_timeout": 3,
            "keepalive": 15,
            "proc_name": "openeo-identity",
            "loglevel": "warning",
            "control_socket_disable": True,
        }
