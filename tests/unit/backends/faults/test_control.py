"""The control endpoint: who finds it, and what it does."""

from __future__ import annotations

import io
from typing import Any

import orjson
import pytest

from backends.faults.middleware import with_faults
from backends.faults.reading import Faults, read_faults
from tests.fakes.clocks import Clock
from tests.unit.backends.faults.right import ROOT, Right, request

ON = Faults(control=True)


def app(faults: Faults = ON) -> Any:
    return with_faults(Right(), faults, root=ROOT, clock=Clock())


def control(on: Any, method: str, body: Any = None, **environ: str) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    asked: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": "/faults",
        "REMOTE_ADDR": "127.0.0.1",
        "QUERY_STRING": "",
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.input": io.BytesIO(data),
        **environ,
    }
    started: list[Any] = []
    found = b"".join(on(asked, lambda *args: started.append(args)))
    return int(started[0][0].split()[0]), orjson.loads(found)


def test_faults_are_set_shown_and_ended() -> None:
    on = app()
    assert control(on, "GET") == (200, {"faults": []})
    put = {"faults": [{"kind": "error", "paths": ["/jobs"]}, "capabilities.no-title"]}
    assert control(on, "PUT", put)[0] == 200
    assert request(on, "GET /jobs")[0] == 500
    assert b"title" not in orjson.loads(request(on, "GET /")[2])
    shown = control(on, "GET")[1]["faults"]
    assert [(one.get("kind", one.get("rule")), one["struck"]) for one in shown] == [
        ("error", 1),
        ("capabilities.no-title", 2),
    ]
    assert control(on, "DELETE") == (200, {"faults": []})
    assert request(on, "GET /")[0] == 200


def test_what_is_shown_can_be_put_again() -> None:
    on = app(Faults(read_faults([{"kind": "delay", "rate": 0.5}]).listed, control=True))
    (shown,) = control(on, "GET")[1]["faults"]
    shown.pop("struck")
    assert control(on, "PUT", {"faults": [shown]})[0] == 200


@pytest.mark.parametrize(
    "environ",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": "10.0.0.1"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"HTTP_FORWARDED": "for=192.0.2.7"},
        {"HTTP_ORIGIN": "https://web.example"},
    ],
)
def test_who_is_not_at_this_machine_finds_nothing(environ: dict[str, str]) -> None:
    for method in ("GET", "PUT", "DELETE"):
        status, body = control(app(), method, {"faults": ["reset"]}, **environ)
        # What the backend itself says of such a path.
        assert (status, body["code"]) == (401, "AuthenticationRequired")


def test_the_loopback_addresses_are_at_this_machine() -> None:
    assert control(app(), "GET", REMOTE_ADDR="::1")[0] == 200
    assert control(app(), "GET", REMOTE_ADDR="127.0.0.5")[0] == 200


def test_nobody_finds_it_unless_it_is_configured() -> None:
    assert control(app(read_faults(["health.missing"])), "GET")[0] == 401


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "no valid JSON"),
        ([], '{"faults": [...]}'),
        ({"faults": ["no-such-fault"]}, "'no-such-fault' is no rule"),
        ({"faults": 5}, "must be a list"),
    ],
)
def test_a_wrong_body_is_refused_and_changes_nothing(body: Any, message: str) -> None:
    on = app()
    control(on, "PUT", {"faults": ["jobs.no-id"]})
    status, error = control(on, "PUT", body)
    assert (status, error["code"]) == (400, "RequestInvalid")
    assert message in error["message"]
    assert len(control(on, "GET")[1]["faults"]) == 1


def test_other_methods_are_not_possible() -> None:
    assert control(app(), "POST", {})[0] == 405
