"""The body of a request as it comes, for what is passed on without being kept."""

from __future__ import annotations

import sys

from flask import request
from werkzeug.exceptions import HTTPException

from aggregator.web.errors import RequestInvalid


class Upload:
    """The body of the present request; of its size only whoever stores it is the judge."""

    def __init__(self) -> None:
        request.max_content_length = sys.maxsize
        self.length = request.content_length
        self._stream = request.stream
        self._read = 0

    def read(self, size: int = -1, /) -> bytes:
        """The next piece; RequestInvalid if the client stops before the end."""
        try:
            piece: bytes = self._stream.read(size)
        except (OSError, HTTPException) as error:
            raise RequestInvalid("The body of the request did not come whole.") from error
        self._read += len(piece)
        if not piece and self._read < (self.length or 0):
            raise RequestInvalid("The body of the request ends before its announced length.")
        return piece
