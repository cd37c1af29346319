"""Where everything is, and who may ask from where."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.identities import ISSUER
from tests.web.identity.site import Site, error

DISCOVERY = "/.well-known/openid-configuration"


def test_clients_find_every_endpoint(site: Site) -> None:
    document = site.client.get(DISCOVERY).get_json()
    assert document["issuer"] == ISSUER
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    paths = {rule.rule for rule in site.app.url_map.iter_rules()}
    for name in ("token_endpoint", "jwks_uri"):
        assert document[name].removeprefix(ISSUER) in paths, name


def test_claims_of_users_are_announced(site: Site) -> None:
    assert "eduperson_entitlement" in site.client.get(DISCOVERY).get_json()["claims_supported"]


def test_a_provider_below_a_path_is_found_there(tmp_path: Path) -> None:
    site = Site(tmp_path, issuer="https://login.example/realms/one")
    document = site.client.get(f"/realms/one{DISCOVERY}").get_json()
    assert document["jwks_uri"] == "https://login.example/realms/one/jwks"
    assert site.client.get("/realms/one/jwks").status_code == 200
    assert site.client.get(DISCOVERY).status_code == 404


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks", "/token", "/nowhere"])
def test_web_applications_anywhere_may_ask(site: Site, path: str) -> None:
    preflight = site.client.options(path, headers={"Origin": "https://editor.example"})
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    answer = site.client.get(path)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_what_is_not_there_or_not_so_asked_is_an_error_of_oauth(site: Site) -> None:
    assert error(site.client.get("/nowhere")) == (404, "invalid_request")
    wrong = site.client.get("/token")
    assert error(wrong) == (405, "invalid_request")
    assert "POST" in wrong.headers["Allow"]


def test_a_request_too_large_to_be_one_is_refused(site: Site) -> None:
    assert error(site.post("/token", code="x" * 100_000)) == (413, "invalid_request")
