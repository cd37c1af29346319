"""The body of a request that is stored as it comes."""

import sys

from flask import request

from backends.errors import OpenEOError


class Upload:
    """The body of the present request, whole or not at all; ``length`` is 0 if it is not known.

    Of its size only whoever stores it is the judge.
    """

    def __init__(self) -> None:
        request.max_content_length = sys.maxsize
        self.length = request.content_length or 0
        self._stream = request.stream
        self._read = 0

    def read(self, size: int, /) -> bytes:
        """The next piece; raises ``RequestInvalid`` where the client stops before the end."""
        piece: bytes = self._stream.read(size)
        self._read += len(piece)
        if not piece and self._read < self.length:
            raise OpenEOError(
                "RequestInvalid", "The body of the request ends before its announced length."
            )
        return piece
