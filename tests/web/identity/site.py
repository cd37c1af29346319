"""A whole provider in process, with a clock, its programs and its people's browsers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import jwt
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backends.identity.app import create_app
from backends.identity.web.provider import KEY, Provider
from tests.fakes.identities import identity_settings


class Seconds:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Site:
    """The provider and whoever asks it."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.settings = identity_settings(**changes)
        self.clock = Seconds()
        self.folder = folder
        self.app = create_app(self.settings, data_directory=folder, clock=self.clock)
        self.client: FlaskClient = self.app.test_client()

    @property
    def provider(self) -> Provider:
        return cast(Provider, self.app.extensions[KEY])

    def post(self, path: str, **form: str) -> TestResponse:
        """What a program sends."""
        return self.client.post(path, data=form)

    def claims(self, token: str) -> dict[str, Any]:
        """What stands in a token that the provider has signed, whatever the time."""
        key = jwt.PyJWKSet.from_dict(self.client.get("/jwks").get_json())
        kid = jwt.get_unverified_header(token)["kid"]
        options = cast(Any, {"verify_exp": False, "verify_iat": False, "verify_aud": False})
        return dict(jwt.decode(token, key[kid].key, ["RS256"], options=options))


def error(response: TestResponse) -> tuple[int, str]:
    """Status and code of an error, which must have the form that RFC 6749 gives it."""
    body = response.get_json()
    assert set(body) <= {"error", "error_description", "error_uri", "state"}, body
    assert body.get("error_description", "x")
    return response.status_code, body["error"]
