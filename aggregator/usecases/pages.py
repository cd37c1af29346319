"""Answers that are ready to be sent: serialised, compressed and tagged once per change."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

SMALLEST_COMPRESSED = 512
LEVEL = 6


@dataclass(frozen=True)
class Page:
    """A JSON document as bytes, plain and (if that is worth it) gzipped, each with a strong tag."""

    body: bytes
    compressed: bytes | None
    tag: str

    @property
    def etag(self) -> str:
        """The entity tag of the plain body."""
        return f'"{self.tag}"'

    @property
    def compressed_etag(self) -> str:
        """The entity tag of the compressed body, which is another representation."""
        return f'"{self.tag}-gzip"'


def page(body: bytes, level: int = LEVEL) -> Page:
    """A page of serialised JSON; equal bytes give equal pages in every process."""
    tag = hashlib.blake2b(body, digest_size=16).hexdigest()
    worth_it = len(body) >= SMALLEST_COMPRESSED
    return Page(body, gzip.compress(body, level, mtime=0) if worth_it else None, tag)


def document_page(document: Any) -> Page:
    """A page of a JSON document."""
    return page(orjson.dumps(document))


def listing_body(key: str, items: Sequence[bytes], rest: dict[str, Any]) -> bytes:
    """An object whose `key` is a list of serialised items, followed by the rest."""
    tail = orjson.dumps(rest)[1:]
    separator = b"," if rest else b""
    return b'{"%s":[%s]%s%s' % (key.encode(), b",".join(items), separator, tail)
