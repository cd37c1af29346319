"""Answers as `http.client` reads them, sooner where their heads are plain, and more strictly.

Python takes a head that breaks off for a whole one, and leaves out all that follows a line that it
cannot read: here both are errors, since what is lost may say how long the body is. Python also
takes what comes before an answer (103 Early Hints) for the answer, so that the proper one would be
there for whoever uses the connection next.
"""

from __future__ import annotations

from email.errors import MissingHeaderBodySeparatorDefect
from http.client import HTTPException, HTTPMessage, HTTPResponse
from io import BufferedReader, RawIOBase
from socket import socket
from typing import Any, cast

from aggregator.upstream.plain import EMPTY, PlainHead, plain_head

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
        if self.status in EMPTY:
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
        head = plain_head(source.peek())
        if head is None:
            return False
        source.read(head.size)
        self.code = self.status = head.status
        self.reason, self.version = head.reason, 11
        self.headers = self.msg = _message(head.found)
        self._frame(head)
        return True

    def _frame(self, head: PlainHead) -> None:
        """How the body goes on, as `HTTPResponse.begin` sets it."""
        state, framing = cast("Any", self), head.framing
        state.chunked = "transfer-encoding" in framing
        state.chunk_left = None
        length = None if state.chunked else framing.get("content-length")
        state.length = 0 if self.status in EMPTY else None if length is None else int(length)
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


class Begun:
    """A connection of whose answer something was read already, as `http.client` expects it."""

    def __init__(self, peer: socket, begun: bytes) -> None:
        self._peer, self._begun = peer, begun

    def makefile(self, _mode: str) -> BufferedReader:
        """The answer from its beginning."""
        return BufferedReader(_Resumed(self._begun, self._peer.makefile("rb", buffering=0)))


class _Resumed(RawIOBase):
    """What was read already, and then the rest."""

    def __init__(self, begun: bytes, rest: RawIOBase) -> None:
        self._begun, self._rest = begun, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if not self._begun:
            return self._rest.readinto(buffer)
        size = min(len(buffer), len(self._begun))
        buffer[:size], self._begun = self._begun[:size], self._begun[size:]
        return size

    def close(self) -> None:
        super().close()
        self._rest.close()


def _message(fields: list[tuple[str, str]]) -> HTTPMessage:
    message = HTTPMessage()
    for name, value in fields:
        message.set_raw(name, value)
    message.set_payload("")
    return message
