"""What a review makes it finds again, however a backend says what the id is."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from scripts.self_review.account import Account, BasicLogin
from scripts.self_review.main import main
from scripts.self_review.review import Review
from tests.fakes.backends import Call, FakeBackend, Reply
from tests.fakes.transports import WsgiAdapter
from tests.unit.self_review.reviewing import HOST, reviewed


def answers() -> dict[str, Any]:
    return {
        "GET /": {"api_version": "1.3.0", "endpoints": []},
        "GET /credentials/basic": {"access_token": "t"},
        "POST /jobs": {"id": "made-1"},
    }


def test_a_job_whose_id_is_said_in_the_body_only_is_removed() -> None:
    removed: list[str] = []

    def remove(call: Call) -> Reply:
        removed.append(call.path)
        return Reply(204)

    backend = answers() | {"DELETE /jobs/*": remove}
    report = reviewed(backend, only=("api-730",), account=Account(BasicLogin("me", "secret")))
    assert [one.verdict for one in report.findings] == ["pass"]
    assert removed == ["/openeo/1.3/jobs/made-1"]
    assert list(report.left_behind) == []


def test_after_ctrl_c_it_says_what_could_not_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = answers() | {"DELETE /jobs/*": Reply(500)}
    transport = WsgiAdapter({HOST: FakeBackend(backend, "/openeo/1.3")})
    run = Review.run

    def stopped(review: Review, _progress: object) -> object:
        review.transport = transport

        def stop(_finding: object) -> None:
            raise KeyboardInterrupt

        return run(review, stop)

    monkeypatch.setattr(Review, "log_in", lambda _review: "")
    monkeypatch.setattr(Review, "run", stopped)
    arguments = [f"{HOST}/openeo/1.3", "--basic", "me:secret", "--yes", "--only", "api-730"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    said = " ".join(result.stderr.split())
    assert "Stopped; what the review had made at the backend was removed, but for the" in said
    assert "This could not be removed: /jobs/made-1 (500)" in said
