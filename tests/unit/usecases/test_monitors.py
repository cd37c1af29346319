"""Programs that monitor: one of several probes, and when it goes another does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from aggregator.storage.database import Database
from aggregator.storage.health_schema import lease
from aggregator.storage.observations import read_days, read_observations
from tests.fakes.backends import Call, FakeBackend, RawServer
from tests.fakes.servers import Listening

ENOUGH = 12
"""Probes in a row of a program, which three that probe at once would not make in a row."""


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Asked:
    """A member that notes which program asks it, by the address that it knows the member under."""

    def __init__(self) -> None:
        self.by: list[str] = []

    def __call__(self, call: Call) -> Any:
        self.by.append(call.path.split("/")[1])
        return {"api_version": "1.3.0"}

    def row(self) -> tuple[str, int]:
        """Who asked last, and how often in a row."""
        last = [list(asked) for _, asked in groupby(self.by)][-1:]
        return (last[0][0], len(last[0])) if last else ("", 0)


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def member(asked: Asked) -> Iterator[str]:
    """The address of the member."""
    server = Listening(FakeBackend({"GET *": asked}))
    yield f"http://127.0.0.1:{server.port}"
    server.close()


class Program:
    """A program that monitors one member, and knows it under an address of its own."""

    def __init__(self, name: str, directory: Path, member: str, url: str, **times: float) -> None:
        document = {
            "backends": {"terra": {"url": f"{member}/{name}/1.3"}},
            "database": url,
            "availability": {"jitter": 0.0, **times},
        }
        file = directory / f"{name}.yaml"
        file.write_text(yaml.safe_dump(document))
        self.name, self._log = name, directory / f"{name}.log"
        command = [sys.executable, "-m", "scripts.federation", "monitor", "--config", str(file)]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, stderr=log, start_new_session=True)

    @property
    def said(self) -> str:
        return self._log.read_text()

    @property
    def knows(self) -> bool:
        """Whether it has found out if it is the one that probes."""
        return "stands by" in self.said or "monitoring 1 members" in self.said


@contextmanager
def running(*programs: Program) -> Iterator[None]:
    try:
        yield
    finally:
        for one in programs:
            one.process.kill()
            one.process.wait()


def test_the_program_ends_while_a_member_hangs(tmp_path: Path, url: str) -> None:
    def hang(peer: socket.socket) -> None:
        peer.recv(1)  # which is never sent

    with RawServer(hang) as server:
        one = Program("one", tmp_path, server.url, url, interval=300, deadline=100)
        with running(one):
            until(lambda: server.requests != [])
            one.process.terminate()
            assert one.process.wait(30) == 0


@pytest.mark.timeout(300)  # it starts three programs
def test_when_the_runner_is_killed_another_takes_over_and_no_time_is_counted_twice(
    tmp_path: Path, url: str, member: str, asked: Asked
) -> None:
    database = Database(url)

    def holder() -> int | None:
        """The process that has the lease."""
        with database.read() as connection:
            found = connection.execute(select(lease.c.holder)).scalar_one_or_none()
        return int(found.split("/")[1]) if found else None

    def probing(*others: str) -> str:
        """The one that probes while all others stand by, once it has for a while."""
        until(lambda: asked.row()[0] not in others and asked.row()[1] >= ENOUGH)
        return asked.row()[0]

    programs = {
        name: Program(name, tmp_path, member, url, interval=0.3, deadline=0.3, lease=4)
        for name in ("one", "two", "three")
    }
    with running(*programs.values()):
        until(lambda: all(program.knows for program in programs.values()))
        first = probing()
        assert holder() == programs[first].process.pid
        os.kill(programs[first].process.pid, signal.SIGKILL)
        second = probing(first)
        assert holder() == programs[second].process.pid
        programs[second].process.terminate()
        assert programs[second].process.wait(60) == 0
        probing(first, second)
    # Each probed in one go: no two of them did at the same time, or in turn.
    assert len(list(groupby(asked.by))) == len(programs)
    with database.read() as connection:
        at = [one.at for one in read_observations(connection, "terra", 0)]
        days = read_days(connection, "2000-01-01", "2100-01-01")
    assert at == sorted(set(at))
    assert sum(day.probes for day in days) == len(at) <= len(asked.by)
    database.dispose()
