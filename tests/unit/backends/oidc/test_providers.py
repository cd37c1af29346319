"""What reading the providers of a profile promises."""

from __future__ import annotations

from typing import Any

import pytest

from backends.configuration import Reader
from backends.oidc.providers import Oidc, read_oidc

ONE = {"id": "egi", "title": "EGI", "issuer": "https://login.example/realm"}


def read(**section: Any) -> Oidc:
    reader = Reader([])
    found = read_oidc(reader, section)
    assert not reader.mistakes
    return found


def mistakes(section: object) -> list[str]:
    reader = Reader([])
    read_oidc(reader, section)
    return [str(mistake) for mistake in reader.mistakes]


def test_without_the_section_nobody_logs_in_so() -> None:
    assert read_oidc(Reader([]), None) == Oidc()


def test_clients_are_told_what_the_specification_wants() -> None:
    client = {
        "id": "everybody",
        "grant_types": ["authorization_code+pkce", "refresh_token"],
        "redirect_urls": ["https://editor.example/"],
    }
    more = {"description": "For all.", "scopes": ["openid", "email"], "audience": ["openeo"]}
    (provider,) = read(providers=[{**ONE, **more, "default_clients": [client]}]).providers
    assert provider.as_json() == {
        "id": "egi",
        "title": "EGI",
        "issuer": "https://login.example/realm",
        "description": "For all.",
        "scopes": ["openid", "email"],
        "default_clients": [client],
    }


def test_every_mistake_is_named_with_its_key() -> None:
    assert mistakes(
        {
            "provider": [],
            "deadline": 0,
            "required_entitlements": "member",
            "providers": [
                {"id": "with-hyphen", "issuer": "https://login.example/", "scopes": ["email"]},
                {**ONE, "audience": "x", "secret": "s", "user_prefix": 3},
                {**ONE, "default_clients": [{"grant_types": ["password"], "redirect_urls": ["x"]}]},
            ],
        }
    ) == [
        "oidc.provider: is not known (possible are deadline, entitlement_claim, providers, "
        "required_entitlements)",
        "oidc.providers[0].scopes: must have openid",
        "oidc.providers[0].id: 'with-hyphen' is not possible (up to 20 letters, digits and _)",
        "oidc.providers[0].title: is missing",
        "oidc.providers[0].issuer: 'https://login.example/' is not possible (as its tokens have "
        "it, without final /)",
        "oidc.providers[1].secret: is not known (possible are audience, default_clients, "
        "description, id, issuer, scopes, title, user_prefix)",
        "oidc.providers[1].user_prefix: must be a non-empty text",
        "oidc.providers[1].audience: must be a list",
        "oidc.providers[2].default_clients[0].redirect_urls[0]: 'x' is not possible (a URL)",
        "oidc.providers[2].default_clients[0].id: is missing",
        "oidc.providers[2].default_clients[0].grant_types[0]: 'password' is not known",
        "oidc.providers[2].id: 'egi' stands twice",
        "oidc.providers[2].issuer: 'https://login.example/realm' stands twice",
        "oidc.providers[2].user_prefix: '' stands twice (users of the same name would share an "
        "account)",
        "oidc.deadline: 0 is no number of seconds",
        "oidc.required_entitlements: must be a list",
    ]


def test_users_of_two_providers_are_kept_apart() -> None:
    other = {"id": "other", "title": "Other", "issuer": "https://other.example"}
    assert mistakes({"providers": [ONE, other]}) == [
        "oidc.providers[1].user_prefix: '' stands twice (users of the same name would share an "
        "account)"
    ]
    assert not mistakes({"providers": [ONE, {**other, "user_prefix": "other:"}]})


@pytest.mark.parametrize("value", [[], 3, "text", {}, {"providers": {}}, {"providers": []}])
def test_whatever_the_section_holds_is_read_or_refused(value: object) -> None:
    assert mistakes(value)


@pytest.mark.parametrize("key", [*ONE, "scopes", "default_clients", "audience", "description"])
@pytest.mark.parametrize("value", [None, [], {}, 3, -1.5, True, "text", [[1]], [{"a": 1}]])
def test_whatever_a_provider_holds_is_read_or_refused(key: str, value: object) -> None:
    mistakes({"providers": [{**ONE, key: value}]})
