"""What a review makes it finds again, however a backend says what the id is."""

from __future__ import annotations

from typing import Any

from scripts.self_review.account import Account, BasicLogin
from tests.fakes.backends import Call, Reply
from tests.unit.self_review.reviewing import reviewed


def test_a_job_whose_id_is_said_in_the_body_only_is_removed() -> None:
    removed: list[str] = []

    def remove(call: Call) -> Reply:
        removed.append(call.path)
        return Reply(204)

    answers: dict[str, Any] = {
        "GET /": {"api_version": "1.3.0", "endpoints": []},
        "GET /credentials/basic": {"access_token": "t"},
        "POST /jobs": {"id": "made-1"},
        "DELETE /jobs/*": remove,
    }
    report = reviewed(answers, only=("api-730",), account=Account(BasicLogin("me", "secret")))
    assert [one.verdict for one in report.findings] == ["pass"]
    assert removed == ["/openeo/1.3/jobs/made-1"]
    assert list(report.left_behind) == []
