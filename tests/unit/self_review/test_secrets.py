"""Tokens and passwords are taken out of all that is shown."""

from __future__ import annotations

import pytest

from scripts.self_review.probe.secrets import Secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bearer basic//abc-123-def", "Bearer ***"),
        ("Authorization: Bearer oidc/egi/x.y.z-1", "Authorization: Bearer ***"),
        ("a JWT eyJhbGciOi.eyJzdWIi.c2ln here", "a JWT *** here"),
        ('{"access_token": "s3cret-value"}', '{"access_token": "***"}'),
        ("https://x.test/f?signature=abc&limit=2", "https://x.test/f?signature=***&limit=2"),
        ("HTTP Basic is offered, Bearer tokens too", "HTTP Basic is offered, Bearer tokens too"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_and_nothing_else(text: str, shown: str) -> None:
    assert Secrets().hidden(text) == shown


def test_what_is_known_as_a_secret_is_hidden_wherever_it_stands() -> None:
    assert Secrets(["wonderland"]).hidden("in wonderland!") == "in ***!"


def test_a_secret_of_three_letters_would_hide_half_the_text() -> None:
    assert Secrets(["the"]).hidden("the others") == "the others"
