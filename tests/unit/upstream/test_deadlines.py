"""Deadlines cut what goes on, leave alone what has ended, and cost nothing afterwards."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from aggregator.upstream.deadlines import Deadline, _Watchdog, guard, in_time, release


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    with ours, theirs:
        yield ours, theirs


def test_a_blocked_reader_ends_when_the_deadline_strikes(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    with Deadline(0.1):
        guard(pair[0])
    assert pair[0].recv(1) == b""


def test_a_socket_whose_exchange_is_over_is_left_alone(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    first, second = Deadline(0.1), Deadline(0.2)
    with first:
        guard(pair[0])
    first.finish()
    blocked, other = socket.socketpair()
    with blocked, other:
        with second:
            guard(blocked)
        assert blocked.recv(1) == b""  # the second has struck, and so has the first
    pair[1].sendall(b"x")
    assert pair[0].recv(1) == b"x"


def test_a_socket_that_comes_after_the_deadline_is_cut_at_once(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    with Deadline(100) as deadline:
        deadline.cut()
        guard(pair[0])
    assert pair[0].recv(1) == b""


def test_a_socket_that_was_released_is_left_alone(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    other, theirs = socket.socketpair()
    with other, theirs, Deadline(100) as deadline:
        guard(other)
        guard(pair[0])
        release(pair[0])
        deadline.cut()
        assert other.recv(1) == b""
    pair[1].sendall(b"x")
    assert pair[0].recv(1) == b"x"


def test_outside_a_deadline_nothing_is_guarded(pair: tuple[socket.socket, socket.socket]) -> None:
    deadline = Deadline(0.1)
    guard(pair[0])
    deadline.cut()
    pair[1].sendall(b"x")
    assert pair[0].recv(1) == b"x"


def test_what_a_call_gives_too_late_is_not_lost_without_a_word() -> None:
    goes_on, came = threading.Event(), SimpleQueue[str]()

    def slow() -> str:
        goes_on.wait(20)
        return "late"

    with pytest.raises(TimeoutError):
        in_time(slow, 0.05, came.put)
    goes_on.set()
    assert came.get(timeout=20) == "late"


def test_a_call_in_time_gives_what_it_gives_and_raises_what_it_raises() -> None:
    def fail() -> str:
        raise OSError("no such host")

    assert in_time(lambda: "soon", 20, str) == "soon"
    with pytest.raises(OSError, match="no such host"):
        in_time(fail, 20, str)


def test_a_call_may_take_all_the_time_that_is_left() -> None:
    def slow() -> str:
        time.sleep(0.1)
        return "after a while"

    assert in_time(slow, 20, str) == "after a while"


def test_what_has_ended_is_not_waited_for() -> None:
    watchdog = _Watchdog()
    ended, going_on = Deadline(100), Deadline(200)
    for deadline in (ended, going_on):
        watchdog.watch(deadline)
    ended.finish()
    left = watchdog._until_next()
    assert left is not None and left > 150
    going_on.finish()
    assert watchdog._until_next() is None


def test_few_of_the_ended_are_kept() -> None:
    watchdog = _Watchdog()
    watchdog.watch(Deadline(1000))
    for _ in range(20_000):
        deadline = Deadline(2000)
        watchdog.watch(deadline)
        deadline.finish()
    assert len(watchdog._queue) < 3000
