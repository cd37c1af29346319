"""Tokens of OpenID Connect providers: verified before anything reaches a backend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aggregator.usecases.callers import verified_callers
from tests.fakes.backends import FakeBackend, Reply
from tests.fakes.issuers import JWKS, NOW, Issuer, claims, ec_key, rsa_key, signed
from tests.web.site import ENDPOINTS, JWT, Site, assert_error, backend, basic, conforms, graph

JOBS: dict[str, Any] = {"GET /jobs": {"jobs": [], "links": []}}


def provider(identifier: str, issuer: str, **more: Any) -> dict[str, Any]:
    return {"id": identifier, "issuer": issuer, "title": "Id", "scopes": ["openid"], **more}


def member(name: str, *providers: dict[str, Any], **said: Any) -> FakeBackend:
    """A backend that knows these providers, who all are Alice to it."""
    listed = ENDPOINTS | {"/credentials/oidc": ["GET"]}
    answers = {
        "GET /credentials/oidc": {"providers": list(providers)},
        "GET /me": {"user_id": f"at-{name}", "name": "A", "roles": ["local"], "links": []},
        "POST /result": Reply(200, {"ok": True}),
        **JOBS,
    }
    endpoints = [{"path": path, "methods": methods} for path, methods in listed.items()]
    return backend(name, answers=answers, endpoints=endpoints, **said)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


def site_of(issuer: Issuer, directory: Path, **settings: Any) -> Site:
    terra = member("terra", provider("egi", f"{issuer.url}/"), conformsTo=[JWT], version="1.3.0")
    aurora = member("aurora", provider("check-in", issuer.url))
    return Site({"terra": terra, "aurora": aurora}, directory, issuer=issuer, **settings)


@pytest.fixture
def site(issuer: Issuer, tmp_path: Path) -> Site:
    return site_of(issuer, tmp_path)


def bearer(token: str, provider: str = "") -> dict[str, str]:
    return {"Authorization": f"Bearer oidc/{provider}/{token}" if provider else f"Bearer {token}"}


def sent_to(found: FakeBackend, path: str = "/jobs") -> list[str | None]:
    return [call.authorization for call in found.asked("GET", path)]


@pytest.mark.parametrize("form", ["egi", ""])
def test_a_token_goes_to_each_backend_in_the_form_and_under_the_id_that_it_knows(
    site: Site, issuer: Issuer, form: str
) -> None:
    token = issuer.token()
    assert site.get("/jobs", headers=bearer(token, form)).status_code == 200
    assert sent_to(site.backends["terra"]) == [f"Bearer {token}"]
    assert sent_to(site.backends["aurora"]) == [f"Bearer oidc/check-in/{token}"]


BAD: dict[str, Callable[[Issuer], str]] = {
    "expired": lambda i: i.token(exp=NOW - 31),
    "not yet valid": lambda i: i.token(nbf=NOW + 31),
    "without end": lambda i: i.token(exp=None),
    "of another issuer": lambda i: i.token(iss="https://evil.test/realm"),
    "without issuer": lambda i: i.token(iss=None),
    "without user": lambda i: i.token(sub=None),
    "by another key": lambda i: signed(claims(i.url), rsa_key(7)),
    "by an unknown key": lambda i: signed(claims(i.url), rsa_key(7), kid="x"),
    "by a key of another kind": lambda i: signed(claims(i.url), ec_key(), "ES256"),
    "unsigned": lambda i: i.token().rpartition(".")[0] + ".",
    "of none": lambda i: "eyJhbGciOiJub25lIn0." + i.token().split(".")[1] + ".",
    "no token": lambda i: "opaque-opaque-opaque",
    "broken": lambda i: i.token()[:-4] + ".x",
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("form", ["egi", ""])
@pytest.mark.parametrize("method", ["GET /jobs", "GET /me", "POST /result", "POST /jobs"])
def test_no_backend_sees_a_token_that_is_not_good_and_no_answer_repeats_it(
    site: Site, issuer: Issuer, kind: str, form: str, method: str
) -> None:
    token = BAD[kind](issuer)
    verb, _, path = method.partition(" ")
    before = [len(b.calls) for b in site.backends.values()]
    json = {"process": graph()} if verb == "POST" else None
    answer = site.request(verb, path, json=json, headers=bearer(token, form))
    error = assert_error(answer, 403, "TokenInvalid")
    assert [len(b.calls) for b in site.backends.values()] == before
    assert token not in answer.text and len(error["message"]) > 20
    assert not any(part in answer.text for part in token.split(".") if len(part) > 3)


def test_a_token_of_an_issuer_is_no_login_by_password(site: Site, issuer: Issuer) -> None:
    header = {"Authorization": f"Bearer basic//{issuer.token()}"}
    assert_error(site.get("/jobs", headers=header), 403, "TokenInvalid")
    assert sent_to(site.backends["terra"]) == []


def test_a_token_that_was_good_is_so_no_longer_when_it_has_expired(
    site: Site, issuer: Issuer
) -> None:
    token = issuer.token(exp=NOW + 60)
    assert site.get("/jobs", headers=bearer(token)).status_code == 200
    site.clock.advance(89)
    assert site.get("/jobs", headers=bearer(token)).status_code == 200
    site.clock.advance(1)
    error = assert_error(site.get("/jobs", headers=bearer(token)), 403, "TokenInvalid")
    assert "expired" in error["message"] and "log in again" in error["message"]


def test_a_rotated_key_is_taken_at_once_and_the_old_one_no_longer(
    site: Site, issuer: Issuer
) -> None:
    old = issuer.token()
    assert site.get("/jobs", headers=bearer(old)).status_code == 200
    issuer.rotate("k-2", 1)
    assert site.get("/jobs", headers=bearer(issuer.token())).status_code == 200
    assert_error(site.get("/jobs", headers=bearer(old)), 403, "TokenInvalid")


def test_a_flood_of_unknown_keys_reaches_the_issuer_once_per_interval(
    site: Site, issuer: Issuer
) -> None:
    assert site.get("/jobs", headers=bearer(issuer.token())).status_code == 200
    for number in range(50):
        token = signed(claims(issuer.url), rsa_key(7), kid=f"x{number}")
        assert_error(site.get("/jobs", headers=bearer(token)), 403, "TokenInvalid")
    assert issuer.fetches == 2
    for garbage in ("a.b.c", "x" * 50_000, issuer.token(iss="https://evil.test")):
        assert_error(site.get("/jobs", headers=bearer(garbage, "egi")), 403, "TokenInvalid")
    assert issuer.fetches == 2


def test_while_an_issuer_is_down_its_users_stay_logged_in(site: Site, issuer: Issuer) -> None:
    assert site.get("/jobs", headers=bearer(issuer.token())).status_code == 200
    site.adapter.down.add(issuer.host)
    site.clock.advance(1000)
    assert site.get("/jobs", headers=bearer(issuer.token(sub="u-2"))).status_code == 200


def test_without_any_keys_of_the_issuer_nobody_is_let_in_and_all_are_told_why(
    site: Site, issuer: Issuer
) -> None:
    site.adapter.down.add(issuer.host)
    answer = site.get("/jobs", headers=bearer(issuer.token()))
    error = assert_error(answer, 503, "IdentityProviderUnavailable")
    assert issuer.url in error["message"] and "try again" in error["message"]
    assert answer.headers["Retry-After"] == "5"
    site.adapter.down.clear()
    issuer.app.answers[JWKS] = {"keys": []}
    site.clock.advance(6)
    answer = site.get("/jobs", headers=bearer(issuer.token()))
    error = assert_error(answer, 503, "IdentityProviderUnavailable")
    assert "no key that can be used" in error["message"]


def test_operators_see_how_issuers_are(site: Site, issuer: Issuer) -> None:
    assert "issuers" not in site.get("/health").json
    site.get("/jobs", headers=bearer(issuer.token()))
    assert site.get("/health").json["issuers"] == {
        issuer.url: {"keys": 1, "last_successful_check": "2023-11-14T22:13:20Z"}
    }
    site.adapter.down.add(issuer.host)
    site.clock.advance(1000)
    site.federation.issuers.refresh([issuer.url])
    report = site.get("/health").json
    assert report["issuers"][issuer.url]["problem"] == "It cannot be reached."
    assert (report["status"], report["issuers"][issuer.url]["keys"]) == ("ok", 1)


def test_only_trusted_issuers_are_offered_and_taken(issuer: Issuer, tmp_path: Path) -> None:
    trusting = site_of(issuer, tmp_path, identity={"trusted_issuers": [f"{issuer.url}/"]})
    assert trusting.get("/jobs", headers=bearer(issuer.token())).status_code == 200
    wary = site_of(issuer, tmp_path / "w", identity={"trusted_issuers": ["https://other.test"]})
    assert_error(wary.get("/credentials/oidc"), 501, "FeatureUnsupported")
    for form in ("egi", ""):
        answer = wary.get("/jobs", headers=bearer(issuer.token(), form))
        assert_error(answer, 403, "TokenInvalid")


def test_a_trusted_issuer_is_known_to_the_federation_before_its_members_know_it(
    issuer: Issuer, tmp_path: Path
) -> None:
    members = {"terra": backend("terra", answers=JOBS)}
    identity = {"trusted_issuers": [f"{issuer.url}/"]}
    site = Site(members, tmp_path, issuer=issuer, identity=identity)
    user = bearer(issuer.token(name="Alice"))
    found = conforms("/me", site.get("/me", headers=user))
    assert (found["user_id"], found["name"]) == ("u-1", "Alice")
    assert_error(site.get("/jobs/terra-1", headers=user), 403, "PermissionsInsufficient")
    assert not members["terra"].asked("GET", "/jobs/1") + members["terra"].asked("GET", "/me")
    app = site.federation
    callers = verified_callers(app.settings, app.accounts, app.catalogue)
    program = bearer(issuer.token(azp="terra-accounting"))["Authorization"]
    assert callers(program).client == "terra-accounting"


def test_a_token_that_was_verified_is_not_taken_for_another_provider(
    issuer: Issuer, tmp_path: Path
) -> None:
    other = Issuer("https://other.test")
    member_ = member("terra", provider("a", issuer.url), provider("b", other.url))
    site = Site({"terra": member_}, tmp_path, issuer=issuer, oidc_rule="union")
    site.adapter.apps[other.host] = other.app
    token = issuer.token()
    assert site.get("/jobs", headers=bearer(token, "a")).status_code == 200
    assert site.get("/jobs", headers=bearer(other.token(), "b")).status_code == 200
    assert_error(site.get("/jobs", headers=bearer(token, "b")), 403, "TokenInvalid")


def test_audience_and_client_are_asked_for_if_the_operator_says_so(
    issuer: Issuer, tmp_path: Path
) -> None:
    asked = {"audience": ["openeo"], "authorized_parties": ["editor"]}
    site = site_of(issuer, tmp_path, identity=asked)
    good = issuer.token(azp="editor")
    assert site.get("/jobs", headers=bearer(good)).status_code == 200
    for bad in (issuer.token(), issuer.token(azp="editor", aud="shop"), issuer.token(azp="x")):
        assert_error(site.get("/jobs", headers=bearer(bad)), 403, "TokenInvalid")


def test_me_is_the_subject_with_what_the_token_and_the_members_say(
    site: Site, issuer: Issuer
) -> None:
    token = issuer.token(sub="u-1@egi", name="Alice", subscriptions=["general"])
    found = conforms("/me", site.get("/me", headers=bearer(token)))
    assert (found["user_id"], found["name"]) == ("u-1~40egi", "Alice")
    assert found["roles"] == ["general", "local"]
    assert found["federation:users"]["terra"]["user_id"] == "at-terra"


def test_a_user_of_a_provider_that_one_member_knows_is_known_there_only(
    issuer: Issuer, tmp_path: Path
) -> None:
    members = {
        "terra": member("terra", provider("a", issuer.url)),
        "aurora": member("aurora", provider("b", "https://other.test")),
    }
    site = Site(members, tmp_path, issuer=issuer, oidc_rule="union")
    user = bearer(issuer.token(), "a")
    assert site.get("/jobs", headers=user).status_code == 200
    assert sent_to(members["aurora"]) == []
    assert_error(site.get("/jobs/aurora-1", headers=user), 403, "PermissionsInsufficient")


@pytest.mark.parametrize("path", ["/jobs", "/me"])
def test_a_member_that_was_never_reached_is_missing_and_not_a_stranger(
    issuer: Issuer, tmp_path: Path, path: str
) -> None:
    names = ("terra", "aurora")
    members = {name: member(name, provider("egi", issuer.url)) for name in names}
    site = Site(members, tmp_path, issuer=issuer, down=("aurora",))
    user = bearer(issuer.token())
    assert conforms(path, site.get(path, headers=user))["federation:missing"] == ["aurora"]
    error = assert_error(site.get("/jobs/aurora-1", headers=user), 503, "BackendUnavailable")
    assert error["federation:backends"] == ["aurora"]
    site.come_back("aurora")
    site.federation.refresh()
    assert "federation:missing" not in site.get(path, headers=user).json


def test_a_member_that_does_not_tell_its_providers_is_missing_until_it_does(
    issuer: Issuer, tmp_path: Path
) -> None:
    names = ("terra", "aurora")
    members = {name: member(name, provider("egi", issuer.url)) for name in names}
    told = members["aurora"].answers["GET /credentials/oidc"]
    members["aurora"].answers["GET /credentials/oidc"] = Reply(500)
    site = Site(members, tmp_path, issuer=issuer)
    user = bearer(issuer.token())
    assert site.get("/jobs", headers=user).json["federation:missing"] == ["aurora"]
    error = assert_error(site.get("/jobs/aurora-1", headers=user), 503, "BackendUnavailable")
    assert "has not said yet whose logins it takes" in error["message"]
    members["aurora"].answers["GET /credentials/oidc"] = told
    site.federation.refresh()
    assert "federation:missing" not in site.get("/jobs", headers=user).json


def test_default_clients_and_parameters_for_logging_in_are_passed_on(
    issuer: Issuer, tmp_path: Path
) -> None:
    client = {
        "id": "editor",
        "grant_types": ["authorization_code+pkce"],
        "redirect_urls": ["https://editor.openeo.org/"],
    }
    said = {"default_clients": [client], "authorization_parameters": {"audience": "openeo"}}
    site = Site(
        {"terra": member("terra", provider("egi", issuer.url, **said))}, tmp_path, issuer=issuer
    )
    (found,) = conforms("/credentials/oidc", site.get("/credentials/oidc"))["providers"]
    assert found["default_clients"] == [client]
    assert found["authorization_parameters"] == {"audience": "openeo"}


def classes(site: Site) -> list[str]:
    listed: list[str] = site.get("/conformance").json["conformsTo"]
    return listed


def test_plain_tokens_are_promised_where_every_token_is_one(issuer: Issuer, tmp_path: Path) -> None:
    only_oidc = Site(
        {"terra": member("terra", provider("egi", issuer.url))},
        tmp_path,
        issuer=issuer,
        without_passwords=("terra",),
    )
    assert JWT in classes(only_oidc)
    assert JWT not in classes(site_of(issuer, tmp_path / "both"))
    without = Site({"terra": backend("terra")}, tmp_path / "none", without_passwords=("terra",))
    assert JWT not in classes(without)


def test_a_password_login_goes_on_beside_tokens(site: Site) -> None:
    token = site.get("/credentials/basic", headers=basic("bob", "bob")).json["access_token"]
    for form in (f"Bearer {token}", f"Bearer basic//{token}"):
        assert site.get("/me", headers={"Authorization": form}).json["user_id"] == "bob"


def test_a_program_is_told_by_its_name_only_where_that_is_one_issuers(
    issuer: Issuer, tmp_path: Path
) -> None:
    def caller(site: Site) -> tuple[str, str]:
        app = site.federation
        callers = verified_callers(app.settings, app.accounts, app.catalogue)
        found = callers(bearer(issuer.token(sub="svc", azp="terra-accounting"))["Authorization"])
        return found.user, found.client

    assert caller(site_of(issuer, tmp_path)) == ("svc", "terra-accounting")
    both = {
        "terra": member("terra", provider("a", issuer.url)),
        "aurora": member("aurora", provider("b", "https://evil.test")),
    }
    union = Site(both, tmp_path / "union", issuer=issuer, oidc_rule="union")
    assert caller(union) == ("svc", "")
    trusting: dict[str, Any] = {"identity": {"trusted_issuers": [issuer.url]}}
    named = Site(both, tmp_path / "named", issuer=issuer, oidc_rule="union", **trusting)
    assert caller(named) == ("svc", "terra-accounting")


@pytest.mark.parametrize("moved", ["terra", "aurora"])
def test_a_backend_that_changes_its_issuer_logs_nobody_else_out(
    issuer: Issuer, tmp_path: Path, moved: str
) -> None:
    names = ("terra", "aurora", "boreal")
    members = {name: member(name, provider("egi", issuer.url)) for name in names}
    site = Site(members, tmp_path, issuer=issuer)
    user = bearer(issuer.token(), "egi")
    assert site.get("/jobs", headers=user).status_code == 200
    elsewhere = provider("egi", "https://new.test/realm")
    members[moved].answers["GET /credentials/oidc"] = {"providers": [elsewhere]}
    site.federation.refresh()
    listed = conforms("/credentials/oidc", site.get("/credentials/oidc"))
    assert [one["issuer"] for one in listed["providers"]] == [issuer.url]
    seen = {name: len(sent_to(found)) for name, found in members.items()}
    conforms("/jobs", site.get("/jobs", headers=user))
    asked = [name for name, found in members.items() if len(sent_to(found)) > seen[name]]
    assert asked == [name for name in names if name != moved]
    told = assert_error(site.get(f"/jobs/{moved}-1", headers=user), 403, "PermissionsInsufficient")
    assert f"not known at backend '{moved}'" in told["message"]


def test_a_backend_that_learns_to_take_plain_tokens_gets_them_from_then_on(
    site: Site, issuer: Issuer
) -> None:
    user, aurora = bearer(issuer.token()), site.backends["aurora"]
    site.get("/jobs", headers=user)
    aurora.answers["GET /"] = {**aurora.answers["GET /"], "conformsTo": [JWT]}
    site.federation.refresh()
    site.get("/jobs", headers=user)
    plain = user["Authorization"]
    assert sent_to(aurora) == [plain.replace("Bearer ", "Bearer oidc/check-in/"), plain]
