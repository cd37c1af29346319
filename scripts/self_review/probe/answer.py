"""What a backend answered, whole and unjudged."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from requests.structures import CaseInsensitiveDict

BEGINNING = 160


class NotJsonError(Exception):
    """The body is no JSON in UTF-8; says where it ends to be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: header names in any case, the body as bytes (decoded from its transfer)."""

    method: str
    url: str
    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes
    seconds: float
    redirects: tuple[str, ...] = ()
    """The addresses that were asked before this one."""

    @property
    def request(self) -> str:
        return f"{self.method} {self.url}"

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        """The type without its parameters, in small letters; empty if none was said."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def beginning(self) -> str:
        """How the body begins, as text on one line."""
        text = " ".join(self.body[: 4 * BEGINNING].decode("utf-8", "replace").split())
        return text if len(text) <= BEGINNING else f"{text[:BEGINNING]}…"

    def json(self) -> Any:
        """The body as JSON; raises NotJsonError.

        What is not UTF-8 is read by the charset that it says, so that one mistake is one finding.
        """
        try:
            return json.loads(self._text(), parse_constant=_refused)
        except (ValueError, RecursionError) as error:
            raise NotJsonError(f"the body is no JSON ({error})") from error

    def _text(self) -> str:
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError as error:
            charset = charset_of(self)
            if charset is None:
                raise NotJsonError(f"the body is not UTF-8 at byte {error.start}") from error
        try:
            return self.body.decode(charset)
        except (UnicodeDecodeError, LookupError) as error:
            raise NotJsonError(f"the body is neither UTF-8 nor {charset}") from error

    def object(self) -> Mapping[str, Any]:
        """The body as a JSON object; raises NotJsonError."""
        document = self.json()
        if not isinstance(document, dict):
            raise NotJsonError(f"the body is JSON, but {kind(document)} in place of an object")
        return document

    @property
    def code(self) -> str:
        """The code of the openEO error in the body; empty if there is none."""
        try:
            return str(self.object().get("code", ""))
        except NotJsonError:
            return ""


def _refused(constant: str) -> None:
    """Python reads NaN and Infinity, which JSON does not know and other clients refuse."""
    raise ValueError(f"{constant} is no value of JSON")


def charset_of(answer: Answer) -> str | None:
    """The charset that the answer says it is in."""
    said = re.search(r"charset=\"?([\w-]+)", answer.headers.get("Content-Type", ""), re.IGNORECASE)
    return said[1] if said else None


def kind(value: object) -> str:
    """What JSON calls it, with an article."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    if value is None:
        return "null"
    return names.get(type(value), "a number")
