"""A request and its answer, as faults see them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final, TypeVar

import orjson

JSON: Final = "application/json"
EXPOSED: Final = "Link, Location, OpenEO-Costs, OpenEO-Identifier"
OPEN: Final = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", EXPOSED))
"""What every answer has, for web pages."""

Headers = tuple[tuple[str, str], ...]
Changed = TypeVar("Changed", "Asked", "Answered")


@dataclass(frozen=True)
class Asked:
    """A request; `path` is below the API's root, or at the host where it begins with `//`.

    `body` is None where it was not read, since nothing looks into it.
    """

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes | None = None

    @property
    def authorization(self) -> str:
        """The credentials as they were sent."""
        return header(self, "Authorization")

    @property
    def document(self) -> Any:
        """The JSON in the body; None where there is none."""
        try:
            return orjson.loads(self.body or b"")
        except orjson.JSONDecodeError:
            return None


@dataclass(frozen=True)
class Answered:
    """An answer; its body is read at most once, by whoever changes it or by the server."""

    status: int
    headers: Headers = ()
    body: Iterable[bytes] = field(default=(), repr=False)

    @property
    def status_line(self) -> str:
        """The status with its phrase."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return f"{self.status} Unknown"


Ask = Callable[[Asked], Answered]


def header(message: Asked | Answered, name: str) -> str:
    """The value of a header; empty where there is none."""
    return next((value for key, value in message.headers if key.lower() == name.lower()), "")


def with_header(message: Changed, name: str, value: str | None) -> Changed:
    """The message with that header put in place of any other of the name, or without it."""
    kept: Headers = tuple(pair for pair in message.headers if pair[0].lower() != name.lower())
    return replace(message, headers=kept if value is None else (*kept, (name, value)))


def whole(answered: Answered) -> bytes:
    """The whole body, which is read by this."""
    return b"".join(answered.body)


def with_body(answered: Answered, body: bytes, media_type: str | None = None) -> Answered:
    """The answer with another body, with a length and a tag that are right for it."""
    changed = replace(answered, body=(body,))
    changed = with_header(changed, "Content-Length", str(len(body)))
    if header(answered, "ETag"):
        digest = hashlib.blake2b(body, digest_size=16).hexdigest()
        changed = with_header(changed, "ETag", f'"{digest}"')
    return with_header(changed, "Content-Type", media_type) if media_type else changed


def is_json(answered: Answered) -> bool:
    """Whether the answer says that it is JSON."""
    kind = header(answered, "Content-Type").partition(";")[0].strip().lower()
    return kind == JSON or kind.endswith("+json")


def refusal(status: int, code: str, message: str, headers: Headers = ()) -> Answered:
    """An error in openEO's form, as a backend that works would send it."""
    body = orjson.dumps({"id": "fault", "code": code, "message": message})
    empty = Answered(status, (("Content-Type", JSON), *OPEN, *headers))
    return with_body(empty, body)


def said(document: object, status: int = 200) -> Answered:
    """A JSON document as answer."""
    plain = refusal(status, "", "")
    return with_body(plain, orjson.dumps(document))


def pieces(body: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The body in pieces of that many bytes."""
    for piece in body:
        for start in range(0, len(piece), size):
            yield piece[start : start + size]
