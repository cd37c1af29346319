"""Logging in with the ordinary client, at the federation and at each of its members."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from openeo.rest import OpenEoApiError
from openeo.rest.auth.config import RefreshTokenStore
from openeo.rest.auth.oidc import HttpServerThread, OidcException
from openeo.rest.connection import Connection, connect

from tests.fakes.browsers import needs_chromium, opened, window
from tests.scenarios.conftest import Federation
from tests.scenarios.people import Person, watching

EVERYWHERE = ["aggregator", "terra", "aurora", "boreal"]
HARVEST = {"client_id": "harvest-monitor", "client_secret": "harvest-monitor-secret"}


def url_of(federation: Federation, place: str) -> str:
    return federation.url if place == "aggregator" else federation.backend_url(place)


def open_at(federation: Federation, place: str, folder: Path) -> Connection:
    """A connection whose refresh tokens are kept in that folder."""
    store = RefreshTokenStore(folder / "refresh-tokens.json")
    url = url_of(federation, place)
    return Connection(url, refresh_token_store=store, retry=False)


def allowed(connection: Connection, name: str = "alice", **options: Any) -> Connection:
    """The connection after somebody has let it in by its code."""
    with watching(Person(name).allow) as display:
        return connection.authenticate_oidc_device(display=display, **options)


@pytest.mark.parametrize("place", EVERYWHERE)
def test_a_person_lets_a_program_in_by_a_code(
    federation: Federation, place: str, tmp_path: Path
) -> None:
    connection = allowed(open_at(federation, place, tmp_path))
    account = connection.describe_account()
    assert account["user_id"] == "alice"
    assert connection.list_jobs() is not None


def test_a_program_that_is_denied_stays_out(federation: Federation, tmp_path: Path) -> None:
    connection = open_at(federation, "terra", tmp_path)
    with watching(Person("alice").deny) as display, pytest.raises(OidcException, match="denied"):
        connection.authenticate_oidc_device(display=display)


@pytest.mark.parametrize("place", EVERYWHERE)
def test_a_service_account_logs_in_by_its_secret(
    federation: Federation, place: str, tmp_path: Path
) -> None:
    connection = open_at(federation, place, tmp_path)
    connection.authenticate_oidc_client_credentials(**HARVEST)
    assert connection.describe_account()["user_id"] == "harvest-monitor"


def test_the_next_day_a_program_logs_in_by_itself(
    federation: Federation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENEO_AUTH_METHOD", raising=False)
    allowed(open_at(federation, "aggregator", tmp_path), store_refresh_token=True)
    for _ in range(2):  # the client keeps the token that it got first
        again = open_at(federation, "aggregator", tmp_path)
        again.authenticate_oidc()
        assert again.describe_account()["user_id"] == "alice"
        other = open_at(federation, "aurora", tmp_path)
        other.authenticate_oidc_refresh_token()
        assert other.describe_account()["user_id"] == "alice"


def test_a_program_stays_in_over_a_restart_of_the_provider(
    federation: Federation, tmp_path: Path
) -> None:
    connection = allowed(open_at(federation, "terra", tmp_path), store_refresh_token=True)
    federation.kill("identity")
    try:
        assert connection.describe_account()["user_id"] == "alice"
    finally:
        federation.start("identity")
    again = open_at(federation, "terra", tmp_path)
    again.authenticate_oidc_refresh_token()
    assert again.describe_account()["user_id"] == "alice"


@pytest.mark.parametrize("place", EVERYWHERE)
def test_it_is_one_account_by_password_and_by_provider(
    federation: Federation, place: str, tmp_path: Path
) -> None:
    by_password = connect(url_of(federation, place), retry=False)
    by_password.authenticate_basic("carol", "carol")
    graph = {"add": {"process_id": "add", "arguments": {"x": 1, "y": 2}, "result": True}}
    job = by_password.create_job(graph, title="by password")
    by_provider = allowed(open_at(federation, place, tmp_path), "carol")
    try:
        assert job.job_id in [known["id"] for known in by_provider.list_jobs()]
    finally:
        by_provider.job(job.job_id).delete_job()


def test_nobody_sees_what_is_not_theirs(federation: Federation, tmp_path: Path) -> None:
    graph = {"add": {"process_id": "add", "arguments": {"x": 1, "y": 2}, "result": True}}
    job = allowed(open_at(federation, "terra", tmp_path / "a"), "alice").create_job(graph)
    other = allowed(open_at(federation, "terra", tmp_path / "b"), "bob")
    with pytest.raises(OpenEoApiError, match="JobNotFound"):
        other.job(job.job_id).describe()


def issuer_of(federation: Federation) -> str:
    identity = federation.layout.identity
    assert identity is not None
    return str(identity.document["issuer"])


def service_token(issuer: str) -> str:
    form = {"grant_type": "client_credentials", **HARVEST}
    answer = requests.post(f"{issuer}/token", data=form, timeout=20)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def test_keys_are_replaced_under_load_and_nobody_notices(federation: Federation) -> None:
    """Programs ask at every member all the time, while the provider goes through four keys."""
    issuer = issuer_of(federation)
    urls = [f"{federation.backend_url(name)}/me" for name in ("terra", "aurora", "boreal")]
    providers = ["federation", "checkin", "federation"]
    enough, failures, asked = threading.Event(), list[str](), list[str]()

    def ask(number: int) -> None:
        with requests.Session() as session:
            while not enough.is_set():
                token = service_token(issuer)
                place = number % 3
                header = {"Authorization": f"Bearer oidc/{providers[place]}/{token}"}
                answer = session.get(urls[place], headers=header, timeout=20)
                asked.append(jwt.get_unverified_header(token)["kid"])
                if answer.status_code != 200:
                    failures.append(answer.text)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        federation.until(lambda: bool(asked))
        for _ in range(3):
            federation.rotate_key()
            seen = len(asked)
            federation.until(lambda seen=seen: len(asked) >= seen + 9)  # type: ignore[misc]
    finally:
        enough.set()
        for thread in threads:
            thread.join(30)
    assert failures == []
    assert len(set(asked)) == 4


@needs_chromium
def test_a_person_lets_a_program_in_at_a_browser(
    federation: Federation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client listens at a port of its own, and the browser brings the code there."""
    stop: Any = HttpServerThread.shutdown

    def stop_and_close(server: Any) -> None:
        """The client leaves its socket open."""
        stop(server)
        server._server.server_close()

    monkeypatch.setattr(HttpServerThread, "shutdown", stop_and_close)
    connection = open_at(federation, "aggregator", tmp_path)
    with opened() as browser, window(browser, of=issuer_of(federation)) as page:

        def visit(url: str) -> None:
            page.goto(url)
            page.get_by_label("Name").fill("bob")
            page.get_by_label("Password").fill("bob")
            page.get_by_role("button", name="Log in").click()
            page.get_by_role("button", name="Allow").click()
            page.get_by_text("You can close this browser tab now").wait_for()

        connection.authenticate_oidc_authorization_code(
            webbrowser_open=visit, server_address=("127.0.0.1", 0), timeout=30
        )
    assert connection.describe_account()["user_id"] == "bob"
