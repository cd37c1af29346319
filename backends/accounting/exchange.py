"""HTTP with an end: small JSON answers within a deadline, and no redirects."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

import requests
from urllib3.exceptions import HTTPError

CONNECT_SECONDS: Final = 3.0
PAUSE_SECONDS: Final = 10.0
"""Between two pieces of an answer."""
SECONDS: Final = 20.0
"""For a whole answer."""
BYTES: Final = 256 * 1024


class UnreachableError(Exception):
    """No usable answer came; says why, without anything secret."""


class Exchange:
    """Asks for JSON. To be used by one thread."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._seconds = seconds

    def close(self) -> None:
        """Let go of all connections."""
        self._session.close()

    def get(self, url: str) -> tuple[int, Any]:
        """Status and document; raises ``UnreachableError``."""
        return self._ask("GET", url)

    def post(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        document: Mapping[str, Any] | None = None,
        token: str | None = None,
    ) -> tuple[int, Any]:
        """Send a form or a document; status and document. Raises ``UnreachableError``."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self._ask("POST", url, data=form, json=document, headers=headers)

    def _ask(self, method: str, url: str, **options: Any) -> tuple[int, Any]:
        end = time.monotonic() + self._seconds
        timeouts = (min(CONNECT_SECONDS, self._seconds), min(PAUSE_SECONDS, self._seconds))
        try:
            with self._session.request(
                method, url, timeout=timeouts, stream=True, allow_redirects=False, **options
            ) as answer:
                return answer.status_code, _document(_received(answer, end))
        except (requests.RequestException, HTTPError, OSError) as error:
            raise UnreachableError(f"{url} cannot be reached: {type(error).__name__}") from error


def _received(answer: requests.Response, end: float) -> bytes:
    parts, size = [], 0
    # Takes what has come, instead of waiting for more.
    while part := answer.raw.read1(8192, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > BYTES or time.monotonic() > end:
            raise UnreachableError("the answer is too long" if size > BYTES else "it is too slow")
    return b"".join(parts)


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
