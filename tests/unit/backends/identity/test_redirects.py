"""Where clients may be sent their answers."""

from __future__ import annotations

import pytest

from backends.identity.redirects import is_registered, origin, problem_of

REGISTERED = (
    "https://editor.example/",
    "https://portal.example/back?from=login",
    "http://localhost/callback",
    "http://127.0.0.1:8080/fixed",
    "http://[::1]/six",
    "com.example.app:/back",
)


@pytest.mark.parametrize(
    "url",
    [
        *REGISTERED,
        "http://localhost:40123/callback",
        "http://[::1]:9/six",
    ],
)
def test_what_is_registered_is_answered(url: str) -> None:
    assert is_registered(url, REGISTERED)


@pytest.mark.parametrize(
    "url",
    [
        "https://editor.example",
        "https://editor.example/evil",
        "https://editor.example:8443/",
        "https://editor.example.evil.example/",
        "https://editor.example@evil.example/",
        "https://evil.example/?https://editor.example/",
        "https://evil.example\\@editor.example/",
        "http://editor.example/",
        "https://editor.example/#x",
        "https://editor.example//",
        "https://editor.example/.",
        "https://EDITOR.example/",
        "//editor.example/",
        "https://portal.example/back",
        "https://portal.example/back?from=login&more=1",
        "http://localhost.evil.example:1/callback",
        "http://localhost:1/callback/..",
        "http://localhost:1/callback?x=1",
        "http://localhost:1@evil.example/callback",
        "http://user@localhost:1/callback",
        "http://127.0.0.1:1/callback",
        "http://localhost:0/callback",
        "http://localhost:99999/callback",
        "http://localhost:/callback",
        "http://LOCALHOST:1/callback",
        "https://localhost:1/callback",
        "http://127.0.0.1:8081/fixed",
        "javascript:alert(1)",
        "com.example.app:/other",
        "data:text/html,x",
        "https://editor.example/\r\nSet-Cookie: a=b",
        "https://editor.example/\u202e",
        "http://[::1",
        "",
    ],
)
def test_tricks_are_refused(url: str) -> None:
    assert not is_registered(url, REGISTERED)


@pytest.mark.parametrize("url", REGISTERED)
def test_clients_can_register_what_is_safe(url: str) -> None:
    assert problem_of(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://portal.example/",
        "https://portal.example/#fragment",
        "https://me@portal.example/",
        "javascript:alert(1)",
        "portal.example/back",
        "app:/back",
        "https:///back",
        "https://portal.example:70000/",
    ],
)
def test_clients_cannot_register_what_is_not(url: str) -> None:
    assert problem_of(url)


def test_the_place_of_a_url_is_told_to_browsers() -> None:
    assert origin("http://localhost:40123/callback") == "http://localhost:40123"
    assert origin("com.example.app:/back") == "com.example.app:"
