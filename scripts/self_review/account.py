"""Logging in, with a password or with OpenID Connect."""

from __future__ import annotations

import base64
from typing import Protocol

from scripts.self_review.findings import Cause, NotJudgedError, could_not_tell
from scripts.self_review.once import Once
from scripts.self_review.probe.answer import Answer, NotJsonError
from scripts.self_review.probe.client import Probe


class Examined(Protocol):
    """What of the backend is needed to log in."""

    probe: Probe

    def url(self, path: str, **query: object) -> str: ...


class Login(Protocol):
    """A way to get an access token. `prefix` is what stands before it in the older form."""

    prefix: str
    issuer: str | None
    """Who gives the token; None for the backend itself."""

    def token(self, examined: Examined) -> str:
        """An access token; raises NotJudgedError if the login fails, NoAnswerError."""
        ...


class Account:
    """A user of the backend: the token, and the form in which the backend accepts it."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._once = Once()

    @property
    def issuer(self) -> str | None:
        """Who gives its tokens; None for the backend itself."""
        return self._login.issuer

    def token(self, examined: Examined) -> str:
        """The bare access token."""
        return self._once.get("token", lambda: self._fetch(examined))

    @property
    def problem(self) -> Exception | None:
        """Why there is no token, if one was asked for and none came."""
        return self._once.error("token")

    def forms(self, examined: Examined) -> tuple[str, str]:
        """The token as Bearer: the three-part form of openEO 1.0 to 1.2, and the bare one."""
        token = self.token(examined)
        return f"{self._login.prefix}{token}", token

    def headers(self, examined: Examined) -> dict[str, str]:
        """What the user sends: the three-part form, or the bare one where only that is accepted."""
        return {"Authorization": f"Bearer {self._once.get('form', lambda: self._form(examined))}"}

    def accepts(self, examined: Examined, form: str) -> Answer:
        """What a request with the token in that form is answered."""
        return examined.probe.ask(
            "GET", examined.url("/me"), headers={"Authorization": f"Bearer {form}"}
        )

    def _form(self, examined: Examined) -> str:
        three_parts, bare = self.forms(examined)
        refused = self.accepts(examined, three_parts).status in {401, 403}
        if refused and self.accepts(examined, bare).ok:
            return bare
        return three_parts

    def _fetch(self, examined: Examined) -> str:
        token = self._login.token(examined)
        examined.probe.secrets.add(token)
        return token


class BasicLogin:
    """A user name and a password, exchanged for a token at /credentials/basic."""

    prefix = "basic//"
    issuer: str | None = None

    def __init__(self, user: str, password: str) -> None:
        self.user = user
        self._password = password

    def token(self, examined: Examined) -> str:
        pair = base64.b64encode(f"{self.user}:{self._password}".encode()).decode()
        for secret in (self._password, pair):
            examined.probe.secrets.add(secret)
        answer = examined.probe.ask(
            "GET", examined.url("/credentials/basic"), headers={"Authorization": f"Basic {pair}"}
        )
        return _access_token(answer)


def _access_token(answer: Answer) -> str:
    if answer.ok:
        try:
            token = answer.object().get("access_token")
        except NotJsonError:
            token = None
        if isinstance(token, str) and token:
            return token
    says = f"The login failed: {answer.request} answered {answer.status} without an access_token."
    raise NotJudgedError(could_not_tell(says, Cause.LOGIN, answer, hint="Check user and password."))
