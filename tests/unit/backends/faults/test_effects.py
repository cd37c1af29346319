"""What goes wrong on the way, seen by whoever asks."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from backends.faults.connections import wait
from backends.faults.middleware import Faulty, with_faults
from backends.faults.reading import read_faults
from tests.fakes.clocks import Clock
from tests.unit.backends.faults.right import PUBLIC, ROOT, TOKEN, Right, request

RIGHT = orjson.dumps(PUBLIC["GET /file_formats"])


def faulty(*faults: Any, clock: Clock | None = None) -> Faulty:
    made = with_faults(Right(), read_faults(list(faults)), root=ROOT, clock=clock or Clock())
    assert isinstance(made, Faulty)
    return made


def asked(*faults: Any, what: str = "GET /file_formats") -> Any:
    return request(faulty(*faults), what)


def test_a_backend_without_faults_is_left_alone() -> None:
    right = Right()
    assert with_faults(right, read_faults([]), root=ROOT, clock=Clock()) is right


def test_a_delay_makes_the_right_answer_late() -> None:
    started = time.monotonic()
    status, _, body = asked({"kind": "delay", "seconds": 0.2, "jitter": 0.1})
    assert 0.2 <= time.monotonic() - started < 5
    assert (status, body) == (200, RIGHT)


def test_an_error_is_a_web_page() -> None:
    status, headers, body = asked({"kind": "error", "status": 503, "retry_after": 7})
    assert (status, headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert headers["Retry-After"] == "7"
    assert b"<title>503" in body


def test_an_error_with_a_code_is_one_of_openeo() -> None:
    status, _, body = asked({"kind": "error", "code": "Internal", "message": "Broken."})
    assert status == 500
    assert orjson.loads(body) == {"id": "fault", "code": "Internal", "message": "Broken."}


@pytest.mark.parametrize("kind", ["reset", "outage"])
def test_a_reset_is_no_answer(kind: str) -> None:
    with pytest.raises(ConnectionResetError):
        asked(kind)


def test_half_a_body_ends_early_though_the_whole_was_announced() -> None:
    app = faulty({"kind": "half-body", "share": 0.25})
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": f"{ROOT}/file_formats", "wsgi.input": None}
    started: list[Any] = []
    body = iter(app(environ | _empty(), lambda *args: started.append(args)))  # type: ignore[arg-type]
    assert next(body) == RIGHT[: len(RIGHT) // 4]
    assert dict(started[0][1])["Content-Length"] == str(len(RIGHT))
    with pytest.raises(ConnectionResetError):
        next(body)


def test_garbage_says_that_it_is_json_and_is_none() -> None:
    status, headers, body = asked("garbage")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(body)


def test_scrambled_documents_are_json_with_values_of_wrong_types() -> None:
    one, again, other = (
        asked({"kind": "scramble", "share": 0.3, "salt": salt})[2] for salt in (1, 1, 2)
    )
    assert isinstance(orjson.loads(one), dict)
    assert one == again
    assert one not in (other, RIGHT)


def test_a_wrong_content_type_has_the_right_body() -> None:
    _, headers, body = asked({"kind": "content-type", "type": "text/plain"})
    assert (headers["Content-Type"], body) == ("text/plain", RIGHT)


def test_a_dripping_body_is_right_and_slow() -> None:
    started = time.monotonic()
    _, _, body = asked({"kind": "drip", "size": len(RIGHT) // 4, "seconds": 0.06})
    assert body == RIGHT
    assert time.monotonic() - started >= 0.2


def test_an_endless_body_goes_on_until_the_fault_ends() -> None:
    app = faulty("endless")
    started: list[Any] = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": f"{ROOT}/file_formats"} | _empty()
    body = iter(app(environ, lambda *args: started.append(args)))  # type: ignore[arg-type]
    assert sum(len(next(body)) for _ in range(100)) > 5_000_000
    assert "Content-Length" not in dict(started[0][1])
    app.plan_anew(read_faults([]))
    assert len(list(body)) <= 1


def test_a_giant_has_the_size_it_announces() -> None:
    _, headers, body = asked({"kind": "giant", "megabytes": 3})
    assert headers["Content-Length"] == "3000000"
    assert len(body) == 3_000_000
    assert orjson.loads(body) == PUBLIC["GET /file_formats"]


def test_redirects_lead_to_the_same_place_again_and_again() -> None:
    app = faulty("redirect-loop")
    first, headers, _ = request(app, "GET /jobs")
    again, more, _ = request(app, "GET /jobs?" + headers["Location"].partition("?")[2])
    assert (first, again) == (302, 302)
    assert headers["Location"].partition("?")[0] == f"{ROOT}/jobs"
    assert headers["Location"] != more["Location"]


def test_a_clock_that_is_behind_shows_in_headers_and_documents() -> None:
    app = faulty({"kind": "clock", "behind": 3600})
    _, headers, body = request(app, "GET /jobs/finished", TOKEN)
    assert headers["Date"] == "Thu, 01 Jan 2026 11:00:00 GMT"
    assert orjson.loads(body)["created"] == "2025-12-31T23:00:00Z"
    assert orjson.loads(body)["title"] == "A title"


def test_a_clock_that_is_off_leaves_the_times_of_data_alone() -> None:
    _, _, body = asked({"kind": "clock", "ahead": 86400}, what="GET /collections/SENTINEL2_L2A")
    assert orjson.loads(body) == PUBLIC["GET /collections/SENTINEL2_L2A"]


def test_a_hang_ends_with_its_fault() -> None:
    app = faulty({"kind": "hang", "seconds": 60})
    threading.Timer(0.2, lambda: app.plan_anew(read_faults([]))).start()
    started = time.monotonic()
    assert request(app, "GET /file_formats")[2] == RIGHT
    assert 0.15 < time.monotonic() - started < 30


def test_several_faults_strike_together() -> None:
    status, headers, body = asked(
        "formats.no-input", {"kind": "content-type", "type": "text/html"}, "cors.no-allow-origin"
    )
    assert (status, headers["Content-Type"]) == (200, "text/html")
    assert "input" not in orjson.loads(body)
    assert "Access-Control-Allow-Origin" not in headers


def test_what_the_application_opened_is_closed() -> None:
    closed = []

    class Body(list[bytes]):
        def close(self) -> None:
            closed.append(True)

    def app(_: Any, start: Any) -> Any:
        start("200 OK", [("Content-Type", "application/json")])
        return Body([b"{}"])

    around = with_faults(app, read_faults(["capabilities.no-title"]), root=ROOT, clock=Clock())
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": f"{ROOT}/"} | _empty()
    body = around(environ, lambda *_: None)  # type: ignore[arg-type]
    assert b"".join(body) == b"{}"
    body.close()  # type: ignore[attr-defined]
    assert closed == [True]


def test_waiting_ends_when_it_must() -> None:
    ended = threading.Event()
    assert wait(0.05, ended)
    ended.set()
    assert not wait(60, ended)


def test_a_schedule_is_kept_by_the_clock_of_the_backend() -> None:
    clock = Clock()
    app = faulty({"kind": "error", "when": [{"from": 10, "until": 20}]}, clock=clock)
    seen = []
    for _ in range(5):
        seen.append(request(app, "GET /file_formats")[0])
        clock.now += timedelta(seconds=5)
    assert seen == [200, 200, 500, 500, 200]
    assert clock.now > datetime(2026, 1, 1, tzinfo=UTC)


def _empty() -> dict[str, Any]:
    return {"QUERY_STRING": "", "CONTENT_LENGTH": "0", "wsgi.input": _Nothing()}


class _Nothing:
    def read(self, _: int = 0) -> bytes:
        return b""
