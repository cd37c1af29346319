"""Holds for work whose id is known beforehand, or only when its backend answers."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from aggregator.errors import PaymentRequired
from aggregator.ledger.events import Hold
from aggregator.ledger.reports import read_resources
from aggregator.storage.ledger import Ledger, open_ledger
from aggregator.storage.queries import costs_by_job
from aggregator.storage.reconciliation import Sighting, note, runs_again, unreconciled
from aggregator.storage.verification import verify
from tests.unit.ledger.documents import APRIL, DAY, MARCH, direct, grant, tariffs

SECOND = 1000
HOUR = 60 * 60 * SECOND
REQUEST = Hold(
    "r1",
    "user/alice",
    "terra",
    3000,
    MARCH,
    MARCH + HOUR,
    user="alice",
    activity="synchronous",
)
RUN = Hold("batch/terra/j-1", "user/alice", "terra", 3000, MARCH, MARCH + DAY, "j-1", "alice")


@pytest.fixture
def funded(ledger: Ledger) -> Ledger:
    ledger.grant(grant("g", 100))
    return ledger


def report(ledger: Ledger, job: str, credits_: float = 1, **changes: object) -> None:
    synchronous = {"jobStart": None, "jobFinish": None}
    document = direct(f"k-{job}", credits_, jobId=job, **(synchronous | changes))
    ledger.report(read_resources(document), "terra-accounting", MARCH)


def opened(ledger: Ledger) -> list[tuple[str, str | None]]:
    assert verify(ledger.database) == []
    return [(hold.key, hold.job) for hold in ledger.open_holds()]


def left(ledger: Ledger) -> int:
    return ledger.purse("user/alice", MARCH).available("terra", MARCH)


def requests(ledger: Ledger, count: int) -> None:
    for number in range(1, count + 1):
        ledger.hold(replace(REQUEST, key=f"r{number}", opened=MARCH + number))


def test_a_report_that_comes_before_the_answer_takes_the_users_hold(funded: Ledger) -> None:
    requests(funded, 1)
    report(funded, "j")
    assert opened(funded) == []
    assert left(funded) == 99_000
    funded.holds.claim("r1", "j", MARCH)
    assert left(funded) == 99_000


def test_a_report_that_comes_after_the_answer_settles_the_hold_that_it_named(
    funded: Ledger,
) -> None:
    requests(funded, 2)
    funded.holds.claim("r2", "j", MARCH)
    assert opened(funded) == [("r1", None), ("r2", "j")]
    report(funded, "j")
    assert opened(funded) == [("r1", None)]
    assert left(funded) == 96_000


def test_there_are_always_as_many_holds_as_requests_that_are_not_reported(funded: Ledger) -> None:
    requests(funded, 3)
    report(funded, "of-r2")  # takes the oldest hold, which r1 still needs
    assert opened(funded) == [("r2", None), ("r3", None)]
    funded.holds.claim("r1", "of-r1", MARCH)  # takes another's in its place
    assert opened(funded) == [("r2", "of-r1"), ("r3", None)]
    funded.holds.claim("r2", "of-r2", MARCH)  # has been reported: nothing is left to do
    funded.holds.claim("r3", "of-r3", MARCH)
    assert opened(funded) == [("r2", "of-r1"), ("r3", "of-r3")]
    report(funded, "of-r3")
    report(funded, "of-r1")
    assert opened(funded) == []


def test_an_answer_that_is_told_again_claims_no_second_hold(funded: Ledger) -> None:
    requests(funded, 2)
    for _ in range(2):
        funded.holds.claim("r1", "j", MARCH)
    assert opened(funded) == [("r1", "j"), ("r2", None)]


def test_of_a_request_that_was_reported_as_a_batch_job_the_hold_is_given_back(
    funded: Ledger,
) -> None:
    requests(funded, 1)
    report(funded, "j", jobStart=MARCH)
    assert opened(funded) == [("r1", None)]
    funded.holds.claim("r1", "j", MARCH)
    assert opened(funded) == []
    assert left(funded) == 99_000


def test_a_repeated_report_takes_no_hold(funded: Ledger) -> None:
    requests(funded, 1)
    report(funded, "j")
    funded.hold(replace(REQUEST, key="r2"))
    report(funded, "j")
    assert opened(funded) == [("r2", None)]


@pytest.mark.parametrize(
    "other",
    [{"user": "bob"}, {"provider": "aurora"}, {"activity": "service"}, {"expires": MARCH}],
)
def test_a_report_takes_no_hold_that_is_for_other_work(
    funded: Ledger, other: dict[str, object]
) -> None:
    made = replace(REQUEST, opened=MARCH - HOUR)
    funded.grant(grant("earlier", 10, created=MARCH - DAY))
    funded.hold(replace(made, **other))  # type: ignore[arg-type]
    report(funded, "j")
    assert opened(funded) == [("r1", None)]


def test_a_request_that_fails_gives_back_its_hold_but_not_one_that_others_need(
    funded: Ledger,
) -> None:
    requests(funded, 2)
    report(funded, "of-r2")
    funded.holds.claim("r1", "of-r1", MARCH)  # has taken the hold of r2
    assert not funded.holds.give_up("r2", MARCH)
    assert opened(funded) == [("r2", "of-r1")]
    assert not funded.holds.give_up("nobody", MARCH)


def test_what_was_given_back_when_its_time_was_over_is_not_given_back_again(funded: Ledger) -> None:
    requests(funded, 1)
    assert [one.key for one in funded.holds.reconcile(MARCH + HOUR, patience=DAY)] == ["r1"]
    assert not funded.holds.give_up("r1", MARCH + HOUR)
    assert not funded.holds.release("r1", MARCH + HOUR)
    assert opened(funded) == []
    assert left(funded) == 100_000


def test_of_a_job_is_told_what_was_put_aside_before_a_moment(funded: Ledger) -> None:
    for key, moment in (("a", MARCH), ("b", MARCH + 2)):
        funded.hold(replace(RUN, key=key, opened=moment))

    def found(until: int) -> list[str]:
        return [one.key for one in funded.holds.open_of_job("terra", "j-1", "alice", until)]

    assert (found(MARCH - 1), found(MARCH), found(MARCH + 2)) == ([], ["a"], ["a", "b"])
    assert funded.holds.open_of_job("terra", "j-1", "bob", MARCH + 2) == []


def test_what_a_hold_leaves_pays_what_is_owed(ledger: Ledger) -> None:
    ledger.grant(grant("g", 10))
    ledger.hold(replace(RUN, amount=10_000))
    report(ledger, "j-2", 3, jobStart=MARCH)
    assert left(ledger) == -3000
    report(ledger, "j-1", 5, jobStart=MARCH)
    purse = ledger.purse("user/alice", MARCH)
    assert (purse.owed(), purse.available("terra", MARCH)) == (0, 2000)
    assert opened(ledger) == []


def test_the_budget_counts_for_a_report_that_comes_before_the_answer(funded: Ledger) -> None:
    funded.hold(replace(REQUEST, budget=3000))
    report(funded, "j", 5)
    assert left(funded) == 97_000
    document = direct("k-j_1", 5, jobId="j", jobStart=None, jobFinish=None)
    assert funded.report(read_resources(document), "terra-accounting", MARCH).charged == 0


def charged(ledger: Ledger, job: str, credits_: float) -> int:
    document = direct(f"k-{job}", credits_, jobId=job, jobStart=None, jobFinish=None)
    return ledger.report(read_resources(document), "terra-accounting", MARCH).charged


@pytest.mark.parametrize("first", ["small", "large"])
def test_requests_at_the_same_time_are_each_charged_in_full_within_budgets_of_their_own(
    funded: Ledger, first: str
) -> None:
    for key, budget in (("small", 4000), ("larger", 6000), ("largest", None)):
        funded.hold(replace(REQUEST, key=key, budget=budget))
    if first == "small":
        assert charged(funded, "of-small", 4) == 4000
        assert charged(funded, "of-largest", 9) == 9000
    else:
        assert charged(funded, "of-largest", 9) == 9000
        assert charged(funded, "of-small", 4) == 4000
    assert opened(funded) == [("larger", None)]
    assert charged(funded, "of-larger", 6) == 6000


def test_more_than_all_budgets_is_charged_up_to_the_largest(funded: Ledger) -> None:
    for key, budget in (("a", 4000), ("b", 6000)):
        funded.hold(replace(REQUEST, key=key, budget=budget))
    assert charged(funded, "j", 9) == 6000


def test_an_answer_whose_hold_was_taken_leaves_the_larger_budgets_to_others(funded: Ledger) -> None:
    for number, budget in enumerate([None, 9000, 4000], 1):
        funded.hold(replace(REQUEST, key=f"r{number}", opened=MARCH + number, budget=budget))
    report(funded, "of-r2")  # takes the hold of r3, whose budget is enough
    funded.holds.claim("r3", "of-r3", MARCH)
    assert opened(funded) == [("r1", None), ("r2", "of-r3")]
    assert charged(funded, "of-r1", 20) == 20_000


def test_a_report_takes_the_hold_of_the_wallet_that_it_says(funded: Ledger) -> None:
    funded.grant(grant("shared", 100, wallet="organisation/7"))
    funded.join("alice", "organisation/7", MARCH)
    funded.hold(replace(REQUEST, key="shared", wallet="organisation/7"))
    funded.hold(replace(REQUEST, key="own", opened=MARCH + 1))
    report(funded, "private")
    assert opened(funded) == [("shared", None)]
    report(funded, "for-all", orgId=7)
    assert opened(funded) == []
    assert left(funded) == 99_000


def test_starting_a_job_again_makes_no_second_hold_while_it_may_run(funded: Ledger) -> None:
    first = funded.holds.open_for_job(RUN, lambda _: True)
    assert first.fresh
    again = funded.holds.open_for_job(replace(RUN, amount=4000), lambda _: True)
    assert (again.fresh, again.hold) == (False, first.hold)
    assert left(funded) == 97_000


def test_a_further_run_has_a_hold_of_its_own_and_each_report_settles_the_oldest(
    funded: Ledger,
) -> None:
    first = funded.holds.open_for_job(RUN, lambda _: True)
    second = funded.holds.open_for_job(replace(RUN, opened=MARCH + 1), lambda _: False)
    assert (first.hold.key, second.hold.key) == ("batch/terra/j-1/1", "batch/terra/j-1/2")
    report(funded, "j-1", jobStart=MARCH)
    assert opened(funded) == [("batch/terra/j-1/2", "j-1")]


def test_many_who_start_a_job_at_once_make_one_hold(funded: Ledger, url: str) -> None:
    others = [open_ledger(url, tariffs()) for _ in range(3)]
    with ThreadPoolExecutor(12) as threads:
        starts = list(
            threads.map(
                lambda n: others[n % 3].holds.open_for_job(RUN, lambda _: True).fresh, range(12)
            )
        )
    for other in others:
        other.database.dispose()
    assert starts.count(True) == 1
    assert opened(funded) == [("batch/terra/j-1/1", "j-1")]


def test_a_report_sees_the_hold_of_a_job_that_is_started_while_it_waits(
    funded: Ledger, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if funded.database.sqlite:
        pytest.skip("SQLite has one writer: nothing happens while another waits")
    funded.grant(grant("org", 50, wallet="organisation/7"))
    other = open_ledger(url, tariffs())
    locked: list[set[str]] = []
    lock = funded.database.lock

    def late(connection: Connection, names: Iterable[str]) -> None:
        if not locked:
            shared = replace(RUN, wallet="organisation/7")
            other.holds.open_for_job(shared, lambda _: True)
        locked.append(set(names))
        lock(connection, names)

    monkeypatch.setattr(funded.database, "lock", late)
    report(funded, "j-1", userId="mallory")
    other.database.dispose()
    assert opened(funded) == []
    assert funded.purse("organisation/7", MARCH).available("terra", MARCH) == 49_000
    assert [one >= {"organisation/7", "job/terra/j-1"} for one in locked] == [False, True]


def test_what_another_gives_back_while_one_waits_is_given_back_once(
    funded: Ledger, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if funded.database.sqlite:
        pytest.skip("SQLite has one writer: nothing happens while another waits")
    requests(funded, 1)
    other = open_ledger(url, tariffs())
    given: list[bool] = []
    lock = funded.database.lock

    def late(connection: Connection, names: Iterable[str]) -> None:
        given.append(other.holds.release("r1", MARCH))
        lock(connection, names)

    monkeypatch.setattr(funded.database, "lock", late)
    assert not funded.holds.release("r1", MARCH)
    other.database.dispose()
    assert given == [True]
    assert (opened(funded), left(funded)) == ([], 100_000)


def test_a_job_is_not_started_without_credits(ledger: Ledger) -> None:
    with pytest.raises(PaymentRequired, match="'terra'"):
        ledger.holds.open_for_job(RUN, lambda _: True)
    assert opened(ledger) == []


def test_a_job_that_was_seen_to_end_holds_its_credits_until_patience_is_over(
    funded: Ledger,
) -> None:
    funded.holds.open_for_job(RUN, lambda _: True)
    note(funded.database, [Sighting("terra", "j-1", "alice", "running", None, MARCH + SECOND)])
    assert funded.reconcile(MARCH + HOUR, patience=SECOND) == []
    note(funded.database, [Sighting("terra", "j-1", "alice", "error", None, MARCH + HOUR)])
    assert funded.reconcile(MARCH + HOUR, patience=SECOND) == []
    closed = funded.reconcile(MARCH + HOUR + SECOND, patience=SECOND)
    assert [hold.job for hold in closed] == ["j-1"]
    assert left(funded) == 100_000


def test_what_was_seen_of_an_earlier_run_ends_no_later_one(funded: Ledger) -> None:
    note(funded.database, [Sighting("terra", "j-1", "alice", "finished", None, MARCH)])
    funded.holds.open_for_job(replace(RUN, opened=MARCH + 1), lambda _: True)
    assert funded.reconcile(MARCH + HOUR, patience=0) == []


def test_what_was_put_aside_for_a_canceled_job_is_given_back_unless_it_runs_again(
    funded: Ledger,
) -> None:
    first = funded.holds.open_for_job(RUN, lambda _: True).hold
    assert not funded.holds.spare(first, MARCH)  # nobody has seen it end
    note(funded.database, [Sighting("terra", "j-1", "alice", "canceled", None, MARCH)])
    assert runs_again(funded.database, "terra", "j-1", "alice", MARCH)
    assert not runs_again(funded.database, "terra", "j-1", "alice", MARCH)
    assert not funded.holds.spare(first, MARCH)
    assert funded.holds.spared_of_job("terra", "j-1", "alice") is None
    note(funded.database, [Sighting("terra", "j-1", "alice", "canceled", None, MARCH)])
    assert funded.holds.spare(first, MARCH)
    assert not funded.holds.spare(first, MARCH)
    assert funded.holds.spared_of_job("terra", "j-1", "alice") == first
    assert funded.holds.spared_of_job("terra", "j-1", "bob") is None
    funded.holds.open_for_job(replace(RUN, opened=MARCH + 1), lambda _: True)
    assert funded.holds.spared_of_job("terra", "j-1", "alice") is None
    assert left(funded) == 97_000


def test_a_request_that_was_reported_as_anothers_gives_its_hold_back_and_is_told(
    funded: Ledger,
) -> None:
    funded.grant(grant("bobs", 50, wallet="user/bob"))
    funded.hold(replace(REQUEST, key="bobs", wallet="user/bob", user="bob"))
    requests(funded, 1)
    report(funded, "j", userId="bob")  # before its answer comes, and by mistake
    assert opened(funded) == [("r1", None)]
    assert funded.holds.claim("r1", "j", MARCH)
    assert opened(funded) == []
    assert left(funded) == 100_000
    (told,) = unreconciled(funded.database, MARCH, APRIL, provider=None, seen_before=0)
    assert (told.why, told.user, told.named, told.report) == (
        "charged-to-other",
        "alice",
        "bob",
        "k-j",
    )
    assert costs_by_job(funded.database, [("terra", "j")], "alice") == {}
    late = direct("k-late", 2, jobId="j", userId="alice", jobStart=None, jobFinish=None)
    assert funded.report(read_resources(late), "terra-accounting", MARCH).wallet == "user/alice"


def test_a_report_about_anothers_request_takes_no_hold_of_the_user_that_it_names(
    funded: Ledger,
) -> None:
    funded.grant(grant("bobs", 50, wallet="user/bob"))
    funded.hold(replace(REQUEST, key="bobs", wallet="user/bob", user="bob"))
    requests(funded, 1)
    funded.holds.claim("r1", "j", MARCH)
    report(funded, "j", userId="bob")
    assert opened(funded) == [("bobs", None)]
    assert left(funded) == 99_000
