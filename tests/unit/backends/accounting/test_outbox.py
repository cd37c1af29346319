"""Reports that wait, are sent, and are answered, whatever ends in between."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backends.accounting.client import Client, RefusedError
from backends.accounting.exchange import UnreachableError
from backends.accounting.outbox import OPEN, Outbox, write
from backends.accounting.reports import Report
from backends.accounting.sender import Sender
from backends.jobs.records import Job, NewJob, Usage
from backends.jobs.store import Store
from tests.fakes.accounting import office
from tests.fakes.clocks import Clock


class Accountant:
    """Stands for the client: answers what the test says, and keeps what it was sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.answers: dict[str, float | Exception] = {}

    def report(self, document: dict[str, Any]) -> float:
        self.sent.append(document["idempotencyKey"])
        answer = self.answers.get(document["idempotencyKey"], 9.0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None: ...


class Desk:
    def __init__(self, folder: Path) -> None:
        self.now = 1000.0
        self.store = Store(folder / "jobs.sqlite")
        self.outbox = Outbox(self.store.database, lambda: self.now)
        self.accountant = Accountant()
        self.sender = Sender(self.outbox, self.accountant, chance=lambda: 1.0)  # type: ignore[arg-type]

    def put(self, key: str, **changes: Any) -> None:
        with self.store.database.writing() as connection:
            write(connection, report(key, **changes))

    def costs(self, job: str) -> float | None:
        found = self.store.find(job)
        return found.costs if found else None


def report(key: str, **changes: Any) -> Report:
    subject = key.partition(".")[0]
    document = {"jobId": subject, "idempotencyKey": key}
    values: dict[str, Any] = {"kind": "batch", "subject": subject, "attempt": 1, "user": "alice"}
    return Report(key=key, document=document, **{**values, "expected": 2.0, **changes})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


def run(store: Store, job: str) -> Job:
    clock = Clock()
    store.add(NewJob(job, "alice", "batch", {"process_graph": {}}), clock())
    store.enqueue(job, clock(), queue_length=9)
    claimed = store.claim_next(clock(), concurrent=9)
    assert claimed is not None
    return claimed


def end(store: Store, job: Job, costs: float = 2.0) -> bool:
    made = report(f"{job.id}.{job.attempt}", attempt=job.attempt, expected=costs)
    usage, now = Usage(cpu=1), Clock()()
    return store.finish(
        *(job.id, job.attempt), now=now, failure=None, usage=usage, costs=costs, report=made
    )


def test_what_the_accounting_answers_becomes_the_costs_of_the_job(desk: Desk) -> None:
    assert end(desk.store, run(desk.store, "j"))
    assert (desk.costs("j"), desk.store.spent("alice")) == (2.0, 2.0)
    desk.sender.send_due()
    assert desk.accountant.sent == ["j.1"]
    assert (desk.costs("j"), desk.store.spent("alice")) == (9.0, 9.0)
    assert desk.outbox.waiting() == 0


def test_an_end_that_is_not_noted_is_not_reported(desk: Desk) -> None:
    job = run(desk.store, "j")
    desk.store.stop("j", Clock()())
    assert not end(desk.store, job)
    assert desk.outbox.waiting() == 0


def test_a_report_is_sent_until_it_is_answered_and_the_key_stays(desk: Desk) -> None:
    desk.put("j.1")
    desk.accountant.answers["j.1"] = UnreachableError("down")
    waits = []
    for _ in range(10):
        waits.append(desk.sender.send_due())
        desk.now += waits[-1]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0]
    desk.accountant.answers.clear()
    desk.sender.send_due()
    assert set(desk.accountant.sent) == {"j.1"}
    assert desk.outbox.waiting() == 0


def test_attempts_are_spread_so_that_many_do_not_come_at_once(desk: Desk) -> None:
    desk.put("j.1")
    desk.accountant.answers["j.1"] = UnreachableError("down")
    sender = Sender(desk.outbox, desk.accountant, chance=lambda: 0.0)  # type: ignore[arg-type]
    assert sender.send_due() == 0.5


def test_while_nobody_can_be_reached_the_others_wait_untried(desk: Desk) -> None:
    for number in range(5):
        desk.put(f"j{number}.1")
        desk.accountant.answers[f"j{number}.1"] = UnreachableError("down")
    desk.sender.send_due()
    assert desk.accountant.sent == ["j0.1"]


def test_a_report_that_is_refused_holds_up_no_other_and_is_kept(desk: Desk) -> None:
    desk.put("bad.1")
    desk.put("good.1")
    desk.accountant.answers["bad.1"] = RefusedError("HTTP 400")
    desk.sender.send_due()
    assert desk.accountant.sent == ["bad.1", "good.1"]
    assert desk.outbox.waiting() == 1
    desk.accountant.answers.clear()
    desk.now += 3600
    desk.sender.send_due()
    assert desk.outbox.waiting() == 0


