"""Answers of a known length that are sent as they are, read from their connections directly.

Most answers of backends are such ones. What urllib3 and `http.client` put around any answer, to
undo chunks and compression, takes longer than reading a small one.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from urllib3.exceptions import IncompleteRead

from aggregator.upstream.plain import Fields, PlainHead, plain_head


class SizedAnswer:
    """An answer as urllib3 gives it, as far as `client` makes use of it.

    Its connection goes back to the pool with the last byte, or closed if some were not read.
    """

    def __init__(
        self, head: PlainHead, fields: Fields, begun: bytes, connection: Any, pool: Any
    ) -> None:
        self.status, self.headers = head.status, fields
        self._length = head.length or 0
        self._begun, self._left = begun[: self._length], self._length - len(begun)
        self._peer, self._pool, self._used = connection.sock, pool, [connection]
        if self._left < 0:  # whatever it is, it is no part of this answer, nor the next one
            connection.close()
        if self._left <= 0:
            self.release_conn()

    @property
    def closed(self) -> bool:
        """Whether the body was read, or never will be."""
        return not self._begun and not self._used

    def read1(self, size: int, decode_content: bool | None = None) -> bytes:  # noqa: ARG002
        """The next piece of the body, empty at its end; raises IncompleteRead if that is early."""
        if self._begun:
            piece, self._begun = self._begun[:size], self._begun[size:]
        elif self._left > 0 and self._used:
            piece = self._peer.recv(min(size, self._left))
            if not piece:
                raise IncompleteRead(self._length - self._left, self._left)
            self._left -= len(piece)
            if not self._left:
                self.release_conn()
        else:
            piece = b""
        return piece

    def close(self) -> None:
        """Read no more of it."""
        self._begun = b""
        for connection in self._used:
            connection.close()  # what is still to come would be taken for another answer
        self.release_conn()

    def release_conn(self) -> None:
        """Give the connection back, once."""
        with suppress(IndexError):
            self._pool._put_conn(self._used.pop())


def sized(begun: bytes, method: str | None) -> tuple[PlainHead, Fields] | None:
    """The head of an answer that can be read so, going by how it has begun."""
    head = None if method == "HEAD" else plain_head(begun)
    if head is None or head.length is None:
        return None
    fields = Fields(head.found)
    return None if "Content-Encoding" in fields else (head, fields)
