"""Users of an OpenID Connect provider at a backend, over real connections between the two."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from backends.oidc.providers import DefaultClient, Oidc, OidcProvider
from tests.fakes.servers import Listening, free_port
from tests.web.backends.site import Site, error
from tests.web.identity.site import Site as Identity
from tests.web.identity.site import authorization

CLIENT = DefaultClient(
    "editor", ("authorization_code+pkce", "refresh_token"), ("https://editor.example/",)
)


@contextmanager
def serving(identity: Identity) -> Iterator[None]:
    """Within this context the provider answers at its address."""
    _, _, port = identity.settings.bind.rpartition(":")
    server = Listening(identity.app, int(port))
    try:
        yield
    finally:
        server.close()


@pytest.fixture
def identity(tmp_path: Path) -> Iterator[Identity]:
    address = f"127.0.0.1:{free_port()}"
    made = Identity(tmp_path / "identity", bind=address, issuer=f"http://{address}")
    with serving(made):
        yield made


@contextmanager
def backend(folder: Path, issuer: str, **changes: Any) -> Iterator[Site]:
    """A backend that takes the tokens of the issuer."""
    provider = OidcProvider(
        "federation", "Federation", issuer, audience=("openeo",), default_clients=(CLIENT,)
    )
    rules = changes.pop("rules", {})
    site = Site(folder, **{"oidc": Oidc((provider,), **rules), **changes})
    try:
        yield site
    finally:
        site.close()


@pytest.fixture
def site(tmp_path: Path, identity: Identity) -> Iterator[Site]:
    with backend(tmp_path / "backend", identity.settings.issuer) as made:
        identity.clock.now = made.clock().timestamp()
        yield made


def me(site: Site, header: str) -> Any:
    return site.ask("GET", "/me", headers={"Authorization": header}, template="/me")


def test_clients_learn_of_the_provider(site: Site, identity: Identity) -> None:
    answer = site.ask("GET", "/credentials/oidc", user=None, template="/credentials/oidc")
    assert answer.json == {
        "providers": [
            {
                "id": "federation",
                "title": "Federation",
                "issuer": identity.settings.issuer,
                "scopes": ["openid"],
                "default_clients": [CLIENT.as_json()],
            }
        ]
    }
    paths = [e["path"] for e in site.ask("GET", "/", user=None).json["endpoints"]]  # type: ignore[index]
    assert "/credentials/oidc" in paths


def test_without_a_provider_there_is_nothing_to_learn(tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert error(site.ask("GET", "/credentials/oidc", user=None)) == (404, "NotFound")
    refused = me(site, "Bearer oidc/federation/a.b.c")
    assert error(refused) == (403, "AuthenticationSchemeInvalid")
    assert "log in with Basic" in refused.text
    site.close()


def test_a_token_opens_the_account_in_both_forms(site: Site, identity: Identity) -> None:
    token = identity.tokens()["access_token"]
    for header in (f"Bearer {token}", f"Bearer oidc/federation/{token}"):
        account = me(site, header).json
        assert (account["user_id"], account["name"]) == ("alice", "Alice Ahlgren")
        assert account["budget"] == 1000


def test_a_backend_of_the_old_form_takes_that_form_only(tmp_path: Path, identity: Identity) -> None:
    issuer = identity.settings.issuer
    with backend(tmp_path / "old", issuer, token_form="prefixed") as site:
        identity.clock.now = site.clock().timestamp()
        token = identity.tokens()["access_token"]
        assert me(site, f"Bearer oidc/federation/{token}").status_code == 200
        bare = me(site, f"Bearer {token}")
        assert error(bare) == (403, "TokenInvalid")
        assert "'Bearer basic//TOKEN' or 'Bearer oidc/federation/TOKEN'" in bare.text


def test_it_is_one_account_by_password_and_by_provider(site: Site, identity: Identity) -> None:
    job = site.create()
    header = {"Authorization": f"Bearer {identity.tokens()['access_token']}"}
    listed = site.ask("GET", "/jobs", headers=header, template="/jobs").json
    assert [one["id"] for one in listed["jobs"]] == [job]  # type: ignore[index]
    site.ask("PUT", "/files/a.txt", headers=header, data=b"x")
    assert site.ask("GET", "/files", template="/files").json["files"][0]["path"] == "a.txt"  # type: ignore[index]


def test_whoever_was_never_here_has_an_account_at_once(site: Site, identity: Identity) -> None:
    browser = identity.browser()
    browser.log_in(authorization(), "bob", "builder")
    token = identity.exchange(identity.code(browser)).get_json()["access_token"]
    account = me(site, f"Bearer {token}").json
    assert (account["user_id"], account["name"]) == ("sub-of-bob", "bob")
    listed = site.ask("GET", "/jobs", headers={"Authorization": f"Bearer {token}"}).json
    assert listed["jobs"] == []  # type: ignore[index]


def test_service_accounts_are_users_too(site: Site, identity: Identity) -> None:
    form = {"grant_type": "client_credentials", "client_id": "meter", "client_secret": "metering"}
    token = identity.post("/token", **form).get_json()["access_token"]
    assert me(site, f"Bearer {token}").json["user_id"] == "meter"


def test_an_id_token_opens_nothing(site: Site, identity: Identity) -> None:
    tokens = identity.tokens()
    assert error(me(site, f"Bearer {tokens['id_token']}")) == (403, "TokenInvalid")
    refresh = me(site, f"Bearer oidc/federation/{tokens['refresh_token']}")
    assert error(refresh) == (403, "TokenInvalid")


def test_a_provider_that_is_not_known_is_named_with_the_known(
    site: Site, identity: Identity
) -> None:
    refused = me(site, f"Bearer oidc/egi/{identity.tokens()['access_token']}")
    assert error(refused) == (403, "AuthenticationSchemeInvalid")
    assert "no OpenID Connect provider 'egi' here; offered are federation" in refused.text


def test_an_expired_token_is_refused(site: Site, identity: Identity) -> None:
    token = identity.tokens()["access_token"]
    site.clock.forward(seconds=3700)
    refused = me(site, f"Bearer {token}")
    assert error(refused) == (403, "TokenInvalid")
    assert "has expired" in refused.text


def test_the_token_of_another_provider_is_refused(
    site: Site, identity: Identity, tmp_path: Path
) -> None:
    other = Identity(tmp_path / "other", issuer=identity.settings.issuer)
    other.provider.keys.rotate()
    other.provider.keys.rotate()
    other.clock.now = identity.clock.now
    token = other.tokens()["access_token"]
    assert error(me(site, f"Bearer {token}")) == (403, "TokenInvalid")


def test_keys_can_be_replaced_while_people_work(site: Site, identity: Identity) -> None:
    """The next key is published before it signs: no token is refused, and nobody asks again."""
    tokens = [identity.tokens()["access_token"]]
    assert me(site, f"Bearer {tokens[0]}").status_code == 200
    identity.provider.keys.rotate()
    tokens.append(identity.tokens()["access_token"])
    for token in tokens:
        assert me(site, f"Bearer {token}").status_code == 200


def test_entitlements_are_asked_for_where_the_profile_says_so(
    tmp_path: Path, identity: Identity
) -> None:
    rules = {"required_entitlements": ("urn:example:group:members",)}
    with backend(tmp_path / "closed", identity.settings.issuer, rules=rules) as site:
        identity.clock.now = site.clock().timestamp()
        alice = identity.tokens()["access_token"]
        browser = identity.browser()
        browser.log_in(authorization(), "bob", "builder")
        bob = identity.exchange(identity.code(browser)).get_json()["access_token"]
        assert me(site, f"Bearer {alice}").status_code == 200
        refused = me(site, f"Bearer {bob}")
        assert error(refused) == (403, "PermissionsInsufficient")
        assert "urn:example:group:members" in refused.text


def test_a_provider_that_is_away_is_an_error_and_no_hang(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    away = Identity(tmp_path / "identity", bind=address, issuer=f"http://{address}")
    with backend(tmp_path / "backend", away.settings.issuer) as site:
        away.clock.now = site.clock().timestamp()
        token = away.tokens()["access_token"]
        refused = me(site, f"Bearer {token}")
        assert error(refused) == (503, "IdentityProviderUnavailable")
        assert refused.headers["Retry-After"] == "5"
        assert token not in refused.text
        assert site.ask("GET", "/me").status_code == 200


def test_a_provider_that_answers_nothing_is_left_at_the_deadline(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        mute = Identity(tmp_path / "identity", bind=address, issuer=f"http://{address}")
        rules = {"deadline": 0.3}
        with backend(tmp_path / "backend", mute.settings.issuer, rules=rules) as site:
            mute.clock.now = site.clock().timestamp()
            refused = me(site, f"Bearer {mute.tokens()['access_token']}")
            assert error(refused) == (503, "IdentityProviderUnavailable")
            assert "takes too long" in refused.text
