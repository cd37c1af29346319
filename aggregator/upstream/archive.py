"""Last known metadata, kept as files so that a restart finds them.

One file per document: a line of JSON about it, then the document's bytes. Files are replaced
whole, so that a reader (or another worker) finds the old one or the new one. One that a failing
machine has left in parts is known by its digest.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import orjson

from aggregator.upstream.metadata import Stored, stored

SUFFIX = ".metadata"


class Archive:
    """The documents of one backend; they count only for the address they came from.

    Without a directory nothing is kept.
    """

    def __init__(self, directory: Path | None, source: str) -> None:
        self._directory, self._source = directory, source

    def save(self, name: str, document: Stored) -> None:
        """Keep a document; a full disk costs only what a restart would have found."""
        path = self._path(name)
        if path is None:
            return
        about = {
            "etag": document.etag,
            "modified": document.modified,
            "fetched_at": document.fetched_at,
            "from": self._source,
            "digest": document.digest,
        }
        with suppress(OSError):
            _replace(path, orjson.dumps(about) + b"\n" + document.body)

    def load(self, name: str) -> Stored | None:
        """The document of that name; None if there is none that can be used."""
        path = self._path(name)
        if path is None:
            return None
        try:
            head, _, body = path.read_bytes().partition(b"\n")
            about = orjson.loads(head)
            at = float(about["fetched_at"])
            found = stored(body, about["etag"], at, about.get("modified"))
            whole = about["from"] == self._source and about["digest"] == found.digest
            return found if whole else None
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return None

    def remove(self, name: str) -> None:
        """Forget a document."""
        path = self._path(name)
        if path is not None:
            with suppress(OSError):  # a restart finds it then, until the first visit
                path.unlink()

    def _path(self, name: str) -> Path | None:
        quoted = quote(name, safe=" ")
        if len(quoted) > 200:
            quoted = hashlib.blake2b(name.encode(), digest_size=20).hexdigest()
        return self._directory / (quoted + SUFFIX) if self._directory else None


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
