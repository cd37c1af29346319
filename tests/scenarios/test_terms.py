"""A federation that asks for a subscription and for consent, and the ordinary client in it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from openeo.rest import OpenEoApiError
from openeo.rest.connection import Connection, connect

from scripts.federation.children import Children
from scripts.federation.layout import moved, read_layout, write
from scripts.federation.up import start
from tests.scenarios.conftest import CONFIG, QUICK, free_ports

AREA = {"west": 11.04, "south": 46.38, "east": 11.045, "north": 46.385}
DAYS = ("2024-07-01", "2024-07-08")
JWT = "https://api.openeo.org/1.3.0/authentication/jwt"
JOIN = "https://federation.example/join"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The local federation with one backend, no passwords, terms and a rule, in two workers."""
    directory: Path = tmp_path_factory.mktemp("terms")
    layout = read_layout(CONFIG, data=directory / "data")
    names = [server.name for server in layout.servers]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    there = moved(layout, port=lambda name, _: ports[name])
    rule = {"required_subscriptions": ["general", "copernicus"], "join_url": JOIN}
    document = {
        **there.document,
        "upstream": QUICK,
        "workers": 2,
        "backends": {"terra": {**there.document["backends"]["terra"]}},
        "identity": {**there.document["identity"], **rule},
        "terms": {"version": "2026-01", "text": "Be kind."},
    }
    document["backends"]["terra"]["basic_authentication"] = False
    del document["accounting"]
    terra = there.profiles["terra"]
    uncounted = {k: value for k, value in terra.document.items() if k != "accounting"}
    profiles = {"terra": replace(terra, document=uncounted)}
    written = write(replace(there, document=document, profiles=profiles), directory / "config")
    lines: list[str] = []
    with Children(lambda name, line: lines.append(f"{name} | {line}")) as children:
        start(children, written)
        yield written.url


def session(url: str, program: str) -> Connection:
    """The client, logged in as a program that is a user."""
    connection = connect(url, retry=False)
    return connection.authenticate_oidc_client_credentials(
        client_id=program, client_secret=f"{program}-secret"
    )


def decide(page: str, decision: str) -> str:
    """Open the link in a browser without scripts, press a button, and read what then stands there.

    The browser names nobody: all that it has is the link.
    """
    shown = requests.get(page, headers={"Accept": "text/html"}, timeout=20)
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', shown.text)
    form = {name: html.unescape(value) for name, value in hidden} | {"decision": decision}
    address = page.partition("?")[0]
    answer = requests.post(address, data=form, headers={"Accept": "text/html"}, timeout=20)
    return answer.text


def test_a_user_agrees_by_the_link_in_the_error_and_works_until_that_is_withdrawn(
    url: str,
) -> None:
    connection = session(url, "harvest-monitor")
    promised = connection.get("/conformance").json()["conformsTo"]
    assert JWT in promised, "every token here is a JWT"
    cube = connection.load_collection(
        "SENTINEL2_L2A", spatial_extent=AREA, temporal_extent=DAYS, bands=["B04"]
    ).reduce_dimension(dimension="t", reducer="mean")

    with pytest.raises(OpenEoApiError, match="agree to the terms") as refused:
        cube.download(format="GTiff")
    assert (refused.value.http_status_code, refused.value.code) == (403, "ConsentRequired")
    account = connection.describe_account()
    assert account["user_id"] == "harvest-monitor" and "federation:users" not in account
    (page,) = re.findall(r"http://\S+", refused.value.message)

    assert "You have agreed to version 2026-01" in decide(page, "agree")
    assert len(cube.download(format="GTiff") or b"") > 1000
    job = cube.create_job(out_format="GTiff")
    assert connection.describe_account()["federation:users"]["terra"]

    assert "You have withdrawn your agreement" in decide(page, "withdraw")
    for _ in range(20):  # whichever worker answers
        with pytest.raises(OpenEoApiError, match="agree to the terms"):
            job.describe()

    token = connection.auth.bearer.rpartition("/")[2]  # type: ignore[union-attr]
    for form in (token, f"oidc/federation/{token}"):
        header = {"Authorization": f"Bearer {form}"}
        consent = f"{url}/federation/terms/consent"
        done = requests.put(consent, json={"version": "2026-01"}, headers=header, timeout=20)
        assert done.json()["agreed"] is True
        assert requests.get(f"{url}/jobs", headers=header, timeout=20).status_code == 200
    assert job.describe()["status"] == "created"


def test_who_has_no_subscription_is_told_where_it_is_to_be_had(url: str) -> None:
    connection = session(url, "terra-accounting")
    with pytest.raises(OpenEoApiError, match="'copernicus'") as refused:
        connection.list_jobs()
    assert refused.value.code == "PermissionsInsufficient"
    assert JOIN in refused.value.message
    assert "SENTINEL2_L2A" in connection.list_collection_ids()
