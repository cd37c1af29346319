"""What all errors have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack


class Extras(TypedDict, total=False):
    """What any error may carry beside its message."""

    url: str
    links: Sequence[Mapping[str, Any]]
    headers: Mapping[str, str]


class OpenEOError(Exception):
    """An error with the code, status and message that the client receives.

    `url` and `links` point to an explanation (API 1.0 knew the first, later versions the second),
    `headers` go with the response (Retry-After, WWW-Authenticate). `logged` is what the log says of
    it, which is the message unless that holds what only the user may read.
    """

    code: str = "Internal"
    status: int = 500
    wording: str = "The server could not answer this request."

    def __init_subclass__(cls, status: int | None = None) -> None:
        cls.code = cls.__name__
        if status is not None:
            cls.status = status

    def __init__(self, message: str | None = None, **extras: Unpack[Extras]) -> None:
        self.message = self.logged = self.wording if message is None else message
        self.url = extras.get("url")
        self.links = tuple(extras.get("links", ()))
        self.headers = dict(extras.get("headers", {}))
        super().__init__(self.message)

    def as_json(self, reference: str | None = None) -> dict[str, Any]:
        """The body of the response; `reference` becomes its `id`, by which the logs find it."""
        body: dict[str, Any] = {} if reference is None else {"id": reference}
        body |= {"code": self.code, "message": self.message}
        if self.url is not None:
            body["url"] = self.url
        if self.links:
            body["links"] = [dict(link) for link in self.links]
        return body


def sentences(*parts: str) -> str:
    """The parts that are not empty, one after the other."""
    return " ".join(part.strip() for part in parts if part)
