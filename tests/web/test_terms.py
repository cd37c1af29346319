"""Nothing of a user's goes to members before the user has agreed to the terms."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from werkzeug.test import TestResponse

from tests.fakes.issuers import Issuer
from tests.web.site import Site, assert_error, conforms, graph
from tests.web.test_errors_and_cors import PRIVATE
from tests.web.test_tokens import bearer, site_of

TERMS = {"version": "1", "text": "Be kind.\nShare <b>nothing</b>.", "url": "https://a.test/terms"}
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def site(issuer: Issuer, tmp_path: Path) -> Site:
    return site_of(issuer, tmp_path, terms=TERMS)


def ticket_for(site: Site, user: dict[str, str]) -> str:
    """The ticket in the link of the error that a user gets who has not agreed."""
    error = assert_error(site.get("/jobs", headers=user), 403, "ConsentRequired")
    return str(parse_qs(urlsplit(error["url"]).query)["ticket"][0])


def page(site: Site, ticket: str = "") -> TestResponse:
    query = {"ticket": ticket} if ticket else {}
    answer: TestResponse = site.client.get(
        "/federation/terms", query_string=query, headers={"Accept": "text/html,*/*;q=0.8"}
    )
    return answer


def send(site: Site, ticket: str, decision: str = "agree", version: str = "1") -> TestResponse:
    form = {"ticket": ticket, "decision": decision, "version": version}
    answer: TestResponse = site.client.post("/federation/terms", data=form)
    return answer


@pytest.mark.parametrize(
    ("method", "path"),
    [*(asked for asked in PRIVATE if asked[1] != "/me"), ("POST", "/validation")],
)
def test_before_that_every_request_for_members_is_refused_with_the_link_to_the_page(
    site: Site, issuer: Issuer, method: str, path: str
) -> None:
    before = [len(b.calls) for b in site.backends.values()]
    json = {"process": graph(), **graph()} if method in ("POST", "PATCH") else None
    answer = site.request(method, path, json=json, headers=bearer(issuer.token()))
    error = assert_error(answer, 403, "ConsentRequired")
    assert error["url"].startswith("http://federation.test/federation/terms?ticket=")
    assert error["url"] in error["message"]
    assert error["links"][0]["href"] == error["url"]
    assert [len(b.calls) for b in site.backends.values()] == before


@pytest.mark.parametrize("path", ["/", "/collections", "/processes", "/collections/S2"])
def test_what_is_public_stays_open(site: Site, issuer: Issuer, path: str) -> None:
    assert site.get(path, headers=bearer(issuer.token())).status_code == 200


def test_without_terms_nobody_is_asked(issuer: Issuer, tmp_path: Path) -> None:
    site = site_of(issuer, tmp_path)
    assert site.get("/jobs", headers=bearer(issuer.token())).status_code == 200
    assert site.client.get("/federation/terms").status_code == 404
    assert "terms-of-service" not in site.get("/").text


def test_me_tells_who_one_is_and_where_to_agree_and_asks_no_member(
    site: Site, issuer: Issuer
) -> None:
    user = bearer(issuer.token(name="Alice"))
    found = conforms("/me", site.get("/me", headers=user))
    assert (found["user_id"], found["name"]) == ("u-1", "Alice")
    assert found["federation:refusal"]["code"] == "ConsentRequired"
    assert "federation:users" not in found and "federation:missing" not in found
    assert [link["rel"] for link in found["links"]] == ["terms-of-service"]
    assert not any(b.asked("GET", "/me") for b in site.backends.values())
    send(site, ticket_for(site, user))
    agreed = conforms("/me", site.get("/me", headers=user))
    assert "federation:refusal" not in agreed and "federation:users" in agreed
    assert "ticket=" in agreed["links"][-1]["href"]


def test_a_person_agrees_and_withdraws_on_the_page(site: Site, issuer: Issuer) -> None:
    user = bearer(issuer.token())
    ticket = ticket_for(site, user)
    shown = page(site, ticket).text
    assert "You have not agreed yet." in shown and "I agree" in shown and "Withdraw" not in shown
    answer = send(site, ticket)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"?ticket={ticket}")
    assert site.get("/jobs", headers=user).status_code == 200
    shown = page(site, ticket).text
    assert "You have agreed to version 1" in shown and "I agree" not in shown
    assert send(site, ticket, "withdraw").status_code == 303
    assert "You have withdrawn your agreement" in page(site, ticket).text
    assert_error(site.get("/jobs", headers=user), 403, "ConsentRequired")


def test_a_program_agrees_and_withdraws_with_the_bearer_token(site: Site, issuer: Issuer) -> None:
    user, path = bearer(issuer.token()), "/federation/terms/consent"
    assert site.get(path, headers=user).json["agreed"] is False
    for wrong in ({}, {"version": "2"}, {"version": 1}):
        answer = site.request("PUT", path, json=wrong, headers=user)
        assert "'1'" in assert_error(answer, 400, "RequestInvalid")["message"]
    done = site.request("PUT", path, json={"version": "1"}, headers=user)
    assert done.json["agreed"] is True
    assert done.json["record"] == [
        {"event": "agreed", "version": "1", "time": "2023-11-14T22:13:20Z"}
    ]
    assert site.get("/jobs", headers=user).status_code == 200
    site.clock.advance(60)
    gone = site.request("DELETE", path, headers=user)
    assert gone.json["agreed"] is False
    assert [e["event"] for e in gone.json["record"]] == ["agreed", "withdrawn"]
    assert_error(site.get("/jobs", headers=user), 403, "ConsentRequired")
    for method in ("GET", "PUT", "DELETE"):
        json = {"version": "1"} if method == "PUT" else None
        assert_error(site.request(method, path, json=json), 401, "AuthenticationRequired")


def test_whoever_logs_in_with_a_password_is_asked_as_well(site: Site) -> None:
    user = site.login()
    send(site, ticket_for(site, user))
    assert site.get("/jobs", headers=user).status_code == 200


def test_consent_is_one_users_of_one_issuer(site: Site, issuer: Issuer) -> None:
    alice = bearer(issuer.token(sub="alice"))
    send(site, ticket_for(site, alice))
    assert_error(site.get("/jobs", headers=bearer(issuer.token(sub="bob"))), 403, "ConsentRequired")
    assert_error(site.get("/jobs", headers=site.login("alice")), 403, "ConsentRequired")


def test_what_is_withdrawn_in_one_process_holds_in_the_others_at_once(
    site: Site, issuer: Issuer, tmp_path: Path
) -> None:
    other = site_of(issuer, tmp_path, terms=TERMS)
    user = bearer(issuer.token())
    ticket = ticket_for(site, user)
    send(site, ticket)
    assert other.get("/jobs", headers=user).status_code == 200
    send(site, ticket, "withdraw")
    assert_error(other.get("/jobs", headers=user), 403, "ConsentRequired")


def test_new_terms_ask_again_and_nobody_agrees_to_what_they_have_not_seen(
    site: Site, issuer: Issuer, tmp_path: Path
) -> None:
    user = bearer(issuer.token())
    ticket = ticket_for(site, user)
    send(site, ticket)
    newer = site_of(issuer, tmp_path, terms=TERMS | {"version": "2"})
    assert_error(newer.get("/jobs", headers=user), 403, "ConsentRequired")
    assert "since you agreed to version 1" in page(newer, ticket).text
    late = send(newer, ticket, version="1")
    assert (late.status_code, "changed while you were reading" in late.text) == (409, True)
    assert_error(newer.get("/jobs", headers=user), 403, "ConsentRequired")
    send(newer, ticket, version="2")
    assert newer.get("/jobs", headers=user).status_code == 200


def test_a_ticket_ends_after_an_hour_and_opens_nothing_else(site: Site, issuer: Issuer) -> None:
    ticket = ticket_for(site, bearer(issuer.token()))
    for form in (f"Bearer {ticket}", f"Bearer basic//{ticket}", f"Bearer oidc/egi/{ticket}"):
        answer = site.get("/me", headers={"Authorization": form})
        assert_error(answer, 403, "TokenInvalid")
        assert ticket not in answer.text
    site.clock.advance(3601)
    for answer in (page(site, ticket), send(site, ticket)):
        assert (answer.status_code, "expired" in answer.text) == (403, True)
    as_json = site.client.get("/federation/terms", query_string={"ticket": ticket})
    assert_error(as_json, 403, "TokenInvalid")


@pytest.mark.parametrize("decision", ["", "both", "AGREE"])
def test_a_form_that_decides_nothing_changes_nothing(
    site: Site, issuer: Issuer, decision: str
) -> None:
    ticket = ticket_for(site, bearer(issuer.token()))
    assert_error(send(site, ticket, decision), 400, "RequestInvalid")
    assert "not agreed yet" in page(site, ticket).text


def test_a_ticket_with_a_broken_line_agrees_to_nothing(site: Site, issuer: Issuer) -> None:
    user = bearer(issuer.token())
    form = {"ticket": ticket_for(site, user) + "\r\n", "decision": "agree", "version": "1"}
    assert site.client.post("/federation/terms", data=form).status_code == 403
    assert_error(site.get("/jobs", headers=user), 403, "ConsentRequired")


def test_another_site_cannot_send_the_form_without_the_ticket(site: Site, issuer: Issuer) -> None:
    ticket = ticket_for(site, bearer(issuer.token()))
    for forged in ("", ticket[:-4] + "AAA="):
        assert send(site, forged).status_code in (200, 403)
    assert "not agreed yet" in page(site, ticket).text


def test_the_page_is_read_without_a_login_and_as_json_too(site: Site) -> None:
    shown = page(site)
    assert shown.status_code == 200 and "I agree" not in shown.text
    document = orjson.loads(site.client.get("/federation/terms").data)
    assert (document["version"], document["text"]) == ("1", TERMS["text"])
    assert {"rel": "terms-of-service", "href": "https://a.test/terms"} in document["links"]
    links = {link["rel"]: link["href"] for link in orjson.loads(site.get("/").data)["links"]}
    assert links["terms-of-service"] == "http://federation.test/federation/terms"


def test_hostile_texts_stay_texts(issuer: Issuer, tmp_path: Path) -> None:
    terms = {"version": HOSTILE, "text": HOSTILE}
    site = site_of(issuer, tmp_path, terms=terms, title=HOSTILE)
    ticket = ticket_for(site, bearer(issuer.token(sub=HOSTILE)))
    shown = page(site, ticket).text
    assert "<script" not in shown and shown.count("&lt;script&gt;") >= 4
    for junk in (HOSTILE, f"{ticket}{HOSTILE}"):
        assert "<script" not in page(site, junk).text + send(site, junk).text


def test_the_page_allows_nothing_but_its_own_style_and_form(site: Site, issuer: Issuer) -> None:
    answer = page(site, ticket_for(site, bearer(issuer.token())))
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy and "default-src 'none'" in policy
    assert "form-action 'self'" in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script|<img|<link|src=|style=|onclick", answer.text)


def test_without_the_database_nobodys_data_go_anywhere(
    issuer: Issuer, tmp_path: Path, caplog: Any
) -> None:
    file = tmp_path / "file"
    file.write_text("this is no database" * 100)
    site = site_of(issuer, tmp_path, terms=TERMS, database=f"sqlite:///{file}")
    answer = site.get("/jobs", headers=bearer(issuer.token()))
    assert_error(answer, 503, "DatabaseUnavailable")
    assert site.get("/collections").status_code == 200


def test_who_lacks_a_subscription_is_told_what_and_where_before_anything_is_sent(
    issuer: Issuer, tmp_path: Path
) -> None:
    identity = {"required_subscriptions": ["general", "copernicus-*"], "join_url": "https://j.test"}
    site = site_of(issuer, tmp_path, identity=identity)
    for user in (bearer(issuer.token()), bearer(issuer.token(roles=["x"])), site.login()):
        error = assert_error(site.get("/jobs", headers=user), 403, "PermissionsInsufficient")
        assert "'copernicus-*'" in error["message"] and "https://j.test" in error["message"]
        assert error["url"] == "https://j.test"
        me = conforms("/me", site.get("/me", headers=user))
        assert me["federation:refusal"]["code"] == "PermissionsInsufficient"
        advised = "Log in with OpenID Connect." in error["message"]
        assert advised is user["Authorization"].startswith("Bearer basic")
    assert not any(b.asked("GET", "/me") for b in site.backends.values())
    member = bearer(issuer.token(realm_access={"roles": ["copernicus-services"]}))
    assert site.get("/jobs", headers=member).status_code == 200
    assert site.get("/collections").status_code == 200


def test_an_entitlement_is_asked_for_if_the_operator_says_so(
    issuer: Issuer, tmp_path: Path
) -> None:
    identity = {"required_entitlements": ["urn:mace:egi.eu:group:vo.openeo.cloud:*"]}
    site = site_of(issuer, tmp_path, identity=identity)
    good = ["urn:mace:egi.eu:group:vo.openeo.cloud:role=member#aai.egi.eu"]
    assert site.get("/jobs", headers=bearer(issuer.token(eduperson_entitlement=good))).json
    for other in ([], ["urn:mace:egi.eu:group:other:role=member"], "urn"):
        user = bearer(issuer.token(eduperson_entitlement=other))
        assert_error(site.get("/jobs", headers=user), 403, "PermissionsInsufficient")
