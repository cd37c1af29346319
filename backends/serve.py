"""Serving one backend: its HTTP side under gunicorn, its compute process beside it."""

import fcntl
import logging
import socket
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, cast

from flask import Flask
from gunicorn.app.base import BaseApplication

from backends.accounting.sender import Sender
from backends.app import STORE_FILE, create_app
from backends.configuration import ProfileError
from backends.jobs.process_engine import ProcessEngine
from backends.profile import Profile
from backends.profile_reading import load_profile
from backends.web.backend import KEY, Backend
from backends.web.worker import Worker

LOG: Final = logging.getLogger(__name__)
THREADS: Final = 16
TIDY_SECONDS: Final = 3600.0
BAD_PROFILE: Final = 2
NOT_STARTED: Final = 3


def serve(profile_path: Path, data_directory: Path) -> int:
    """Run the backend until SIGTERM or SIGINT; gives the exit status.

    0 after a clean stop, 2 for a wrong profile (all mistakes on standard
    error), 3 where the address or the data directory is taken.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        profile = load_profile(profile_path)
    except ProfileError as error:
        print(error, file=sys.stderr)  # noqa: T201  # for the person at the terminal
        return BAD_PROFILE
    data_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_directory / "lock").open("w") as lock:
        if problem := _taken(profile, lock.fileno(), data_directory):
            print(problem, file=sys.stderr)  # noqa: T201  # for the person at the terminal
            return NOT_STARTED
        return _run(profile, profile_path.resolve(), data_directory.resolve())


def compute_command(profile_path: Path, data_directory: Path) -> list[str]:
    """How the compute process of this backend is started."""
    return [
        *(sys.executable, "-m", "backends.compute"),
        *("--profile", str(profile_path)),
        *("--store", str(data_directory / STORE_FILE)),
    ]


def _taken(profile: Profile, lock: int, data_directory: Path) -> str | None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return f"{data_directory} is in use by another backend; choose another data directory."
    host, _, port = profile.bind.rpartition(":")
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bare, int(port)))
        except OSError as error:
            reason = error.strerror or str(error)
            return f"{profile.bind} cannot be used: {reason}. Choose another `bind` in the profile."
    return None


def _run(profile: Profile, profile_path: Path, data_directory: Path) -> int:
    try:
        _Server(profile, profile_path, data_directory).run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _tidy(app: Flask) -> None:
    """Remove what was kept long enough, every hour until the process ends."""
    lifecycle = cast(Backend, app.extensions[KEY]).lifecycle
    while True:
        time.sleep(TIDY_SECONDS)
        try:
            lifecycle.tidy()
        except Exception:  # the thread must go on
            LOG.exception("Old results could not be removed")


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """One worker with threads: the queue and the engine live in one process."""

    def __init__(self, profile: Profile, profile_path: Path, data_directory: Path) -> None:
        self._profile = profile
        self._profile_path = profile_path
        self._data_directory = data_directory
        self._engine: ProcessEngine | None = None
        self._sender: Sender | None = None
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings().items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called in the worker, so that its threads and the engine's live there."""
        command = compute_command(self._profile_path, self._data_directory)
        self._engine = ProcessEngine(command)
        LOG.info("%s serves %s", self._profile.title, self._profile.api_url)
        app = create_app(self._profile, data_directory=self._data_directory, engine=self._engine)
        threading.Thread(target=_tidy, args=(app,), name="tidy", daemon=True).start()
        self._sender = cast(Backend, app.extensions[KEY]).sender
        if self._sender is not None:
            self._sender.start()
        return app

    def _settings(self) -> Mapping[str, Any]:
        return {
            "bind": self._profile.bind,
            "workers": 1,
            "worker_class": Worker,
            "threads": THREADS,
            "timeout": 60,
            "graceful_timeout": 3,
            "keepalive": 15,
            "proc_name": f"openeo-backend-{self._profile.id}",
            "loglevel": "warning",
            "worker_exit": self._close_engine,
            "control_socket_disable": True,
        }

    def _close_engine(self, _arbiter: object, _worker: object) -> None:
        if self._engine is not None:
            self._engine.close()
        if self._sender is not None:
            self._sender.stop()
