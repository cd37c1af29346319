"""The heads of answers, read at once where they are plain.

Python reads each head as if it were that of a mail, which takes longer than all else that is done
with a small answer. A head that is all there, and has nothing odd about it, is taken apart here;
every other one takes Python's careful way. Python takes a head that breaks off for a whole one,
and leaves out all that follows a line that it cannot read: here both are errors, since what is lost
may say how long the body is. Python also takes what comes before an answer (103 Early Hints) for
the answer, so that the proper one would be there for whoever uses the connection next.
"""

from __future__ import annotations

import re
from email.errors import MissingHeaderBodySeparatorDefect
from http.client import HTTPException, HTTPMessage, HTTPResponse
from io import BufferedReader
from typing import Any, cast

END = b"\r\n\r\n"
# Of a status line: answers that have a body, without what comes before the proper one.
_STATUS = re.compile(rb"HTTP/1\.1 ([2-5]\d\d) ([\x20-\x7e]*)")
# Of a field's line: a name, and a value of one line, printable.
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e]*)")
_NUMBER = re.compile(r"\d{1,18}")
# What says how long the body is or when the connection ends must say so once, and plainly.
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})
_EMPTY = frozenset({204, 304})
_SWITCHING = 101


class HeadUnreadable(HTTPException):
    """The head of an answer breaks off, or has a line that is no field."""


class PlainResponse(HTTPResponse):
    """An answer as `http.client` reads it, with a shorter way for plain heads."""

    def begin(self) -> None:
        """Read status and fields; raises HeadUnreadable beside what `http.client` does."""
        state = cast("Any", self)
        self._begin_any()
        while self.status < 200:  # what comes before the proper answer
            if self.status == _SWITCHING:
                raise HTTPException("it speaks something else from now on, which nobody asked for")
            state.headers = state.msg = None
            self._begin_any()
        if self.status in _EMPTY:
            self._expect_nothing()

    def _begin_any(self) -> None:
        if not self._begun_at_once():
            self._begin_carefully()

    def _expect_nothing(self) -> None:
        """No body is read; one that is announced may come, and would be taken for an answer."""
        announced = self.chunked or self.headers.get("Content-Length", "0").strip("0") != ""
        cast("Any", self).chunked = False
        self.will_close = self.will_close or announced

    def _begin_carefully(self) -> None:
        source, state = self.fp, cast("Any", self)
        lines = state.fp = _Lines(source)
        try:
            super().begin()
        finally:
            if state.fp is lines:
                state.fp = source
        if any(isinstance(d, MissingHeaderBodySeparatorDefect) for d in self.headers.defects):
            raise HeadUnreadable("a line of the head is no field")

    def _begun_at_once(self) -> bool:
        source = self.fp
        if (
            self.msg
            or cast("Any", self)._method == "HEAD"
            or not isinstance(source, BufferedReader)
        ):
            return False
        head, end, _ = source.peek().partition(END)
        first, *lines = head.split(b"\r\n")
        status, fields = _STATUS.fullmatch(first), [_FIELD.fullmatch(line) for line in lines]
        if not (end and status and all(fields)):
            return False
        found = [(f[1].decode(), f[2].decode()) for f in fields if f is not None]
        framing = _framing(found)
        if framing is None:
            return False
        source.read(len(head) + len(END))
        self.code = self.status = int(status[1])
        self.reason, self.version = status[2].decode().strip(), 11
        self.headers = self.msg = _message(found)
        self._frame(framing)
        return True

    def _frame(self, framing: dict[str, str]) -> None:
        """How the body goes on, as `HTTPResponse.begin` sets it."""
        state = cast("Any", self)
        state.chunked = "transfer-encoding" in framing
        state.chunk_left = None
        length = None if state.chunked else framing.get("content-length")
        state.length = 0 if self.status in _EMPTY else None if length is None else int(length)
        closes = "close" in framing.get("connection", "").lower()
        state.will_close = closes or (not state.chunked and state.length is None)


class _Lines:
    """The lines of a head; an error where they end before it does, but not before it begins."""

    def __init__(self, source: Any) -> None:
        self._source, self._begun = source, False
        self.close = source.close

    def readline(self, limit: int) -> bytes:
        """The next line."""
        line: bytes = self._source.readline(limit)
        ended = len(line) < limit and not line.endswith(b"\n")
        if ended and (line or self._begun):
            raise HeadUnreadable("the head breaks off")
        self._begun = True
        return line


def _framing(fields: list[tuple[str, str]]) -> dict[str, str] | None:
    """The fields that say where the body ends; None if they are odd."""
    named = [(name.lower(), value) for name, value in fields]
    found = {name: value for name, value in named if name in _FRAMING}
    if len(found) != sum(name in _FRAMING for name, _ in named):
        return None
    if "transfer-encoding" in found and found["transfer-encoding"].lower() != "chunked":
        return None
    length = found.get("content-length")
    return found if length is None or _NUMBER.fullmatch(length) else None


def _message(fields: list[tuple[str, str]]) -> HTTPMessage:
    message = HTTPMessage()
    for name, value in fields:
        message.set_raw(name, value)
    message.set_payload("")
    return message
