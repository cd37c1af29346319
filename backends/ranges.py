"""Files in the web that are read in parts, each part by a request of its own.

Light and of the standard library only. Every request goes through the address policy anew,
redirects too, and has a deadline.
"""

from __future__ import annotations

import http.client
import io
import re
import tempfile
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol

from backends.addresses import (
    DEADLINE,
    MAX_BYTES,
    AddressPolicy,
    Resolver,
    answered,
    body,
    refusal,
    unavailable,
)
from backends.errors import OpenEOError
from backends.patience import NONE, Patience

BLOCK: Final = 2**18
"""The bytes of a part; parts begin at multiples of it."""
KEPT: Final = 64
"""How many parts are kept, those asked for last."""
AT_ONCE: Final = 16
"""How many parts one request asks for at most."""
MAX_TRANSFERRED: Final = 2_000_000_000
_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_CHUNK: Final = 65536


class Remote(Protocol):
    """A file of which parts can be read."""

    @property
    def size(self) -> int:
        """Its bytes in all."""

    def read_at(self, offset: int, size: int) -> bytes:
        """The bytes from an offset on, fewer at the end. Raises OpenEOError."""

    def close(self) -> None:
        """Let go of what is kept of it."""


@dataclass(frozen=True)
class Held:
    """A file that is there as a whole."""

    content: bytes

    @property
    def size(self) -> int:
        """Its bytes in all."""
        return len(self.content)

    def read_at(self, offset: int, size: int) -> bytes:
        """The bytes from an offset on, fewer at the end."""
        return self.content[offset : offset + size]

    def close(self) -> None:
        """Nothing is kept beside the content."""


class RemoteFile:
    """A file at a URL of which only what is asked for is transferred, in bounded memory.

    A server that knows no ranges gives the whole file, which may then have 200 MB and is
    kept on disk. A server that is away for a while is waited for, as long as the patience
    lasts at each part. Raises ``UrlNotAllowed``, ``UrlNotAvailable`` (also where the file changes
    while it is read) and ``FileSizeExceeded`` for more than 2 GB in all.
    Source: RFC 9110, section 14.
    """

    def __init__(
        self,
        url: str,
        policy: AddressPolicy,
        deadline: float = DEADLINE,
        resolver: Resolver | None = None,
        patience: Patience = NONE,
    ) -> None:
        self._patience = patience
        self._url = url
        self._policy = policy
        self._deadline = deadline
        self._resolver = resolver
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._whole: io.BufferedRandom | None = None
        self._version: str | None = None
        self._transferred = 0
        self.size = patience.asking(self._first)

    def read_at(self, offset: int, size: int) -> bytes:
        """The bytes from an offset on, fewer at the end of the file."""
        end = min(offset + size, self.size)
        if self._whole is not None:
            self._whole.seek(offset)
            return self._whole.read(max(end - offset, 0))
        found = bytearray()
        while offset < end:
            number, start = divmod(offset, BLOCK)
            part = self._block(number, (end - 1) // BLOCK)[start : start + end - offset]
            found += part
            offset += len(part)
        return bytes(found)

    def close(self) -> None:
        """Forget the parts; nothing can be read any more."""
        self._blocks.clear()
        if self._whole is not None:
            self._whole.close()

    def _first(self) -> int:
        """Ask for the beginning, which tells the size too."""
        headers = {"Range": f"bytes=0-{BLOCK - 1}"}
        with answered(self._url, self._policy, self._deadline, self._resolver, headers) as answer:
            if answer.status == 200:
                return self._keep_whole(answer)
            self._version = _version(answer)
            content, size = self._part(answer, 0)
        self._keep(0, content)
        return size

    def _keep_whole(self, answer: http.client.HTTPResponse) -> int:
        if (answer.length or 0) > MAX_BYTES:
            raise OpenEOError(
                "FileSizeExceeded",
                f"A file of {answer.length} bytes cannot be read: its server does not give parts "
                f"of files, and at most {MAX_BYTES} bytes can be taken as a whole.",
            )
        # Removed when it is closed.
        self._whole = tempfile.TemporaryFile()  # noqa: SIM115
        return self._whole.write(body(self._url, answer, MAX_BYTES))

    def _block(self, number: int, last: int) -> bytes:
        """A part, transferred with those behind it that will be wanted too."""
        if number in self._blocks:
            self._blocks.move_to_end(number)
            return self._blocks[number]
        following = range(number + 1, min(last, number + AT_ONCE - 1) + 1)
        stop = next((n for n in following if n in self._blocks), following.stop)
        start, end = number * BLOCK, min(stop * BLOCK, self.size)
        self._keep(number, self._patience.asking(lambda: self._transfer(start, end)))
        return self._blocks[number]

    def _transfer(self, start: int, end: int) -> bytes:
        headers = {"Range": f"bytes={start}-{end - 1}"}
        with answered(self._url, self._policy, self._deadline, self._resolver, headers) as answer:
            content, size = self._part(answer, start)
            if (size, _version(answer), len(content)) != (self.size, self._version, end - start):
                raise unavailable(self._url, "it changed while it was read")
        return content

    def _part(self, answer: http.client.HTTPResponse, start: int) -> tuple[bytes, int]:
        """The bytes of a partial answer, and the size of the whole."""
        told = _RANGE.fullmatch(answer.getheader("Content-Range", ""))
        if answer.status != 206:
            raise refusal(self._url, answer)
        if told is None or int(told[1]) != start:
            raise unavailable(self._url, "it answers with another range than the one asked for")
        content = body(self._url, answer, AT_ONCE * BLOCK)
        self._transferred += len(content)
        if self._transferred > MAX_TRANSFERRED:
            raise OpenEOError(
                "FileSizeExceeded",
                f"More than {MAX_TRANSFERRED:,} bytes of one file are needed, which is the most "
                "that is read of one: choose a smaller area, fewer bands or fewer dates.",
            )
        return content, int(told[3])

    def _keep(self, number: int, content: bytes) -> None:
        for begin in range(0, len(content), BLOCK):
            self._blocks[number + begin // BLOCK] = content[begin : begin + BLOCK]
        while len(self._blocks) > KEPT:
            self._blocks.popitem(last=False)


def _version(answer: http.client.HTTPResponse) -> str | None:
    """What tells one state of a file from the next."""
    return answer.getheader("ETag") or answer.getheader("Last-Modified")
