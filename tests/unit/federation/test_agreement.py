"""Backends and their provider of identities say the same of each other, or check-config tells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from aggregator.settings import Identity
from backends.accounting.configuration import Accounting
from backends.identity.reading import load_settings
from backends.oidc.providers import DefaultClient, Oidc, OidcProvider
from backends.profile import Profile
from backends.profile_reading import load_profile
from scripts.federation.agreement import disagreements, mistrust, several_issuers, taken_twice
from scripts.federation.checking import mistakes_in
from tests.fakes.identities import ISSUER, identity_document, identity_settings
from tests.fakes.profiles import profile

CONFIG = Path(__file__).resolve().parents[3] / "config"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code+pkce"


def told(**changes: Any) -> list[str]:
    client = DefaultClient(
        changes.pop("client", "editor"),
        changes.pop("grants", ("authorization_code+pkce", DEVICE, "refresh_token")),
        changes.pop("urls", ("https://editor.example/", "http://localhost:8080/callback")),
    )
    provider = OidcProvider("egi", "EGI", changes.pop("issuer", ISSUER), **changes)
    known = Oidc((OidcProvider(**{**vars(provider), "default_clients": (client,)}),))
    return list(disagreements(profile(oidc=known), identity_settings()))


def test_what_fits_is_no_mistake() -> None:
    assert told() == []
    assert told(audience=("other", "openeo")) == []
    assert told(issuer="https://elsewhere.example", client="unknown") == []


def test_a_client_that_the_provider_does_not_know_is_named() -> None:
    assert told(client="everybody") == [
        "oidc.providers[0].default_clients[0].id: the provider has no client 'everybody'"
    ]
    assert told(client="portal", grants=("refresh_token",), urls=()) == [
        "oidc.providers[0].default_clients[0].id: the client 'portal' of the provider has a secret"
    ]


def test_what_the_client_cannot_do_is_named() -> None:
    assert told(grants=("implicit",), urls=("https://evil.example/",), audience=("x",)) == [
        "oidc.providers[0].audience: the provider's tokens are for 'openeo'",
        "oidc.providers[0].default_clients[0].grant_types: the provider does not grant "
        "'implicit' to 'editor'",
        "oidc.providers[0].default_clients[0].redirect_urls: the provider does not send users of "
        "'editor' to https://evil.example/",
    ]


def test_a_federation_that_refuses_its_own_provider_is_told() -> None:
    refusing = Identity(trusted_issuers=("https://elsewhere.example",), audience=("other",))
    assert list(mistrust(refusing, identity_settings())) == [
        f"identity.trusted_issuers: lacks the simulated provider, {ISSUER}",
        "identity.audience: the provider's tokens are for 'openeo'",
    ]
    assert not list(mistrust(Identity(), identity_settings()))
    trusting = Identity(trusted_issuers=(f"{ISSUER}/",), audience=("other", "openeo"))
    assert not list(mistrust(trusting, identity_settings()))


def test_it_is_among_the_mistakes_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "identity.yaml").write_text(yaml.safe_dump(identity_document()))
    file = tmp_path / "federation.yaml"
    members = "backends: {a: {url: 'https://a.example'}}\n"
    file.write_text(members + "identity: {simulated: identity.yaml, audience: [other]}\n")
    assert mistakes_in(file) == [
        f"{file}: identity.audience: the provider's tokens are for 'openeo'"
    ]


def knows(*issuers: str) -> Profile:
    """A member that knows these issuers."""
    providers = (OidcProvider(f"p{n}", "P", issuer) for n, issuer in enumerate(issuers))
    return profile(oidc=Oidc(tuple(providers)))


A, B, C = "https://a.example", "https://b.example", "https://c.example"


@pytest.mark.parametrize(
    ("members", "rule", "several"),
    [
        ([knows(A)], "common", False),
        ([knows(A, B)], "common", True),
        ([knows(A, B), knows(f"{A}/", C)], "common", False),
        ([knows(A, B), knows(A, C)], "union", True),
        ([knows(A), knows()], "common", False),
        ([knows(A), knows(B)], "common", True),
        ([knows(), knows()], "common", False),
        ([None], "common", True),
        ([None, knows(A)], "common", False),
        ([None, knows(A)], "union", True),
        ([None, knows()], "common", True),
    ],
)
def test_users_of_several_issuers_are_possible_unless_the_members_rule_it_out(
    members: list[Profile | None], rule: str, several: bool
) -> None:
    assert several_issuers(members, rule) is several


@pytest.mark.parametrize(
    "page", ["https://editor.openeo.org", "http://localhost:1410", "http://127.0.0.1:8080"]
)
def test_pages_with_the_javascript_client_are_let_in_as_it_asks(page: str) -> None:
    """It takes the first client with an address that begins like its page, less the last slash."""
    client = load_settings(CONFIG / "identity.yaml").clients["openeo-federation"]
    assert client.redirects_to(page)
    for name in ("terra", "aurora", "boreal"):
        known = load_profile(CONFIG / "backends" / f"{name}.yaml").oidc.providers[0]
        (default,) = known.default_clients
        assert any(url.startswith(page) for url in default.redirect_urls)


def shared(**changes: Any) -> list[str]:
    """What terra and a copy of it with these changes share."""
    own = Accounting("http://f.test/accounting", "terra", ISSUER, "terra-accounting")
    accounting = changes.pop("accounting", {})
    other = None if accounting is None else replace(own, **accounting)
    first = profile(id="terra", accounting=own)
    second = profile(id=changes.pop("id", "aurora"), accounting=other)
    return list(taken_twice([("terra.yaml", first), ("aurora.yaml", second)]))


def test_two_backends_are_one_provider_to_nobody() -> None:
    own = {"source": "aurora", "client_id": "aurora-accounting"}
    assert shared(accounting=own) == []
    assert shared(accounting=None) == []
    assert shared(id="terra", accounting=own) == [
        "aurora.yaml: id: 'terra' is that of terra.yaml already"
    ]
    assert shared() == [
        "aurora.yaml: accounting.source: 'terra' is that of terra.yaml already",
        "aurora.yaml: accounting.client_id: 'terra-accounting' is that of terra.yaml already",
    ]


def test_profiles_that_share_a_source_are_found_by_check_config(tmp_path: Path) -> None:
    for name in ("terra", "aurora"):
        document = yaml.safe_load((CONFIG / "backends" / f"{name}.yaml").read_text("utf-8"))
        document["accounting"]["source"] = "terra"
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(document))
    members = {
        name: {"url": f"http://127.0.0.1:{port}/openeo", "simulated": f"{name}.yaml"}
        for name, port in (("terra", 8101), ("aurora", 8102))
    }
    document = yaml.safe_dump({"backends": members}, sort_keys=False)
    (tmp_path / "federation.yaml").write_text(document)
    assert mistakes_in(tmp_path / "federation.yaml") == [
        f"{tmp_path}/aurora.yaml: accounting.source: 'terra' is that of {tmp_path}/terra.yaml "
        "already"
    ]
