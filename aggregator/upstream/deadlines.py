"""Deadlines that hold even against a peer that sends one byte at a time.

A socket's time-out runs anew with every byte, so that a peer that drips can hold a thread for
hours. Here every connection that is used under a `Deadline` registers its socket with it, and
one watchdog thread per process shuts the sockets of deadlines that strike: the blocked read
ends at once (`transport`).
"""

from __future__ import annotations

import heapq
import itertools
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import ContextVar
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")

_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


class Deadline:
    """A point in time by which an exchange with a peer has ended.

    As a context manager it is in force for connections opened or used within. `finish` ends
    its watch; until then the watchdog cuts the exchange's sockets when it strikes.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.at = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._finished = self._cut = False
        _watchdog.watch(self)

    @property
    def remaining(self) -> float:
        """Seconds that are left; negative once it has struck."""
        return self.at - time.monotonic()

    @property
    def struck(self) -> bool:
        """Whether the time is over."""
        return self.remaining <= 0

    def guard(self, peer: socket.socket) -> None:
        """Cut this socket when the deadline strikes, or now if it has."""
        with self._lock:
            if self._cut:
                _shut(peer)
            else:
                self._sockets.append(peer)

    def release(self, peer: socket.socket) -> None:
        """Leave this socket alone: from now on it may serve other exchanges."""
        with self._lock:
            self._sockets = [kept for kept in self._sockets if kept is not peer]

    @property
    def finished(self) -> bool:
        """Whether the exchange is over, so that nothing needs to be cut."""
        return self._finished

    def finish(self) -> None:
        """End the watch, and leave all sockets alone."""
        with self._lock:
            self._finished = True
            self._sockets.clear()

    def cut(self) -> None:
        """Shut the sockets of an exchange that goes on."""
        with self._lock:
            self._cut = True
            for peer in self._sockets:
                _shut(peer)
            self._sockets.clear()

    def __enter__(self) -> Deadline:
        self._token = _current.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _current.reset(self._token)


def _shut(peer: socket.socket) -> None:
    with suppress(OSError):  # closed meanwhile
        # Not the method of SSLSocket, which would alter what a reader is using.
        socket.socket.shutdown(peer, socket.SHUT_RDWR)


class _Watchdog:
    """One thread that cuts deadlines in the order in which they strike."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, Deadline]] = []
        self._numbers = itertools.count()
        self._crowded = 1024
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, deadline: Deadline) -> None:
        with self._wake:
            heapq.heappush(self._queue, (deadline.at, next(self._numbers), deadline))
            if len(self._queue) > self._crowded:
                self._forget_finished()
            if self._thread is None or not self._thread.is_alive():  # also after a fork
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            elif self._queue[0][2] is deadline:
                self._wake.notify()

    def _forget_finished(self) -> None:
        self._queue = [entry for entry in self._queue if not entry[2].finished]
        heapq.heapify(self._queue)
        self._crowded = 1024 + 2 * len(self._queue)

    def _run(self) -> None:
        while True:
            with self._wake:
                while (left := self._until_next()) is None or left > 0:
                    self._wake.wait(left)
                deadline = heapq.heappop(self._queue)[2]
            deadline.cut()

    def _until_next(self) -> float | None:
        """Seconds until a deadline strikes that is still of interest; None if there is none."""
        while self._queue and self._queue[0][2].finished:
            heapq.heappop(self._queue)
        return self._queue[0][0] - time.monotonic() if self._queue else None


_watchdog = _Watchdog()


def guard(peer: object) -> None:
    """Cut this socket when the deadline in force strikes."""
    deadline = _current.get()
    if deadline is not None and isinstance(peer, socket.socket):
        deadline.guard(peer)


def release(peer: object) -> None:
    """Leave this socket alone when the deadline in force strikes."""
    deadline = _current.get()
    if deadline is not None and isinstance(peer, socket.socket):
        deadline.release(peer)


def in_force() -> Deadline | None:
    """The deadline that connections opened or used now end with."""
    return _current.get()


def in_time(call: Callable[[], T], seconds: float, late: Callable[[T], object]) -> T:
    """What a call gives that knows no deadline, such as one of the system's resolver.

    It is left behind where it takes longer: raises TimeoutError, and `late` gets what comes then.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            future.set_exception(error)

    threading.Thread(target=run, name="in time", daemon=True).start()
    try:
        return future.result(max(seconds, 0.001))
    except TimeoutError:
        future.add_done_callback(lambda done: done.exception() or late(done.result()))
        raise
