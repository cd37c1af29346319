"""Logging in, and whose token goes where."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.backends import Call, FakeBackend, Reply
from tests.web.site import JWT, Site, assert_error, backend, basic, conforms

JOBS: dict[str, Any] = {"GET /jobs": {"jobs": [], "links": []}}


def sent_to(found: FakeBackend, path: str = "/jobs") -> list[str | None]:
    return [call.authorization for call in found.asked("GET", path)]


def test_one_login_gives_one_token_for_all_backends(site: Site) -> None:
    answer = site.get("/credentials/basic", headers=basic("alice", "alice"))
    assert set(conforms("/credentials/basic", answer)) == {"access_token"}
    assert "alice" not in answer.text


def test_a_wrong_password_is_refused(site: Site) -> None:
    answer = site.get("/credentials/basic", headers=basic("alice", "secret"))
    error = assert_error(answer, 403, "CredentialsInvalid")
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        (None, 401, "AuthenticationRequired"),
        ("Bearer x", 403, "AuthenticationSchemeInvalid"),
        ("Basic !!!", 403, "CredentialsInvalid"),
        ("Basic " + base64.b64encode(b"alice").decode(), 403, "CredentialsInvalid"),
    ],
)
def test_a_login_that_cannot_be_read_is_an_error(
    site: Site, header: str | None, status: int, code: str
) -> None:
    headers = {} if header is None else {"Authorization": header}
    assert_error(site.get("/credentials/basic", headers=headers), status, code)


def test_each_backend_gets_its_own_token_in_the_form_it_advertises(tmp_path: Path) -> None:
    terra = backend("terra", answers=JOBS, conformsTo=[JWT], version="1.3.0")
    aurora = backend("aurora", answers=JOBS)
    site = Site({"terra": terra, "aurora": aurora}, tmp_path)
    site.get("/jobs", headers=site.login())
    assert sent_to(terra) == ["Bearer alice-at-terra"]
    assert sent_to(aurora) == ["Bearer basic//alice-at-aurora"]


def test_a_sealed_token_is_taken_with_and_without_its_prefix(site: Site) -> None:
    for member in site.backends.values():
        member.answers |= JOBS
    prefixed = site.login()["Authorization"]
    plain = prefixed.replace("basic//", "")
    for header in (prefixed, plain):
        assert site.get("/jobs", headers={"Authorization": header}).status_code == 200


def test_passwords_go_only_to_backends_that_may_have_them(tmp_path: Path) -> None:
    terra, aurora = backend("terra"), backend("aurora")
    site = Site({"terra": terra, "aurora": aurora}, tmp_path, without_passwords=("aurora",))
    site.login()
    assert aurora.asked("GET", "/credentials/basic") == []


def test_one_can_log_in_while_a_backend_is_down_and_is_told_to_log_in_again(site: Site) -> None:
    site.go_down("aurora")
    user = site.login()
    site.come_back("aurora")
    site.federation.refresh()
    site.backends["terra"].answers |= JOBS
    error = assert_error(site.get("/jobs/aurora-1", headers=user), 403, "TokenInvalid")
    assert "'aurora'" in error["message"] and "log in again" in error["message"]
    assert site.get("/jobs", headers=user).json["federation:missing"] == ["aurora"]


def test_nobody_can_log_in_while_every_backend_is_down(site: Site) -> None:
    site.go_down("terra", "aurora")
    answer = site.get("/credentials/basic", headers=basic("alice", "alice"))
    assert_error(answer, 503, "BackendUnavailable")


def test_a_user_of_one_backend_only_can_log_in(tmp_path: Path) -> None:
    refused = Reply(403, {"id": "1", "code": "CredentialsInvalid", "message": "No."})
    strict = backend("strict", answers={"GET /credentials/basic": refused})
    site = Site({"terra": backend("terra", answers=JOBS), "strict": strict}, tmp_path)
    listed = site.get("/jobs", headers=site.login()).json
    assert listed == {"jobs": [], "links": []}
    error = site.get("/jobs/strict-1", headers=site.login())
    assert_error(error, 403, "PermissionsInsufficient")


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        (None, 401, "AuthenticationRequired"),
        ("Basic YTpi", 403, "AuthenticationSchemeInvalid"),
        ("Bearer", 403, "TokenInvalid"),
        ("Bearer basic//nonsense", 403, "TokenInvalid"),
        ("Bearer nonsense", 403, "TokenInvalid"),
        ("Bearer a.b.c", 403, "TokenInvalid"),
        ("Bearer oidc//x", 403, "TokenInvalid"),
        ("Bearer oidc/nobody/x", 403, "TokenInvalid"),
        ("Bearer oidc/nobody/a.b.c", 403, "TokenInvalid"),
        ("Bearer basic/x/y", 403, "TokenInvalid"),
    ],
)
def test_a_token_that_is_none_is_an_error(
    site: Site, header: str | None, status: int, code: str
) -> None:
    headers = {} if header is None else {"Authorization": header}
    assert_error(site.get("/jobs", headers=headers), status, code)


@pytest.mark.parametrize("prefix", ["basic//", ""])
def test_a_token_expires_and_its_user_is_told_to_log_in_again(site: Site, prefix: str) -> None:
    header = site.login()["Authorization"].replace("basic//", prefix)
    site.clock.advance(13 * 3600)
    error = assert_error(site.get("/jobs", headers={"Authorization": header}), 403, "TokenInvalid")
    assert error["message"] == (
        "The bearer token has expired or is not one of ours. Please log in again."
    )


def test_a_token_of_another_federation_is_none(site: Site, tmp_path: Path) -> None:
    other = Site({"terra": backend("terra")}, tmp_path / "other")
    assert_error(site.get("/jobs", headers=other.login()), 403, "TokenInvalid")


def test_a_token_outlives_a_restart(site: Site, tmp_path: Path) -> None:
    user = site.login()
    site.backends["terra"].answers |= JOBS
    again = Site(site.backends, tmp_path)
    assert again.get("/jobs", headers=user).status_code == 200
    assert (tmp_path / "sealing.key").stat().st_mode & 0o777 == 0o600


def test_without_providers_openid_connect_is_an_unsupported_feature(site: Site) -> None:
    assert_error(site.get("/credentials/oidc"), 501, "FeatureUnsupported")


def test_me_joins_what_the_backends_say(site: Site) -> None:
    def me(user: str) -> dict[str, Any]:
        return {"user_id": user, "name": user.title(), "budget": 3, "links": []}

    site.backends["terra"].answers["GET /me"] = me("alice")
    site.backends["aurora"].answers["GET /me"] = me("a.lice")
    found = conforms("/me", site.get("/me", headers=site.login()))
    assert (found["user_id"], found["name"]) == ("alice", "Alice")
    assert found["federation:backends"] == ["terra", "aurora"]
    assert "budget" not in found
    assert found["federation:users"]["aurora"]["user_id"] == "a.lice"


def test_at_the_address_of_a_backend_no_other_is_asked_who_somebody_is(site: Site) -> None:
    for member in site.backends.values():
        member.answers["GET /me"] = {"user_id": "alice"}
    root = "/federation/aurora/openeo/1.3"
    found = site.request("GET", "/me", root=root, headers=site.login()).json
    assert found["federation:backends"] == ["aurora"]
    assert sent_to(site.backends["aurora"], "/me") == ["Bearer basic//alice-at-aurora"]
    assert sent_to(site.backends["terra"], "/me") == []


def test_a_user_name_becomes_an_id_that_the_api_allows(site: Site) -> None:
    found = conforms("/me", site.get("/me", headers=site.login("a.b~c-d_é@x")))
    assert found["user_id"] == "a.b~c-d_~e9~40x"


def test_me_tells_what_the_federation_knows_while_no_backend_answers(site: Site) -> None:
    user = site.login()
    site.go_down("terra", "aurora")
    found = conforms("/me", site.get("/me", headers=user))
    assert found == {"user_id": "alice", "federation:missing": ["terra", "aurora"], "links": []}


@pytest.mark.parametrize("path", ["/jobs", "/jobs?limit=1", "/me"])
def test_a_backend_whose_login_has_ended_is_missing_and_the_others_answer(
    site: Site, path: str
) -> None:
    ended = Reply(403, {"id": "1", "code": "TokenInvalid", "message": "Expired."})
    user = site.login()
    site.backends["terra"].answers |= {"GET /me": ended, "GET /jobs": ended}
    site.backends["aurora"].answers |= {
        "GET /me": {"user_id": "alice"},
        "GET /jobs": {"jobs": [{"id": "1", "status": "created"}], "links": []},
    }
    found = site.get(path, headers=user).json
    assert found["federation:missing"] == ["terra"]
    assert path == "/me" or [job["id"] for job in found["jobs"]] == ["aurora-1"]


def test_a_token_that_every_backend_refuses_is_their_own_error(site: Site) -> None:
    def refuse(call: Call) -> Reply:
        return Reply(403, {"id": "1", "code": "TokenInvalid", "message": "Expired."})

    user = site.login()
    for member in site.backends.values():
        member.answers |= {"GET /me": refuse, "GET /jobs": refuse}
    for path in ("/me", "/jobs"):
        error = assert_error(site.get(path, headers=user), 403, "TokenInvalid")
        assert "Expired." in error["message"]
