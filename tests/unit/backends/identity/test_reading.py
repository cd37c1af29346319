"""What reading the configuration of the provider promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends.configuration import ProfileError
from backends.identity.reading import load_settings, read_settings
from backends.identity.settings import DEVICE_CODE
from scripts.federation.checking import mistakes_in
from tests.fakes.identities import identity_document, identity_settings

ROOT = Path(__file__).parents[4]


def mistakes(**changes: Any) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        identity_settings(**changes)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_a_user_is_known_to_others_by_name_unless_the_sub_is_given() -> None:
    settings = identity_settings()
    assert {login: user.sub for login, user in settings.users.items()} == {
        "alice": "alice",
        "bob": "sub-of-bob",
    }
    assert settings.users["bob"].name == "bob"
    assert settings.user_of("sub-of-bob") == settings.users["bob"]
    assert settings.user_of("bob") is None


def test_a_client_without_a_secret_is_public() -> None:
    clients = identity_settings().clients
    assert clients["editor"].is_public
    assert not clients["meter"].is_public
    assert clients["editor"].grants == {"authorization_code", DEVICE_CODE, "refresh_token"}
    assert clients["meter"].title == "meter"


def test_refresh_tokens_are_not_rotated_unless_that_is_wanted() -> None:
    assert not identity_settings().rotate_refresh_tokens
    assert identity_settings(rotate_refresh_tokens=True).rotate_refresh_tokens


def test_every_mistake_is_named_with_its_key() -> None:
    assert mistakes(
        titel="Mine",
        title="",
        bind="8090",
        issuer="http://login.example",
        audience="two words",
        users={
            "alice": {"password": "a", "password_hash": "b", "email": "alice"},
            "bob": {"password_hash": "builder", "age": 3, "sub": "mit Leerzeichen"},
            "carol": {"password": "c", "claims": {"sub": "root", "since": {1: 2}}},
        },
        clients={
            "a client": {"grants": ["password"]},
            "web": {"grants": ["authorization_code", "client_credentials"]},
            "app": {"grants": ["refresh_token"]},
            "page": {"grants": ["authorization_code"], "redirect_urls": ["http://page.example/"]},
        },
        lifetimes={"access_token": 0, "key": "long"},
        limits={"failures": 1.5},
        rotate_refresh_tokens="no",
    ) == [
        "titel: is not known (possible are audience, bind, clients, issuer, lifetimes, limits, "
        "rotate_refresh_tokens, title, users)",
        "rotate_refresh_tokens: must be true or false",
        "title: must be a non-empty text",
        "bind: '8090' is not possible (HOST:PORT as in 127.0.0.1:8090)",
        "issuer: must be https (http is for loopback addresses only)",
        "audience: 'two words' is not possible (up to 255 printable ASCII characters without "
        "spaces)",
        "users.alice.email: 'alice' is not possible (as in alice@example.org)",
        "users.alice: needs a password (give either password or password_hash)",
        "users.bob.age: is not known (possible are claims, email, name, password, password_hash, "
        "sub)",
        "users.bob.password_hash: is no hash (as werkzeug.security.generate_password_hash writes)",
        "users.bob.sub: 'mit Leerzeichen' is not possible (up to 255 printable ASCII characters "
        "without spaces)",
        "users.carol.claims.sub: is said by the provider itself (choose another name)",
        "users.carol.claims.since: must be text, a number, true, false, a list or a table",
        "clients.a client: is no id of a client (letters, digits and . _ ~ -)",
        "clients.a client.grants[0]: 'password' is not known",
        "clients.web.grants: client_credentials is for clients with a secret",
        "clients.web.redirect_urls: is missing (where is its browser sent back to?)",
        "clients.app.grants: refresh_token needs another grant that gives such a token",
        "clients.page.redirect_urls[0]: 'http://page.example/' must be https, http at a loopback "
        "address, or a private scheme such as com.example:/cb",
        "lifetimes.access_token: 0 is too small",
        "lifetimes.key: 'long' is no number",
        "limits.failures: 1.5 is no whole number",
    ]


def test_nobody_can_be_taken_for_somebody_else() -> None:
    users = {"alice": {"password": "a"}, "anna": {"password": "b", "sub": "alice"}}
    assert mistakes(users=users) == ["users: 2 accounts have the sub 'alice' (each needs its own)"]
    clients = {"alice": {"grants": ["client_credentials"], "secret": "x"}}
    assert mistakes(clients=clients) == [
        "users: 2 accounts have the sub 'alice' (each needs its own)"
    ]


def test_an_access_token_cannot_be_meant_for_a_client() -> None:
    assert mistakes(audience="editor") == [
        "audience: 'editor' is also a client (an ID token, which is for a client, could then be "
        "taken for an access token)"
    ]


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.example/",
        "https://login.example?x",
        "https://login.example:0",
        "https://login.example:99999",
        "https://me@login.example",
        "ftp://login.example",
        "https://",
        "https://[::1",
        "login.example",
    ],
)
def test_an_issuer_that_clients_could_not_find_is_refused(issuer: str) -> None:
    assert [mistake.split(":")[0] for mistake in mistakes(issuer=issuer)] == ["issuer"]


@pytest.mark.parametrize("issuer", ["https://login.example/realms/one", "http://[::1]:8090"])
def test_an_issuer_may_have_a_path_and_be_on_this_machine(issuer: str) -> None:
    assert identity_settings(issuer=issuer).issuer == issuer


@pytest.mark.parametrize("key", list(identity_document()))
@pytest.mark.parametrize("value", [None, [], {}, 3, -1.5, True, "text", [[1]], {"a": {"b": [1]}}])
def test_whatever_a_key_holds_is_read_or_refused(key: str, value: object) -> None:
    try:
        identity_settings(**{key: value})
    except ProfileError as error:
        assert error.mistakes


def test_a_password_does_not_show_in_printed_settings() -> None:
    shown = repr(identity_settings())
    assert "wonderland" not in shown
    assert "metering" not in shown


def test_a_name_that_stands_twice_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "identity.yaml"
    file.write_text("users:\n  alice: {password: a}\n  alice: {password: b}\n")
    with pytest.raises(ProfileError, match="the key 'alice' stands here twice"):
        load_settings(file)


def test_what_is_no_mapping_is_refused() -> None:
    with pytest.raises(ProfileError, match="must be a mapping"):
        read_settings([], source="identity.yaml")


def test_the_mistakes_are_among_those_of_the_whole_configuration(tmp_path: Path) -> None:
    (tmp_path / "identity.yaml").write_text("title: Mine\nissuer: nowhere\n")
    file = tmp_path / "federation.yaml"
    members = "backends: {a: {url: 'https://a.example'}}\n"
    file.write_text(members + "identity: {simulated: identity.yaml}\n")
    found = mistakes_in(file)
    assert found[0] == f"{tmp_path / 'identity.yaml'}: clients: is missing"
    file.write_text("colour: red\nidentity: {simulated: identity.yaml}\n")
    assert found[0] in mistakes_in(file)


def test_the_local_federation_has_reporters_for_every_member_that_charges() -> None:
    settings = load_settings(ROOT / "config" / "identity.yaml")
    for member in ("terra", "aurora", "boreal"):
        assert settings.clients[f"{member}-accounting"].grants == {"client_credentials"}
    assert {login: user.sub for login, user in settings.users.items()} == {
        name: name for name in ("alice", "bob", "carol", "dave", "operator")
    }