def test_what_was_put_off_before_the_clock_was_set_back_is_sent(desk: Desk) -> None:
    desk.put("j.1")
    desk.accountant.answers["j.1"] = UnreachableError("down")
    desk.now += 10 * 365 * 24 * 3600  # as after a start without a battery
    desk.sender.send_due()
    desk.accountant.answers.clear()
    desk.now -= 10 * 365 * 24 * 3600
    assert desk.sender.send_due() <= 30
    assert desk.outbox.waiting() == 0


def test_an_answer_that_comes_after_the_job_was_started_anew_is_not_its_costs(desk: Desk) -> None:
    assert end(desk.store, run(desk.store, "j"))
    desk.store.enqueue("j", Clock()(), queue_length=9)
    desk.sender.send_due()
    assert desk.costs("j") is None
    assert desk.store.spent("alice") == 9.0


def test_an_answer_on_an_earlier_run_is_not_the_costs_of_the_latest(desk: Desk) -> None:
    assert end(desk.store, run(desk.store, "j"))
    (first,) = desk.outbox.due(9)
    desk.store.enqueue("j", Clock()(), queue_length=9)
    again = desk.store.claim_next(Clock()(), concurrent=9)
    assert again is not None
    assert end(desk.store, again, costs=3.0)
    desk.outbox.taken(first.key, 9.0)
    assert desk.costs("j") == 3.0


def test_the_same_report_is_written_once(desk: Desk) -> None:
    desk.put("j.1")
    desk.put("j.1", expected=5.0)
    desk.sender.send_due()
    desk.put("j.1")
    desk.sender.send_due()
    assert desk.accountant.sent == ["j.1"]


def test_what_was_left_open_by_a_crash_is_sent_after_it(desk: Desk) -> None:
    job = run(desk.store, "j")
    desk.store.stop("j", Clock()(), lambda found: report(f"{found.id}.{found.attempt}"))
    desk.sender.send_due()
    assert desk.accountant.sent == []
    desk.outbox.recover()
    desk.sender.send_due()
    assert desk.accountant.sent == [f"j.{job.attempt}"]


def test_what_a_stopped_run_took_replaces_what_was_open(desk: Desk) -> None:
    run(desk.store, "j")
    desk.store.stop("j", Clock()(), lambda found: report(f"{found.id}.{found.attempt}"))
    full = Report("j.1", "batch", "j", 1, "alice", {"idempotencyKey": "j.1", "full": True}, 2.0)
    desk.store.charge("j", "alice", usage=Usage(cpu=1), costs=2.0, report=full)
    (entry,) = desk.outbox.due(9)
    assert entry.document["full"]
    assert desk.outbox.waiting() == 1


def test_reports_outlive_what_they_are_about(desk: Desk) -> None:
    assert end(desk.store, run(desk.store, "j"))
    desk.store.delete("j")
    desk.sender.send_due()
    assert desk.accountant.sent == ["j.1"]


def test_an_open_report_is_no_second_one(desk: Desk) -> None:
    desk.put("j.1")
    with desk.store.database.writing() as connection:
        write(connection, report("j.1"), OPEN)
    assert len(desk.outbox.due(9)) == 1


def test_only_so_many_answered_reports_are_kept(desk: Desk) -> None:
    for number in range(5):
        desk.put(f"j{number}.1")
    desk.sender.send_due()
    desk.outbox.forget_taken(2)
    with desk.store.database.reading() as connection:
        rows = connection.execute("SELECT key FROM usage_reports ORDER BY number")
        assert [row["key"] for row in rows] == ["j3.1", "j4.1"]


def test_a_new_report_is_sent_at_once_by_the_thread(tmp_path: Path) -> None:
    store = Store(tmp_path / "jobs.sqlite")
    with office() as place:
        sender = Sender(Outbox(store.database), Client(place.accounting))
        sender.start()
        with store.database.writing() as connection:
            write(connection, report("j.1"))
        sender.wake()
        assert [one["idempotencyKey"] for one in place.wait_for(1)] == ["j.1"]
        sender.stop()
    assert not [one for one in threading.enumerate() if one.name == "accounting"]
    store.close()


def test_a_crash_between_answer_and_note_sends_the_same_again(desk: Desk) -> None:
    desk.put("j.1")
    entry = desk.outbox.due(1)[0]
    desk.accountant.report(entry.document)
    again = Desk(desk.store.database.path.parent)
    (same,) = again.outbox.due(1)
    assert json.dumps(same.document) == json.dumps(entry.document)
    again.store.close()
