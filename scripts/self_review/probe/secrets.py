"""Takes tokens and passwords out of everything that is shown."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable

HIDDEN = "***"
SHORTEST = 4
_BEARER = re.compile(r"\b(Bearer)\s+(?=\S*[\d/._-])[^\s\"',;]{8,}", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*")
_TOKEN_FIELD = re.compile(
    r"(\"?(?:access_token|refresh_token|id_token|client_secret|password)\"?\s*[:=]\s*\"?)[^\s\"&,}]+"
)
_SIGNED = re.compile(
    r"([?&](?:sig|signature|token|key|x-amz-[\w-]+|awsaccesskeyid)=)[^&\s\"']+", re.IGNORECASE
)


class Secrets:
    """What must not be seen: what was named as a secret, and what looks like one."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._lock = threading.Lock()
        for one in known:
            self.add(one)

    def add(self, secret: str | None) -> None:
        """From now on this is a secret. Very short ones are not: they would hide half the text."""
        if secret and len(secret) >= SHORTEST:
            with self._lock:
                self._known.add(secret)

    def hidden(self, text: str) -> str:
        """The text without secrets."""
        with self._lock:
            known = sorted(self._known, key=len, reverse=True)
        for one in known:
            text = text.replace(one, HIDDEN)
        text = _BEARER.sub(rf"\1 {HIDDEN}", text)
        text = _JWT.sub(HIDDEN, text)
        text = _TOKEN_FIELD.sub(rf"\1{HIDDEN}", text)
        return _SIGNED.sub(rf"\1{HIDDEN}", text)
