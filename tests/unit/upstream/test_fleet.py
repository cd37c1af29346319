"""Several backends at once: the deadline is hard, and a broken one soon costs nothing."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from aggregator.errors import BackendError, BackendPaused, BackendTimeout, BackendUnavailable
from aggregator.upstream.client import Client, Request
from aggregator.upstream.fleet import Fleet
from tests.fakes.backends import Call, FakeBackend, Reply
from tests.fakes.transports import WsgiAdapter

JOBS = Request("GET", "/jobs")


class Sent(io.BytesIO):
    """A body that is read as it is sent."""

    @property
    def length(self) -> int:
        return len(self.getvalue())


def fleet_of(backends: Mapping[str, FakeBackend], **options: Any) -> tuple[Fleet, WsgiAdapter]:
    adapter = WsgiAdapter({f"http://{name}.test": app for name, app in backends.items()})
    clients = [Client(name, f"http://{name}.test", transport=lambda: adapter) for name in backends]
    return Fleet(clients, **options), adapter


def jobs_of(user: str) -> dict[str, Any]:
    return {"jobs": [{"id": user}], "links": []}


def test_each_backend_is_asked_with_its_own_credentials() -> None:
    terra, aurora = FakeBackend({"GET /jobs": {}}), FakeBackend({"GET /jobs": {}})
    fleet, _ = fleet_of({"terra": terra, "aurora": aurora})
    fleet.ask_all(
        {"terra": JOBS, "aurora": JOBS}, {"terra": "Bearer t", "aurora": "Bearer a"}, deadline=5
    )
    assert terra.calls[0].authorization == "Bearer t"
    assert aurora.calls[0].authorization == "Bearer a"


def test_credentials_of_one_backend_do_not_reach_another() -> None:
    terra, aurora = FakeBackend({"GET /jobs": {}}), FakeBackend({"GET /jobs": {}})
    fleet, _ = fleet_of({"terra": terra, "aurora": aurora})
    fleet.ask_all({"terra": JOBS, "aurora": JOBS}, {"terra": "Bearer t"}, deadline=5)
    assert aurora.calls[0].authorization is None


def test_the_deadline_is_hard_and_the_late_ones_are_failures() -> None:
    release = threading.Event()

    def late(call: Call) -> Any:
        release.wait(10)
        return {}

    fleet, _ = fleet_of(
        {
            "terra": FakeBackend({"GET /jobs": jobs_of("alice")}),
            "slow": FakeBackend({"GET *": late}),
        }
    )
    started = time.monotonic()
    answers = fleet.ask_all({"slow": JOBS, "terra": JOBS}, {}, deadline=0.3)
    took = time.monotonic() - started
    release.set()
    assert took < 5
    assert list(answers.documents) == ["terra"]
    assert isinstance(answers.failures["slow"], BackendTimeout)


def test_twenty_backends_are_asked_at_the_same_time() -> None:
    all_asked = threading.Barrier(20)

    def answers_once_all_are_asked(call: Call) -> Any:
        all_asked.wait(20)
        return {}

    names = [f"b{number}" for number in range(20)]
    asked = {"GET /jobs": answers_once_all_are_asked}
    fleet, _ = fleet_of({name: FakeBackend(asked) for name in names})
    answers = fleet.ask_all(dict.fromkeys(names, JOBS), {}, deadline=20)
    assert list(answers.documents) == names


def test_after_repeated_failures_nothing_is_asked_until_a_probe_succeeds() -> None:
    tripped: list[str] = []
    terra = FakeBackend({"GET /jobs": Reply(500, body=[b"<html>"])})
    fleet, _ = fleet_of({"terra": terra}, failures_before_offline=3, tripped=tripped.append)
    for _ in range(5):
        fleet.ask_all({"terra": JOBS}, {}, deadline=5)
    assert len(terra.calls) == 3
    assert tripped == ["terra"]
    with pytest.raises(BackendUnavailable):
        fleet.ask("terra", JOBS, deadline=5)
    fleet.breakers["terra"].reset()
    fleet.ask_all({"terra": JOBS}, {}, deadline=5)
    assert len(terra.calls) == 4


def test_a_kind_of_request_that_hangs_costs_nothing_soon_though_probes_are_answered() -> None:
    def hangs(call: Call) -> Any:
        raise requests.ReadTimeout

    terra = FakeBackend({"GET /jobs": hangs, "GET /me": {}})
    fleet, _ = fleet_of({"terra": terra}, failures_before_offline=3)
    failures = []
    for _ in range(20):
        fleet.breakers["terra"].reset()  # a probe is answered before each
        failures.append(fleet.ask_all({"terra": JOBS}, {}, deadline=5).failures["terra"])
        fleet.ask("terra", Request("GET", "/me"), deadline=5)
    assert len(terra.asked("GET", "/jobs")) == 3
    assert [type(failure) for failure in failures] == [BackendTimeout] * 3 + [BackendPaused] * 17
    seconds = failures[3].headers["Retry-After"]
    assert int(seconds) in (1, 2)
    assert failures[3].message == (
        "The backend 'terra' has kept requests of this kind waiting in vain, so that it is not "
        f"asked at the moment. It is asked again in {seconds} seconds."
    )


def test_a_job_whose_results_one_user_waits_for_in_vain_keeps_no_results_from_others() -> None:
    def hangs(call: Call) -> Any:
        raise requests.ReadTimeout

    immense, small = "GET /jobs/immense/results", "GET /jobs/small/results"
    terra = FakeBackend({immense: hangs, small: {"assets": {}}})
    fleet, _ = fleet_of({"terra": terra}, failures_before_offline=2)
    for _ in range(5):
        fleet.breakers["terra"].reset()  # a probe is answered before each
        with pytest.raises((BackendTimeout, BackendUnavailable)):
            fleet.ask("terra", Request("GET", "/jobs/immense/results"), "Bearer a", deadline=5)
    assert len(terra.asked("GET", "/jobs/immense/results")) == 2
    fleet.ask("terra", Request("GET", "/jobs/small/results"), "Bearer b", deadline=5)


def test_uploads_that_users_let_take_too_long_close_no_backend() -> None:
    def slow(call: Call) -> Any:
        raise requests.ReadTimeout

    terra = FakeBackend({"PUT /files/u/a.tif": slow})
    fleet, _ = fleet_of({"terra": terra}, failures_before_offline=2)
    for _ in range(4):
        request = Request("PUT", "/files/u/a.tif", body=Sent(b"a"))
        with pytest.raises(BackendTimeout):
            fleet.ask("terra", request, "Bearer a", deadline=5)
    assert not fleet.breakers["terra"].is_open


def test_a_kind_of_request_that_is_answered_between_is_asked_on() -> None:
    def every_third(call: Call) -> Any:
        if len(terra.asked("GET", "/jobs")) % 3:
            raise requests.ReadTimeout
        return {}

    terra = FakeBackend({"GET /jobs": every_third})
    fleet, _ = fleet_of({"terra": terra}, failures_before_offline=3)
    for _ in range(9):
        fleet.ask_all({"terra": JOBS}, {}, deadline=5)
    assert len(terra.asked("GET", "/jobs")) == 9


def test_errors_in_the_form_of_openeo_do_not_close_a_backend() -> None:
    refused = Reply(403, {"id": "1", "code": "TokenInvalid", "message": "No."})
    terra = FakeBackend({"GET /jobs": refused})
    fleet, _ = fleet_of({"terra": terra}, failures_before_offline=2)
    for _ in range(5):
        answers = fleet.ask_all({"terra": JOBS}, {}, deadline=5)
    assert isinstance(answers.failures["terra"], BackendError)
    assert len(terra.calls) == 5


def test_a_result_that_makes_a_backend_stumble_does_not_close_it_for_everybody() -> None:
    terra = FakeBackend({"POST /result": Reply(500, body=[b"<html>"])})
    fleet, _ = fleet_of({"terra": terra}, failures_before_offline=2)
    for _ in range(4):
        with pytest.raises(Exception, match="without an openEO error"):
            fleet.open("terra", Request("POST", "/result", body=b"{}"), deadline=5)
    assert len(terra.calls) == 4


def test_a_result_that_takes_too_long_is_no_sign_of_life() -> None:
    def slow(call: Call) -> Any:
        raise requests.ReadTimeout

    terra = FakeBackend({"POST /result": slow, "GET /jobs": slow})
    fleet, _ = fleet_of({"terra": terra}, failures_before_offline=2)
    for _ in range(2):
        assert not fleet.breakers["terra"].is_open
        fleet.ask_all({"terra": JOBS}, {}, deadline=5)
        with pytest.raises((BackendTimeout, BackendUnavailable)):
            fleet.open("terra", Request("POST", "/result", body=b"{}"), deadline=5)
    assert fleet.breakers["terra"].is_open
    assert len(terra.asked("POST", "/result")) == 1


def test_no_request_goes_out_with_another_users_token() -> None:
    """The answer repeats the token it was asked with: each of many users sees only their own."""

    def echo(call: Call) -> Any:
        time.sleep(0.0005)
        return Reply(200, {"token": call.authorization}, {"Set-Cookie": f"user={call.query}"})

    fleet, _ = fleet_of(
        {"terra": FakeBackend({"GET /jobs": echo}), "aurora": FakeBackend({"GET /jobs": echo})}
    )
    wrong: list[Any] = []

    def user(name: str) -> None:
        own = {"terra": f"Bearer {name}@terra", "aurora": f"Bearer {name}@aurora"}
        for _ in range(15):
            request = Request("GET", "/jobs", {"user": name})
            answers = fleet.ask_all({"terra": request, "aurora": request}, own, deadline=30)
            seen = {b: document["token"] for b, document in answers.documents.items()}
            if seen != own:
                wrong.append((name, seen))

    threads = [threading.Thread(target=user, args=(f"user{number}",)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_how_soon_a_backend_answers_is_known_from_what_is_read_and_not_from_work() -> None:
    def slow(_call: Call) -> Any:
        time.sleep(0.05)
        return {}

    answers = {"GET /jobs": slow, "POST /jobs": slow, "POST /result": slow}
    fleet, _ = fleet_of({"terra": FakeBackend(answers), "aurora": FakeBackend(answers)})
    fleet.ask("terra", Request("POST", "/jobs", body=b"{}"), deadline=5)
    fleet.open("terra", Request("POST", "/result", body=b"{}"), deadline=5).close()
    assert fleet.latencies() == {}
    fleet.ask("terra", JOBS, deadline=5)
    (seconds,) = fleet.latencies().values()
    assert [*fleet.latencies()] == ["terra"]
    assert 0.05 <= seconds < 5


def test_an_answer_that_does_not_come_took_as_long_as_it_was_waited_for() -> None:
    def late(_call: Call) -> Any:
        time.sleep(0.5)
        return {}

    fleet, adapter = fleet_of(
        {"terra": FakeBackend({"GET /jobs": late}), "aurora": FakeBackend({})}
    )
    adapter.down.add("http://aurora.test")
    for name in ("terra", "aurora"):
        with pytest.raises((BackendTimeout, BackendUnavailable)):
            fleet.ask(name, JOBS, deadline=0.1)
    assert [*fleet.latencies()] == ["terra"], "no connection is no answer"
    assert fleet.latencies()["terra"] >= 0.1
