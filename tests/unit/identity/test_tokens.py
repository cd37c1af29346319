"""JWTs are read apart strictly: what is doubtful in form is refused before anything else."""

from __future__ import annotations

import base64

import pytest

from aggregator.errors import TokenInvalid
from aggregator.identity.tokens import LENGTH, read_token


def encoded(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def token(header: str | bytes = '{"alg":"RS256"}', claims: str | bytes = '{"sub":"u"}') -> str:
    return f"{encoded(header)}.{encoded(claims)}.c2ln"


def test_a_token_is_read_apart() -> None:
    found = read_token(token('{"alg":"RS256","kid":"k","typ":"at+jwt"}', '{"iss":"https://i"}'))
    assert (found.algorithm, found.key_id, found.issuer) == ("RS256", "k", "https://i")
    assert found.raw not in repr(found) and "https://i" not in repr(found)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "abc",
        "a.b",
        "a.b.c.d",
        ".e30.c2ln",
        "e30..c2ln",
        "e30=.e30=.c2ln",
        "e30.e30.c2l+",
        "e30.e30.c2ln\n",
        " e30.e30.c2ln",
        "ä.e30.c2ln",
        "e30x.e30.c2ln",
        "e30a2.e30.c2ln",
        token("[]"),
        token(claims='"x"'),
        token(claims="nothing"),
        token(claims=b"\xff\xfe"),
        token(claims='{"a":NaN}'),
        token(claims='{"a":"\\ud800"}'),
        token(claims="[" * 5000 + "]" * 5000),
        token(claims='{"a":' * 5000 + "1" + "}" * 5000),
        token(claims='{"sub":"alice","sub":"bob"}'),
        token(claims='{"realm_access":{"roles":[],"roles":["admin"]}}'),
        token('{"alg":"RS256","alg":"none"}'),
        token('{"alg":"RS256","kid":7}'),
        token('{"alg":"RS256","kid":["k"]}'),
        token('{"alg":"RS256","crit":["exp"],"exp":1}'),
        token('{"alg":"RS256","b64":false}'),
        token('{"alg":"RS256","typ":"logout+jwt"}'),
        token('{"alg":"RS256","typ":"dpop+jwt"}'),
        token('{"alg":"RS256","typ":null}'),
        "a" * (LENGTH + 1),
        token(claims='{"a":"' + "x" * LENGTH + '"}'),
    ],
)
def test_what_is_no_plain_access_token_is_refused_and_never_shown(raw: str) -> None:
    with pytest.raises(TokenInvalid) as caught:
        read_token(raw)
    assert len(raw) < 6 or raw not in caught.value.message
    assert "alice" not in caught.value.message and len(caught.value.message) < 200


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_an_access_token_may_say_that_it_is_one(kind: str) -> None:
    assert read_token(token(f'{{"alg":"RS256","typ":"{kind}"}}')).algorithm == "RS256"
