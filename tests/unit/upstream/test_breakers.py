"""A backend that costs time and gives nothing is left alone; so is what it alone keeps waiting."""

from __future__ import annotations

import pytest

from aggregator.upstream.breakers import KINDS, Breaker, kind_of
from tests.fakes.clock import Clock

JOBS, LOGS = "GET /jobs", "GET /jobs/{id}/logs"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(2, clock)


def in_vain(breaker: Breaker, clock: Clock, seconds: float = 5.0, kind: str = JOBS) -> None:
    """A request goes out, and is waited for in vain."""
    assert breaker.lets(kind)
    clock.advance(seconds)
    breaker.waited(kind)


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/", "GET /"),
        ("GET", "/jobs", "GET /jobs"),
        ("GET", "/jobs/j-1", "GET /jobs/{id}"),
        ("GET", "/jobs/j-1/results", "GET /jobs/{id}/results"),
        ("POST", "/jobs/j-2/results", "POST /jobs/{id}/results"),
        ("GET", "/services/s-1/logs", "GET /services/{id}/logs"),
        ("GET", "/collections/S2", "GET /collections/{id}"),
        ("GET", "/collections/S2/items", "GET /collections/{id}/items"),
        ("GET", "/collections/S2/items/a", "GET /collections/{id}/items/{id}"),
        ("DELETE", "/files/alice/a/b.tif", "DELETE /files/{id}"),
    ],
)
def test_requests_are_of_a_kind_by_endpoint_whatever_their_ids(
    method: str, path: str, kind: str
) -> None:
    assert kind_of(method, path) == kind


def test_what_a_backend_keeps_waiting_pauses_although_probes_are_answered(
    breaker: Breaker, clock: Clock
) -> None:
    in_vain(breaker, clock)
    assert breaker.lets(JOBS)
    in_vain(breaker, clock)
    breaker.reset()  # a probe has been answered
    assert not breaker.is_open
    assert not breaker.lets(JOBS)
    assert breaker.lets(LOGS)


def test_one_request_tries_and_each_trial_in_vain_doubles_the_pause(
    breaker: Breaker, clock: Clock
) -> None:
    in_vain(breaker, clock)
    in_vain(breaker, clock)
    for pause in (2.0, 4.0, 8.0, 16.0, 16.0):
        clock.advance(pause - 0.1)
        assert not breaker.lets(JOBS)
        clock.advance(0.1)
        assert breaker.lets(JOBS)
        assert not breaker.lets(JOBS), "only one at a time"
        clock.advance(5)
        breaker.waited(JOBS)


def test_a_pause_says_how_long_it_lasts(breaker: Breaker, clock: Clock) -> None:
    assert breaker.pause(JOBS) == 0
    in_vain(breaker, clock)
    in_vain(breaker, clock)
    assert breaker.pause(JOBS) == 2
    clock.advance(1.5)
    assert breaker.pause(JOBS) == 0.5
    assert breaker.pause(LOGS) == 0
    clock.advance(0.5)
    assert breaker.lets(JOBS)
    assert breaker.pause(JOBS) == 16, "of those that wait for what the trial tells"


def test_a_trial_that_never_ends_is_followed_by_another(breaker: Breaker, clock: Clock) -> None:
    in_vain(breaker, clock)
    in_vain(breaker, clock)
    clock.advance(2)
    assert breaker.lets(JOBS)
    clock.advance(15.9)
    assert not breaker.lets(JOBS)
    clock.advance(0.1)
    assert breaker.lets(JOBS)


def test_requests_that_were_under_way_when_the_pause_began_make_it_no_longer(
    breaker: Breaker, clock: Clock
) -> None:
    for _ in range(16):
        breaker.waited(JOBS)
    clock.advance(2)
    assert breaker.lets(JOBS)


def test_an_answer_ends_the_pause_of_its_kind_only(breaker: Breaker, clock: Clock) -> None:
    for kind in (JOBS, LOGS):
        in_vain(breaker, clock, 0, kind)
        in_vain(breaker, clock, 0, kind)
    clock.advance(2)
    assert breaker.lets(JOBS)
    breaker.succeeded(JOBS)
    assert breaker.lets(JOBS)
    assert breaker.lets(JOBS)
    assert breaker.lets(LOGS)
    assert not breaker.lets(LOGS)


def test_a_backend_that_has_recovered_is_asked_everything_again(
    breaker: Breaker, clock: Clock
) -> None:
    in_vain(breaker, clock)
    in_vain(breaker, clock)
    breaker.reset(recovered=True)
    assert breaker.lets(JOBS)
    assert not breaker.waited(JOBS), "it is counted anew"


def test_trials_in_vain_do_not_open_the_breaker_again(breaker: Breaker, clock: Clock) -> None:
    assert not breaker.waited(JOBS)
    assert breaker.waited(JOBS), "the second opens it"
    breaker.reset()
    for _ in range(4):
        clock.advance(16)
        assert breaker.lets(JOBS)
        assert not breaker.waited(JOBS)
    assert not breaker.is_open


def test_no_more_kinds_are_kept_than_there_may_be(breaker: Breaker) -> None:
    for number in range(KINDS + 1):
        breaker.waited(f"GET /x{number}")
        breaker.waited(f"GET /x{number}")
    assert breaker.lets("GET /x0")
    assert not breaker.lets("GET /x1")


def test_what_one_user_waits_for_pauses_for_nobody_else(breaker: Breaker, clock: Clock) -> None:
    for _ in range(2):
        breaker.waited(JOBS, asker=1)
    assert not breaker.lets(JOBS, asker=1)
    assert breaker.lets(JOBS, asker=2)
    clock.advance(4)
    assert breaker.lets(JOBS, asker=1), "the trial"
    assert not breaker.lets(JOBS, asker=1)
    assert breaker.lets(JOBS, asker=2)


def test_what_two_users_wait_for_pauses_for_everybody(breaker: Breaker, clock: Clock) -> None:
    for _ in range(2):
        breaker.waited(JOBS, asker=1)
    clock.advance(3)  # the first pause is over
    assert breaker.lets(JOBS, asker=2)
    assert not breaker.waited(JOBS, asker=2)
    assert [breaker.lets(JOBS, asker) for asker in (1, 2, 3)] == [False] * 3
    clock.advance(4)
    assert [breaker.lets(JOBS, asker) for asker in (3, 1, 2)] == [True, False, False]
    breaker.succeeded(JOBS)
    assert [breaker.lets(JOBS, asker) for asker in (1, 2, 3)] == [True] * 3
