"""What single checks say where no mutation of a simulated backend gets to."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.self_review.account import Account, BasicLogin
from scripts.self_review.backend import Options
from tests.fakes.backends import Call, Reply
from tests.unit.self_review.reviewing import verdict

JSON = {"Content-Type": "application/json"}
ERROR = {"code": "NotFound", "message": "Nothing is here."}


def capabilities(**fields: Any) -> dict[str, Any]:
    return {"GET /": {"api_version": "1.3.0", "endpoints": [], **fields}}


@pytest.mark.parametrize(
    ("requirement", "path"),
    [
        ("api-21", "/.well-known/openeo"),
        ("api-30", "/"),
        ("api-40", "/file_formats"),
        ("api-112", "/credentials/oidc"),
        ("api-200", "/processes"),
        ("api-300", "/collections"),
    ],
)
def test_a_document_that_is_no_json_fails_the_check_of_that_document(
    requirement: str, path: str
) -> None:
    backend = capabilities() | {f"GET {path}": Reply(200, headers=JSON, body=[b"{]"])}
    said, why = verdict(backend, requirement)
    assert said == "fail"
    assert why.startswith("the body is no JSON")


def test_json_in_another_encoding_fails_though_no_charset_is_said() -> None:
    body = '{"input": {}, "output": {"PNG": {"title": "Übersicht"}}}'.encode("latin-1")
    backend = capabilities() | {"GET /file_formats": Reply(200, headers=JSON, body=[body])}
    said, why = verdict(backend, "api-5")
    assert said == "fail"
    assert "is not UTF-8 at byte" in why


def test_errors_need_an_id_or_a_url() -> None:
    for more, expected in (({}, "fail"), ({"id": "1"}, "pass"), ({"url": "https://x"}, "pass")):
        backend = capabilities() | {"GET /*": Reply(404, {**ERROR, **more})}
        assert verdict(backend, "api-8")[0] == expected


def test_without_a_history_nothing_is_said_of_availability() -> None:
    assert verdict({}, "availability-2") == ("could not tell", "A monitor's history is needed.")
    assert verdict({}, "availability-2", options=Options(history=[])) == (
        "could not tell",
        "The history holds no whole month.",
    )


def test_a_profile_is_not_met_while_a_row_of_it_is_open() -> None:
    said, why = verdict({"GET /*": Reply(200, {})}, "profile-processes")
    assert (said, why) == (
        "could not tell",
        "GET /processes has no array 'processes' (judged by api-200).",
    )


@pytest.mark.parametrize(("version", "expected"), [("1.3.0", "warning"), ("1.2.0", "fail")])
def test_a_backend_that_takes_bare_tokens_only_is_right_from_api_1_3_on(
    version: str, expected: str
) -> None:
    def account(call: Call) -> Reply:
        good = call.authorization == "Bearer t"
        return Reply(200, {"user_id": "me"}) if good else Reply(403, {**ERROR, "id": "1"})

    backend = capabilities(api_version=version) | {
        "GET /credentials/basic": {"access_token": "t"},
        "GET /me": account,
    }
    login = Account(BasicLogin("me", "secret"))
    assert verdict(backend, "api-100", account=login)[0] == expected
