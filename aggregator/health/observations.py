"""What a monitor saw of a member at a moment."""

from __future__ import annotations

from typing import NamedTuple

ERRORS = ("", "connection", "timeout", "server", "content")
"""Classes of failures: no connection, no answer in time, a status of 500 or more, an answer that
is no openEO. Empty: the member answered, if only with a client's error or a limit on requests."""


class Observation(NamedTuple):
    """One probe of a member.

    `at` is the moment at which it began, `duration` how long the answer took in milliseconds,
    `status` the HTTP status if an answer came, `error` one of `ERRORS` and `detail` the same for
    operators, in words.
    """

    backend: str
    at: int
    up: bool
    duration: int = 0
    status: int | None = None
    error: str = ""
    detail: str = ""
