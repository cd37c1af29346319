"""A whole provider in process, with a clock, its programs and its people's browsers."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backends.identity.app import KEY_FILE, create_app
from backends.identity.keys import Keyring
from backends.identity.settings import DEVICE_CODE
from backends.identity.web.provider import KEY, Provider
from tests.fakes.identities import identity_settings

VERIFIER = "a-verifier-that-only-the-client-knows-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().strip("=")
AUTHORIZATION = {
    "response_type": "code",
    "client_id": "editor",
    "redirect_uri": "https://editor.example/",
    "scope": "openid profile email offline_access",
    "state": "s-t-a-t-e",
    "nonce": "n-o-n-c-e",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
"""What a public client asks for when it sends a browser to the provider."""


class Seconds:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Browser:
    """Somebody at a browser that keeps cookies and runs no scripts."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, url: str) -> TestResponse:
        return self.client.get(url)

    def send(self, url: str, **fields: str) -> TestResponse:
        """Load the page and send its form, with the hidden fields that it has."""
        shown = self.client.get(url)
        return self.client.post(url, data={**hidden(shown), **fields})

    def log_in(self, url: str, name: str = "alice", password: str = "wonderland") -> TestResponse:
        return self.send(url, action="login", username=name, password=password)


class Site:
    """The provider and whoever asks it."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.settings = identity_settings(**changes)
        self.clock = Seconds()
        self.folder = folder
        _with_keys(folder, self.clock)
        self.app = create_app(self.settings, data_directory=folder, clock=self.clock)
        self.client: FlaskClient = self.app.test_client()

    @property
    def provider(self) -> Provider:
        return cast(Provider, self.app.extensions[KEY])

    def browser(self) -> Browser:
        return Browser(self.app.test_client())

    def post(self, path: str, **form: str) -> TestResponse:
        """What a program sends."""
        return self.client.post(path, data=form)

    def claims(self, token: str) -> dict[str, Any]:
        """What stands in a token that the provider has signed, whatever the time."""
        key = jwt.PyJWKSet.from_dict(self.client.get("/jwks").get_json())
        kid = jwt.get_unverified_header(token)["kid"]
        options = cast(Any, {"verify_exp": False, "verify_iat": False, "verify_aud": False})
        return dict(jwt.decode(token, key[kid].key, ["RS256"], options=options))

    def code(self, browser: Browser | None = None, **changes: str) -> str:
        """The code that a browser brings back once its user has logged in and agreed."""
        url = authorization(**changes)
        browser = browser or self.browser()
        if 'name="password"' in browser.get(url).text:
            browser.log_in(url)
        return answer(browser.send(url, action="allow"))["code"]

    def exchange(self, code: str, **changes: str) -> TestResponse:
        """What a public client gets for its code."""
        form = {
            "grant_type": "authorization_code",
            "client_id": "editor",
            "redirect_uri": "https://editor.example/",
            "code_verifier": VERIFIER,
            "code": code,
        }
        return self.post("/token", **{**form, **changes})

    def tokens(self) -> dict[str, Any]:
        """What a public client has once alice has logged in."""
        return cast(dict[str, Any], self.exchange(self.code()).get_json())

    def device(self, **more: str) -> dict[str, Any]:
        """What a device gets to begin with."""
        form = {"client_id": "editor", "scope": "openid offline_access", **more}
        response = self.post("/device_authorization", **form)
        assert response.status_code == 200, response.text
        return cast(dict[str, Any], response.get_json())

    def poll(self, device: dict[str, Any], **more: str) -> TestResponse:
        """A device asks whether its user has decided."""
        form = {"client_id": "editor", "device_code": device["device_code"], **more}
        return self.post("/token", grant_type=DEVICE_CODE, **form)


def _with_keys(folder: Path, clock: Seconds) -> None:
    """Put keys into the folder, the same for all tests: to make some takes long."""
    if (folder / KEY_FILE).exists():
        return
    folder.mkdir(exist_ok=True)
    if not _KEYS:
        Keyring(folder / KEY_FILE, clock=clock, lifetime=1e9, keep=1e9)
        _KEYS.append((folder / KEY_FILE).read_bytes())
    (folder / KEY_FILE).write_bytes(_KEYS[0])


_KEYS: list[bytes] = []


def authorization(**changes: str) -> str:
    """The address to which a client sends a browser; an empty text leaves a parameter out."""
    query = {name: value for name, value in {**AUTHORIZATION, **changes}.items() if value != ""}
    return f"/authorize?{urlencode(query)}"


def hidden(page: TestResponse) -> dict[str, str]:
    """The hidden fields of the form on a page."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
    return {name: html.unescape(value) for name, value in fields}


def answer(response: TestResponse) -> dict[str, str]:
    """What a browser brings back to the client that sent it."""
    assert response.status_code == 302, response.text
    query = parse_qs(urlsplit(response.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


def error(response: TestResponse) -> tuple[int, str]:
    """Status and code of an error, which must have the form that RFC 6749 gives it."""
    body = response.get_json()
    assert set(body) <= {"error", "error_description", "error_uri", "state"}, body
    assert body.get("error_description", "x")
    return response.status_code, body["error"]
