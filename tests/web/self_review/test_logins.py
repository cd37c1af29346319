"""A review logs in at an identity provider, and shows no token and no secret to anybody."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
from click.testing import CliRunner, Result
from flask import Response, request

from backends.faults.effects import Error
from backends.faults.scope import Fault, Scope
from backends.oidc.providers import DefaultClient, Oidc, OidcProvider
from scripts.self_review.main import main
from tests.fakes.servers import free_port, served
from tests.scenarios.people import watching
from tests.web.backends.test_oidc import serving
from tests.web.identity.site import Site
from tests.web.self_review.world import World

GRANTS = ("urn:ietf:params:oauth:grant-type:device_code+pkce", "refresh_token")
MINE = ("api-100", "api-120", "api-121", "auth-1")


@dataclass
class Place:
    """A backend and its identity provider, at addresses of their own."""

    url: str
    identity: Site
    world: World
    given: list[dict[str, Any]] = field(default_factory=list)
    """What the provider has answered to programs that asked for tokens."""
    accounts: list[str] = field(default_factory=list)
    """The headers with which the backend was asked for somebody's account."""

    def secrets(self) -> list[str]:
        keys = ("access_token", "refresh_token", "id_token", "device_code")
        return [str(one[key]) for one in self.given for key in keys if key in one]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    address = f"127.0.0.1:{free_port()}"
    lifetimes = {"device_interval": 1}
    issuer = f"http://{address}"
    identity = Site(tmp_path / "identity", bind=address, issuer=issuer, lifetimes=lifetimes)
    identity.clock.now = _now()
    port = free_port()
    client = DefaultClient("editor", GRANTS, ())
    provider = OidcProvider(
        "federation", "Federation", issuer, audience=("openeo",), default_clients=(client,)
    )
    url = f"http://127.0.0.1:{port}"
    world = World(tmp_path / "terra", public_url=url, oidc=Oidc((provider,)))
    there = Place(world.profile.api_url, identity, world)
    _watch(identity, world, there)
    with serving(identity), served(world.app, port):
        yield there
    world.close()


def _now() -> float:
    return time.time()


def _watch(identity: Site, world: World, there: Place) -> None:
    """Takes down what the provider gives, and with what the backend is asked."""

    @identity.app.after_request
    def given(response: Response) -> Response:
        if request.path in {"/token", "/device_authorization"} and response.is_json:
            there.given.append(response.get_json())
        return response

    @world.app.after_request
    def asked(response: Response) -> Response:
        if request.path.endswith("/me") and response.status_code == 200:
            there.accounts.append(f"{response.get_json()['user_id']}: {_form(request.headers)}")
        return response


def _form(headers: Any) -> str:
    """The part of the token that says where it is from."""
    return str(headers.get("Authorization", "")).rpartition("/")[0]


def review(there: Place, *options: str, form: str = "json") -> Result:
    only = [part for one in MINE for part in ("--only", one)]
    more = ["--yes", "--issuer", there.identity.settings.issuer, "--format", form, *options]
    return CliRunner().invoke(main, [there.url, *only, *more], catch_exceptions=False)


def verdicts(result: Result) -> dict[str, str]:
    return {one["id"]: one["verdict"] for one in json.loads(result.stdout)["findings"]}


def refresh_token(there: Place) -> str:
    """One that alice has got by a program that asked for it."""
    device = there.identity.device()
    allow(there)(device["verification_uri_complete"])
    return str(there.identity.poll(device).get_json()["refresh_token"])


def allow(there: Place, action: str = "allow") -> Callable[[str], None]:
    """Alice follows a link, logs in, and decides."""

    def follow(url: str) -> None:
        parts = urlsplit(url)
        browser = there.identity.browser()
        path = f"{parts.path}?{parts.query}"
        browser.log_in(path)
        browser.send(path, action=action)

    return follow


CLIENT = ("--oidc-client", "meter", "--oidc-secret", "metering")


def logged_in(there: Place, result: Result, user: str) -> None:
    """All that needs a login holds, as that user, and no secret is shown."""
    assert verdicts(result) == dict.fromkeys(MINE, "pass")
    assert set(there.accounts) == {f"{user}: Bearer oidc/federation"}
    shows_no_secret(there, result)


def shows_no_secret(there: Place, result: Result) -> None:
    secrets = there.secrets()
    assert not [one for one in [*secrets, "metering", "a-wrong-secret"] if one in result.output]


def test_a_service_account_logs_in_by_its_secret(place: Place) -> None:
    result = review(place, *CLIENT)
    logged_in(place, result, "meter")
    assert json.loads(result.stdout)["login"] == "OpenID Connect, client credentials"
    assert len(place.secrets()) == 1


def test_a_refresh_token_logs_in(place: Place) -> None:
    token = refresh_token(place)
    place.given.clear()
    result = review(place, "--oidc-refresh-token", token)
    logged_in(place, result, "alice")
    assert json.loads(result.stdout)["login"] == "OpenID Connect, refresh token"
    assert token not in result.output
    assert len(place.secrets()) >= 1


def test_a_person_lets_the_review_in_by_a_code(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo = click.echo
    with watching(allow(place)) as display:

        def both(message: object = None, **options: Any) -> None:
            if options.get("err"):
                display(str(message))
            echo(message, **options)

        monkeypatch.setattr("scripts.self_review.session.click.echo", both)
        result = review(place, "--oidc-device")
    logged_in(place, result, "alice")
    assert json.loads(result.stdout)["login"] == "OpenID Connect, device code"
    assert f"{place.identity.settings.issuer}/device" in result.stderr


def test_whoever_is_denied_is_told_so_by_each_check(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watching(allow(place, "deny")) as display:
        monkeypatch.setattr(
            "scripts.self_review.session.click.echo",
            lambda message=None, **options: (
                display(str(message)) if options.get("err") else sys.stdout.write(str(message))
            ),
        )
        result = review(place, "--oidc-device")
    assert set(verdicts(result).values()) == {"could not tell"}
    assert "The login with OpenID Connect failed" in result.stdout
    assert place.accounts == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--oidc-client", "meter", "--oidc-secret", "a-wrong-secret"], "invalid_client"),
        (["--oidc-refresh-token", "a-wrong-secret"], "invalid_grant"),
        (["--oidc-provider", "other", *CLIENT], "the providers federation, not other"),
    ],
)
def test_a_login_that_fails_says_why_and_is_no_failure_of_the_backend(
    place: Place, options: list[str], says: str
) -> None:
    result = review(place, *options)
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())
    shows_no_secret(place, result)
    found = verdicts(result)
    # Without the provider nobody knows whether its tokens would be accepted.
    assert found.pop("auth-1") in {"could not tell", "warning"}
    assert set(found.values()) == {"could not tell"}


@pytest.mark.parametrize("form", ["text", "html", "markdown", "junit"])
def test_no_form_of_a_report_shows_what_somebody_logged_in_with(place: Place, form: str) -> None:
    shows_no_secret(place, review(place, *CLIENT, form=form))


def test_a_token_that_the_backend_refuses_is_a_failure_of_the_backend(place: Place) -> None:
    refused = Error(status=403, code="TokenInvalid", message="No.")
    place.world.plan([Fault(refused, Scope(paths=("/me",)))])
    result = review(place, *CLIENT)
    assert verdicts(result)["auth-1"] == "fail"
    shows_no_secret(place, result)
