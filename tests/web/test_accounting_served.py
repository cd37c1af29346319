"""The accounting of the running program: many members at once, and a program that is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from aggregator.storage.ledger import Ledger, open_ledger
from aggregator.storage.queries import UsageFilter, usage
from aggregator.storage.verification import balances, rebuild, verify
from tests.fakes.issuers import Issuer
from tests.fakes.servers import free_port
from tests.unit.ledger.documents import TERRA, tariffs
from tests.unit.storage.conftest import postgresql_schema
from tests.unit.storage.reporter import cost_of
from tests.web.test_served import PATIENCE, UNHURRIED, listening
from tests.web.test_tokens import member, provider

ROOT = Path(__file__).resolve().parents[2]
REPORTS = "/federation/accounting/resources"


class Office:
    """The aggregator as a program, in front of one member, with an issuer and books at hand."""

    def __init__(self, directory: Path, url: str, issuer: Issuer, backend: str) -> None:
        (directory / "pricing").mkdir()
        (directory / "pricing" / "terra.yaml").write_text(yaml.safe_dump(TERRA))
        self._settings: dict[str, Any] = {
            "data_directory": str(directory / "data"),
            "database": url,
            "workers": 2,
            "threads": 16,
            "accounting": {},
            "upstream": UNHURRIED,
            "identity": {"trusted_issuers": [issuer.url]},
            "backends": {"terra": {"url": backend}},
        }
        self.file = directory / "federation.yaml"
        client, end = "terra-accounting", int(time.time()) + 3600
        self.token = issuer.token(sub=client, azp=client, iat=int(time.time()), exp=end)
        self.books: Ledger = open_ledger(url, tariffs())
        self.start()

    def start(self) -> None:
        """Start it at a place of its own, and wait until it answers."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        place = {"bind": f"127.0.0.1:{port}", "public_url": self.url}
        self.file.write_text(yaml.safe_dump(self._settings | place))
        program = "import sys; from aggregator.serve import serve; sys.exit(serve(sys.argv[1]))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(self.file)],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.wait()

    def wait(self) -> None:
        """Returns once it answers."""
        end = time.monotonic() + PATIENCE
        while not self.answers():
            assert time.monotonic() < end, "it does not answer"
            assert self.process.poll() is None, "it has ended"
            time.sleep(0.05)

    def answers(self) -> bool:
        address = f"{self.url}/federation/accounting/validate/auth"
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            return requests.get(address, headers=headers, timeout=PATIENCE).status_code == 200
        except requests.RequestException:
            return False

    def kill(self) -> None:
        """kill -9 of the program and all its workers."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)
        self.books.database.dispose()

    def member(self, seed: int, count: int, *on: str) -> subprocess.Popen[str]:
        """A process that sends reports 0 to `count`; with "on" until the program is killed."""
        module = ["-m", "tests.web.http_reporter", self.url, self.token, str(seed), str(count)]
        return subprocess.Popen(
            [sys.executable, *module, *on],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def assert_each_charged_once(self, numbers: set[int]) -> None:
        assert verify(self.books.database) == []
        found = balances(self.books.database)
        assert found == rebuild(self.books.database)
        assert found["revenue:terra"] == sum(cost_of(number) for number in numbers)
        assert usage(self.books.database, UsageFilter(), [])[0].reports == len(numbers)

    def recorded(self) -> int:
        rows = usage(self.books.database, UsageFilter(), [])
        return rows[0].reports if rows else 0


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    if request.param == "sqlite":
        urls = iter([f"sqlite:///{tmp_path}/federation.sqlite"])
    else:
        urls = postgresql_schema()
    for url in urls:
        with ExitStack() as stack:
            issuer = Issuer()
            place = stack.enter_context(listening(issuer.app)).removesuffix("/openeo")
            issuer.host, issuer.url = place, f"{place}/realm"
            issuer.publish()
            terra = member("terra", provider("id", issuer.url))
            found = Office(tmp_path, url, issuer, stack.enter_context(listening(terra)))
            stack.callback(found.close)
            yield found


def acknowledged(told: str) -> dict[int, int]:
    """Costs by the number of the report; a line that is cut off says nothing."""
    lines = (line.split() for line in told.splitlines(keepends=True) if line.endswith("\n"))
    return {int(number): int(cost) for number, cost in lines}


def finished(process: subprocess.Popen[str]) -> dict[int, int]:
    told, errors = process.communicate(timeout=2 * PATIENCE)
    assert process.returncode == 0, errors
    return acknowledged(told)


@pytest.mark.timeout(300)  # it starts nine processes
def test_eight_members_report_the_same_at_once_and_each_is_charged_once(office: Office) -> None:
    count = 60
    processes = [office.member(seed, count) for seed in range(8)]
    answers = [finished(process) for process in processes]
    everything = {number: cost_of(number) for number in range(count)}
    assert answers == [everything] * 8
    office.assert_each_charged_once(set(range(count)))


@pytest.mark.timeout(300)  # it starts eight processes
def test_what_was_acknowledged_before_a_kill_is_in_the_books_exactly_once(office: Office) -> None:
    chance, told, count = random.Random(11), dict[int, int](), 250
    for round_ in range(3):
        process = office.member(round_, count, "on")
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(chance.randint(1, 150))]
        office.kill()
        rest = process.stdout.read()
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
        told |= acknowledged("".join(first) + rest)
        assert told.items() <= {number: cost_of(number) for number in range(count)}.items()
        assert verify(office.books.database) == []
        assert len(told) <= office.recorded()
        office.start()
    assert told
    assert finished(office.member(99, count)).keys() == set(range(count))
    office.assert_each_charged_once(set(range(count)))


def test_large_bodies_are_refused_before_they_are_taken_in(office: Office) -> None:
    headers = {"Authorization": f"Bearer {office.token}", "Content-Type": "application/json"}

    def chunks() -> Iterator[bytes]:
        for _ in range(400):
            yield b" " * 65536

    for body in (b" " * 25 * 1024 * 1024, chunks()):
        status = _status(office.url + REPORTS, body, headers)
        assert status in (413, None)
    office.wait()
    assert office.recorded() == 0


def _status(url: str, body: Any, headers: dict[str, str]) -> int | None:
    """The status of the answer; None where the connection was closed on the sender."""
    try:
        return requests.post(url, data=body, headers=headers, timeout=PATIENCE).status_code
    except requests.ConnectionError:
        return None
