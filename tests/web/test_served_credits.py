"""Credits with the aggregator as a program: many at once, killed, and several on one database."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from cryptography.fernet import Fernet
from sqlalchemy import func, select

from aggregator.ledger.reports import read_resources
from aggregator.storage.ledger import Ledger, open_ledger
from aggregator.storage.schema import closing, hold
from aggregator.storage.tariffs import load_tariffs
from aggregator.storage.verification import balances, rebuild, verify
from tests.fakes.backends import Call, Reply
from tests.unit.ledger.documents import direct, grant
from tests.web.paying import TERRA, result
from tests.web.site import backend, graph
from tests.web.test_served import PATIENCE, Served, listening

FREE, EACH = 20, 2
MINUTE = 60 * 1000
BODY = {"process": graph()}


def moment() -> int:
    return int(time.time() * 1000)


class Paid:
    """One backend, the books, and programs in front of them."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.url = directory, ""
        self.reached: list[str] = []
        self.computes: Callable[[], None] = lambda: None
        self.running: list[Served] = []
        (directory / "pricing").mkdir()
        free = {"general": FREE}
        tariff = TERRA | {"free_credits_per_month": free}
        (directory / "pricing" / "terra.yaml").write_text(yaml.safe_dump(tariff))
        self._database = f"sqlite:///{directory}/federation.sqlite"
        self.ledger: Ledger = open_ledger(self._database, load_tariffs(directory / "pricing"))
        self._settings: dict[str, Any] = {
            "database": self._database,
            "sealing_key": Fernet.generate_key().decode(),
            "accounting": {
                "pricing": str(directory / "pricing"),
                "reconcile_interval": 0.1,
                "hold_time": 1,
            },
        }

    def serve(self) -> Served:
        """Starts a program; all share the books."""
        place = self.directory / f"served-{len(self.running)}"
        place.mkdir()
        started = Served({"terra": self.url}, place, **self._settings)
        self.running.append(started)
        started.wait()
        return started

    def compute(self, _: Call) -> Reply:
        """The backend's answer to a synchronous request."""
        identifier = f"r-{random.getrandbits(64):x}"
        self.reached.append(identifier)
        self.computes()
        return result(identifier)

    def report(self, identifier: str) -> None:
        """The backend reports a request."""
        about = {"jobId": identifier, "sourceId": "terra", "jobStart": None, "jobFinish": None}
        document = read_resources(direct(f"k-{identifier}", EACH, **about))
        self.ledger.report(document, "terra-accounting", moment())

    def left(self) -> int:
        """Millicredits that alice can spend; the books are in order."""
        assert verify(self.ledger.database) == []
        assert rebuild(self.ledger.database) == balances(self.ledger.database)
        return self.ledger.purse("user/alice", moment()).available("terra", moment())

    def holds(self) -> tuple[int, int]:
        """How many holds were ever made, and closed."""
        with self.ledger.database.read() as connection:
            made = connection.execute(select(func.count()).select_from(hold)).scalar_one()
            closed = connection.execute(select(func.count()).select_from(closing)).scalar_one()
        return made, closed


@pytest.fixture
def paid(tmp_path: Path) -> Iterator[Paid]:
    made = Paid(tmp_path)
    answers = {
        "POST /result": made.compute,
        "GET /jobs/j-1": {"id": "j-1", "status": "created"},
        "POST /jobs/j-1/results": Reply(202),
    }
    with listening(backend("terra", answers=answers)) as made.url:
        yield made
        for program in made.running:
            if program.process.poll() is None:
                program.end()
            else:
                program.process.wait(PATIENCE)
    made.ledger.database.dispose()


def ask(program: Served, user: dict[str, str]) -> requests.Response:
    return requests.post(
        f"{program.url}/openeo/1.3/result", json=BODY, headers=user, timeout=PATIENCE
    )


@pytest.mark.timeout(300)  # on a busy machine
def test_fifty_requests_at_once_cannot_overdraw_credits_for_ten(paid: Paid) -> None:
    programs = [paid.serve(), paid.serve()]
    user = programs[0].login()
    all_refused = threading.Event()
    paid.computes = lambda: all_refused.wait(PATIENCE)  # type: ignore[assignment]
    statuses: list[int] = []
    with ThreadPoolExecutor(50) as threads:
        asked = [threads.submit(ask, programs[n % 2], user) for n in range(50)]
        for done in as_completed(asked):
            statuses.append(done.result().status_code)
            if statuses.count(402) == 40:
                all_refused.set()
    assert (statuses.count(200), statuses.count(402)) == (10, 40)
    assert len(paid.reached) == 10
    assert paid.left() == 0
    for identifier in paid.reached:
        paid.report(identifier)
    assert paid.holds() == (10, 10)
    assert paid.left() == 0


@pytest.mark.timeout(300)  # on a busy machine
def test_a_killed_program_loses_no_hold_and_doubles_none(paid: Paid) -> None:
    chance = random.Random(5)
    acknowledged: set[str] = set()

    def client(program: Served, user: dict[str, str]) -> None:
        with suppress(requests.RequestException):
            while True:  # until it is killed
                answer = ask(program, user)
                assert answer.status_code == 200, answer.text
                acknowledged.add(answer.headers["OpenEO-Identifier"].removeprefix("terra-"))

    def reports() -> None:
        """Of every other request the report comes before the answer."""
        if chance.random() < 0.5:
            paid.report(paid.reached[-1])

    for _ in range(2):
        gift = grant(f"gift-{len(paid.running)}", 1000, created=moment())
        paid.ledger.grant(gift)
        paid.computes = reports
        program = paid.serve()
        user = program.login()
        with ThreadPoolExecutor(4) as threads:
            clients = [threads.submit(client, program, user) for _ in range(4)]
            deadline, seen = time.monotonic() + PATIENCE, len(paid.reached)
            while len(paid.reached) < seen + chance.randint(5, 25):
                assert time.monotonic() < deadline
                time.sleep(0.005)
            os.killpg(program.process.pid, signal.SIGKILL)
            for one in clients:
                one.result()
    assert acknowledged <= set(paid.reached)
    made, _ = paid.holds()
    assert made >= len(paid.reached)  # each was put aside before the backend was asked
    for identifier in [*paid.reached, *paid.reached]:
        paid.report(identifier)
    paid.ledger.reconcile(moment() + 10 * MINUTE)
    assert paid.holds() == (made, made)
    granted = (FREE + 2 * 1000) * 1000
    assert paid.left() == granted - len(paid.reached) * EACH * 1000


@pytest.mark.timeout(300)  # on a busy machine
def test_of_several_programs_one_gives_back_what_was_put_aside_in_vain(paid: Paid) -> None:
    programs = [paid.serve(), paid.serve()]
    user = programs[0].login()
    url = f"{programs[0].url}/openeo/1.3/jobs/terra-j-1/results"
    assert requests.post(url, headers=user, timeout=PATIENCE).status_code == 202
    deadline = time.monotonic() + PATIENCE
    while paid.holds() != (1, 1):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert paid.left() == FREE * 1000
    said = [program.end()[1] for program in programs]
    assert sum(text.count("were given back") for text in said) == 1
    assert "Traceback" not in "".join(said)
