"""Whatever is sent, the answer is a page or an error of OAuth, and never a failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.identity.site import AUTHORIZATION, Site

NAMES = [
    *AUTHORIZATION, "grant_type", "code", "code_verifier", "refresh_token", "device_code", "token",
    "client_secret", "username", "password", "csrf", "action", "user_code", "prompt", "max_age",
    "response_mode", "request", "id_token_hint", "post_logout_redirect_uri", "token_type_hint", "",
]  # fmt: skip
VALUES = [
    *AUTHORIZATION.values(), "authorization_code", "refresh_token", "client_credentials", "editor",
    "meter", "metering", "urn:ietf:params:oauth:grant-type:device_code", "allow", "login", "none",
    "access_token", "a.b.c", "eyJhbGciOiJSUzI1NiJ9.e30.x", "-1", "9" * 400, "code", '"', "\\", "",
]  # fmt: skip
PATHS = ["/authorize", "/token", "/device", "/device_authorization", "/userinfo", "/revoke"]
PATHS += ["/introspect", "/logout", "/jwks", "/"]
HEADERS = st.one_of(
    st.just(""),
    st.sampled_from(["Basic bWV0ZXI6bWV0ZXJpbmc=", "Basic", "Bearer a.b.c", "Basic /w==", "x y z"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
)
FIELDS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.one_of(st.sampled_from(VALUES), st.text(max_size=20))),
    max_size=8,
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder: Path = tmp_path_factory.mktemp("identity")
    return Site(folder, limits={"failures": 10_000, "failures_of_address": 10_000, "window": 60})


def with_values(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "OPTIONS", "HEAD"]),
    path=st.sampled_from(PATHS),
    query=FIELDS,
    form=FIELDS,
    header=HEADERS,
)
def test_no_parameters_are_too_much_for_it(
    site: Site,
    *,
    method: str,
    path: str,
    query: list[tuple[str, str]],
    form: list[tuple[str, str]],
    header: str,
) -> None:
    headers: Any = {"Authorization": header} if header else {}
    response = site.app.test_client().open(
        path, method=method, query_string=with_values(query), data=with_values(form),
        headers=headers,
    )  # fmt: skip
    assert response.status_code < 500, response.text
    assert "Traceback" not in response.text
    location = response.headers.get("Location", "/")
    assert location.startswith(("/", "https://editor.example/?", "http://localhost"))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"a=%ff%fe&grant_type=%00", "application/x-www-form-urlencoded"),
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"x" * 60_000, "text/plain"),
        (b"&" * 5_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"p%d=1" % n for n in range(900)), "application/x-www-form-urlencoded"),
    ],
)
def test_no_body_is_too_much_for_it(site: Site, path: str, body: bytes, kind: str) -> None:
    response = site.app.test_client().post(path, data=body, content_type=kind)
    assert 200 <= response.status_code < 500, response.text


def test_doubled_slashes_lead_nowhere_least_of_all_to_the_host_that_is_named(site: Site) -> None:
    address = "/.well-known//openid-configuration"
    answer = site.client.get(address, headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer.headers.get("Location")) == (404, None)
