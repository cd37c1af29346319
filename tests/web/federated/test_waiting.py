"""Processes that need several backends, checked and run while their user waits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.backends import Reply
from tests.fakes.batch import refusal
from tests.web.federated.site import PLAN, WHOLE, Trio, without_plan
from tests.web.site import ENDPOINTS, assert_error, conforms

XYZ: dict[str, Any] = {"XYZ": {"configuration": {}, "process_parameters": []}}


@pytest.fixture
def trio(tmp_path: Path) -> Trio:
    """Every time that a request looks for its parts the driver has moved on."""
    made = Trio(tmp_path)
    made.site.backends["terra"].answers["POST /result"] = Reply(
        200, headers={"Content-Type": "image/tiff", "OpenEO-Costs": "2"}, body=[b"pix", b"els"]
    )
    made.site.federation.waiting._sleep = lambda _: made.step()
    return made


def ask(trio: Trio, **body: Any) -> Any:
    return trio.site.post("/result", {"process": WHOLE, **body}, headers=trio.site.login())


def test_a_small_plan_gives_its_result_at_once_and_leaves_nothing(trio: Trio) -> None:
    answer = ask(trio)
    assert (answer.status_code, answer.data) == (200, b"pixels")
    assert answer.headers["Content-Type"] == "image/tiff"
    assert answer.headers["OpenEO-Federation-Backends"] == "aurora,borea,terra"
    assert answer.headers["OpenEO-Costs"] == "5"
    (call,) = trio.site.backends["terra"].asked("POST", "/result")
    graph = call.document["process"]["process_graph"]
    assert graph["radar"]["arguments"]["url"].endswith("/a1/results?expires=9&signature=s-a1")
    assert trio.starts() == {"terra": [], "aurora": [1], "borea": [1]}
    answer.close()
    trio.step(3)
    assert [len(batch.jobs) for batch in trio.batches.values()] == [0, 0, 0]
    assert trio.store.due(2**50) == []


def test_its_parts_are_in_no_list(trio: Trio) -> None:
    answer = ask(trio)
    assert trio.site.get("/jobs", headers=trio.site.login()).json["jobs"] == []
    answer.close()


def test_what_one_backend_can_run_is_not_split(trio: Trio) -> None:
    node = {**WHOLE["process_graph"]["optical"], "result": True}
    answer = trio.site.post(
        "/result", {"process": {"process_graph": {"n": node}}}, headers=trio.site.login()
    )
    assert answer.headers["OpenEO-Federation-Backends"] == "terra"
    assert trio.asked == []


@pytest.mark.parametrize(
    ("size", "said"),
    [(100 * 1024 * 1024, "of about 105 MB; while you wait"), (None, "of a size that is not known")],
)
def test_a_large_plan_is_for_a_batch_job(trio: Trio, size: int | None, said: str) -> None:
    radar, land = PLAN.exchanges
    trio.plan = replace(PLAN, exchanges=(replace(radar, size=size), replace(land, size=0)))
    error = assert_error(ask(trio), 400, "ProcessGraphComplexity")
    assert said in error["message"]
    assert error["message"].endswith("Send it as a batch job.")
    assert trio.made() == {"terra": [], "aurora": [], "borea": []}


def test_parts_that_take_too_long_are_removed_and_a_batch_job_is_advised(trio: Trio) -> None:
    trio.site.federation.waiting._seconds = 0.05
    trio.site.federation.waiting._sleep = lambda _: trio.step(seconds=0.01)
    trio.batches["aurora"].looks = 10**6
    error = assert_error(ask(trio), 400, "ProcessGraphComplexity")
    assert "were not there within 0.05 seconds. Send it as a batch job." in error["message"]
    trio.step(3)
    assert [len(batch.jobs) for batch in trio.batches.values()] == [0, 0, 0]


def test_parts_of_a_request_whose_aggregator_has_gone_are_removed_in_time(
    trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(BaseException):
        """The end of the program."""

    def end(_: float) -> None:
        trio.step(2)
        raise Gone

    waiting = trio.site.federation.waiting
    waiting._sleep = end
    monkeypatch.setattr(waiting, "_remove", lambda _: None)
    with pytest.raises(Gone):
        ask(trio)
    assert [len(batch.jobs) for batch in trio.batches.values()] == [0, 1, 1]
    trio.clock.advance(460)
    trio.step(4)
    assert [len(batch.jobs) for batch in trio.batches.values()] == [0, 0, 0]


def test_a_failed_part_is_named(trio: Trio) -> None:
    trio.batches["borea"].ends("error", "Out of memory.")
    error = assert_error(ask(trio), 502, "PartFailed")
    assert error["message"] == "part2 at borea: Out of memory."
    assert error["federation:backends"] == ["borea"]
    trio.step(4)
    assert [len(batch.jobs) for batch in trio.batches.values()] == [0, 0, 0]


def test_an_error_of_the_last_backend_passes(trio: Trio) -> None:
    said = refusal(400, "ProcessParameterInvalid", "No such overlap.")
    trio.site.backends["terra"].answers["POST /result"] = said
    error = assert_error(ask(trio), 400, "ProcessParameterInvalid")
    assert error["message"].startswith("No such overlap. (from backend 'terra'")
    trio.step(4)
    assert [len(batch.jobs) for batch in trio.batches.values()] == [0, 0, 0]


def test_without_a_plan_the_ordinary_error_says_why(trio: Trio) -> None:
    trio.plan = without_plan("borea has no load_stac")
    error = assert_error(ask(trio), 400, "NoBackendForProcess")
    assert error["message"].endswith("either: borea has no load_stac.")


def test_a_process_that_can_be_split_is_valid_and_its_plan_is_told(trio: Trio) -> None:
    answer = trio.site.post("/validation", WHOLE, headers=trio.site.login())
    found = conforms("/validation", answer, "POST")
    assert found["errors"] == []
    assert found["federation:backends"] == ["aurora", "borea", "terra"]
    assert [part["id"] for part in found["federation:plan"]["parts"]] == ["part1", "part2", "part3"]
    assert "3 parts on" in answer.headers["OpenEO-Federation-Routing"]


def test_a_process_that_cannot_be_split_is_invalid_with_the_reason(trio: Trio) -> None:
    trio.plan = without_plan("borea has no load_stac")
    found = conforms("/validation", trio.site.post("/validation", WHOLE), "POST")
    (error,) = found["errors"]
    assert error["code"] == "NoBackendForProcess"
    assert error["message"].endswith("either: borea has no load_stac.")


def test_a_web_service_is_not_split_and_the_error_says_what_can_be_done(tmp_path: Path) -> None:
    listed = ENDPOINTS | {"/services": ["GET", "POST"], "/service_types": ["GET"]}
    endpoints = [{"path": path, "methods": methods} for path, methods in listed.items()]
    trio = Trio(tmp_path, said={"endpoints": endpoints})
    for member in trio.site.backends.values():
        member.answers["GET /service_types"] = XYZ
    trio.site.federation.refresh()
    body = {"process": WHOLE, "type": "XYZ"}
    error = assert_error(
        trio.site.post("/services", body, headers=trio.site.login()), 400, "NoBackendForProcess"
    )
    assert error["message"].endswith(
        "It could run in parts at several backends as a batch job (POST /jobs); a web service "
        "cannot be split."
    )


def test_with_splitting_switched_off_nothing_is_split(tmp_path: Path) -> None:
    trio = Trio(tmp_path, splitting={"enabled": False})
    assert trio.found is None
