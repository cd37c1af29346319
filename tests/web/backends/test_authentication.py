"""Who may do what."""

from __future__ import annotations

import base64
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.security import generate_password_hash

from backends.oidc.providers import Oidc, OidcProvider
from backends.passwords import Password
from backends.profile import User
from backends.web.authentication import PUBLIC
from backends.workspaces.configuration import Folders, Offer
from tests.web.backends.site import Site, error


def basic(name: str, password: str) -> dict[str, str]:
    encoded = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


@pytest.fixture
def prefixed(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "prefixed", token_form="prefixed")
    yield made
    made.close()


def bare(site: Site) -> str:
    return site.token().removeprefix("Bearer ").removeprefix("basic//")


def test_name_and_password_give_a_token_that_opens_the_account(site: Site) -> None:
    response = site.ask(
        "GET",
        "/credentials/basic",
        headers=basic("alice", "wonderland"),
        user=None,
        template="/credentials/basic",
    )
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    me = site.ask("GET", "/me", template="/me").json
    assert me is not None
    assert (me["user_id"], me["budget"]) == ("alice", 1000)


def test_a_hashed_password_works_as_well(tmp_path: Path) -> None:
    hashed = generate_password_hash("secret", method="pbkdf2:sha256:1000")
    site = Site(tmp_path / "data", users={"dora": User("dora", Password(hashed=hashed))})
    right = site.ask("GET", "/credentials/basic", headers=basic("dora", "secret"), user=None)
    wrong = site.ask("GET", "/credentials/basic", headers=basic("dora", "Secret"), user=None)
    assert right.status_code == 200
    assert error(wrong) == (403, "CredentialsInvalid")
    site.close()


@pytest.mark.parametrize(
    ("name", "password"), [("alice", "wrong"), ("alice", ""), ("nobody", ""), ("", "")]
)
def test_wrong_credentials_are_refused(site: Site, name: str, password: str) -> None:
    response = site.ask("GET", "/credentials/basic", headers=basic(name, password), user=None)
    assert error(response) == (403, "CredentialsInvalid")


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic YWxpY2U=", "Basic 4pyT"])
def test_broken_credentials_are_refused(site: Site, header: str) -> None:
    response = site.ask("GET", "/credentials/basic", headers={"Authorization": header}, user=None)
    assert error(response) == (403, "CredentialsInvalid")


def test_no_credentials_are_asked_for(site: Site) -> None:
    response = site.ask("GET", "/credentials/basic", user=None)
    assert error(response) == (401, "AuthenticationRequired")
    assert response.headers["WWW-Authenticate"].startswith("Basic")


def test_the_prefixed_token_is_taken_by_both_forms(site: Site, prefixed: Site) -> None:
    for one in (site, prefixed):
        headers = {"Authorization": f"Bearer basic//{bare(one)}"}
        assert one.ask("GET", "/me", headers=headers).status_code == 200


def test_the_plain_token_is_taken_where_the_conformance_class_says_so(
    site: Site, prefixed: Site
) -> None:
    plain = {"Authorization": f"Bearer {bare(site)}"}
    assert site.ask("GET", "/me", headers=plain).status_code == 200
    refused = prefixed.ask("GET", "/me", headers={"Authorization": f"Bearer {bare(prefixed)}"})
    assert error(refused) == (403, "TokenInvalid")
    assert "basic//" in refused.text


def test_no_token_is_asked_for(site: Site) -> None:
    response = site.ask("GET", "/me", user=None)
    assert error(response) == (401, "AuthenticationRequired")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Bearer", "TokenInvalid"),
        ("Bearer basic//", "TokenInvalid"),
        ("Bearer nonsense", "TokenInvalid"),
        ("Bearer basic//a.b.c", "TokenInvalid"),
        ("Bearer oidc/egi/abc", "AuthenticationSchemeInvalid"),
        ("Digest abc", "AuthenticationSchemeInvalid"),
        ("Basic YWxpY2U6d29uZGVybGFuZA==", "AuthenticationSchemeInvalid"),
    ],
)
def test_what_is_no_token_is_refused(site: Site, header: str, code: str) -> None:
    response = site.ask("GET", "/me", headers={"Authorization": header})
    assert error(response) == (403, code)


def test_a_token_expires_after_a_day(site: Site) -> None:
    headers = {"Authorization": site.token()}
    site.clock.forward(hours=23)
    assert site.ask("GET", "/me", headers=headers).status_code == 200
    site.clock.forward(hours=2)
    assert error(site.ask("GET", "/me", headers=headers)) == (403, "TokenInvalid")


def test_a_token_of_another_backend_is_refused(site: Site, tmp_path: Path) -> None:
    other = Site(tmp_path / "other")
    response = site.ask("GET", "/me", headers={"Authorization": other.token()})
    assert error(response) == (403, "TokenInvalid")
    other.close()


def test_a_token_survives_a_restart(site: Site) -> None:
    headers = {"Authorization": site.token()}
    again = Site(site.folder)
    assert again.ask("GET", "/me", headers=headers).status_code == 200
    again.close()


def test_the_token_of_a_user_who_was_removed_is_refused(site: Site) -> None:
    headers = {"Authorization": site.token("bob")}
    again = Site(site.folder, users={"alice": User("alice", Password("wonderland"))})
    assert error(again.ask("GET", "/me", headers=headers)) == (403, "TokenInvalid")
    again.close()


def test_the_secret_is_readable_by_its_owner_only(site: Site) -> None:
    mode = (site.folder / "secret.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


@pytest.fixture
def everything(tmp_path: Path) -> Iterator[Site]:
    """A backend with all parts of the API."""
    site = Site(
        tmp_path / "everything",
        processes=("add", "run_udf"),
        service_types=("XYZ",),
        workspaces=Offer(Folders()),
        oidc=Oidc((OidcProvider("egi", "EGI", "https://login.example"),)),
    )
    yield site
    site.close()


def test_every_route_is_guarded_or_listed_as_public(everything: Site) -> None:
    for rule in everything.app.url_map.iter_rules():
        if rule.endpoint in PUBLIC:
            continue
        path = rule.rule.replace("<job_id>", "unknown")
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            response = everything.client.open(path, method=method)
            assert error(response) == (401, "AuthenticationRequired"), (method, path)


def test_what_is_listed_as_public_exists(everything: Site) -> None:
    endpoints = {rule.endpoint for rule in everything.app.url_map.iter_rules()}
    assert endpoints >= PUBLIC
