"""What an issuer of tokens publishes, as a backend fetches it; with a clock in seconds."""

from __future__ import annotations

from typing import Any

from backends.errors import OpenEOError
from tests.fakes.issuers import PrivateKey, jwk, rsa_key, signed

ISSUER = "https://login.example/realm"


class Publishing:
    """An issuer: answers what is asked for, counts it, and can be away."""

    def __init__(self) -> None:
        self.now = 5000.0
        self.private: dict[str, PrivateKey] = {"k-0": rsa_key(0)}
        self.users: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.away = False
        self.changes: dict[str, Any] = {}

    def __call__(self, url: str, deadline: float, token: str | None = None) -> dict[str, Any]:
        """Answers as `backends.oidc.issuer.Fetch` wants it."""
        assert 0 < deadline <= 5
        self.asked.append(url.removeprefix(ISSUER))
        if self.away:
            raise OpenEOError("UrlNotAvailable", "It is away.")
        documents: dict[str, dict[str, Any]] = {
            "/.well-known/openid-configuration": {
                "issuer": ISSUER,
                "jwks_uri": f"{ISSUER}/keys",
                "userinfo_endpoint": f"{ISSUER}/me",
            },
            "/keys": {"keys": [jwk(key, kid) for kid, key in self.private.items()]},
            "/me": self.users.get(token or "", {}),
        }
        return documents[self.asked[-1]] | self.changes

    def rotate(self, number: int) -> None:
        """Sign with another key from now on, and publish it alone."""
        self.private = {f"k-{number}": rsa_key(number)}

    def token(self, **said: Any) -> str:
        """A good token of alice, as of the backends' clock, with these claims changed."""
        begun = 1_767_268_800  # noon of 2026-01-01
        usual = {"iss": ISSUER, "sub": "alice", "iat": begun, "exp": begun + 3600}
        claims = {name: value for name, value in {**usual, **said}.items() if value is not None}
        ((kid, key),) = self.private.items()
        return signed(claims, key, kid=kid)
