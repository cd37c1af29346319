"""Federated identifiers: the backend's id, a dash, the backend's own identifier.

Backend ids have no dash, so the first one separates, and the backend's own identifier may hold
any characters. Of files it is their path that says where they are: its first part is the backend's
id. Cursors of paged listings are opaque texts made here as well.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Container, Mapping

SEPARATOR = "-"
BACKEND_ID = re.compile(r"[a-z][a-z0-9_]*")

CursorValue = str | int | None


class IdentifierError(ValueError):
    """The text is no federated id of any of the backends."""


class CursorError(ValueError):
    """The text is no cursor that was made here."""


def is_backend_id(text: str) -> bool:
    """Whether `text` may name a backend: a small letter, then small letters, digits and `_`."""
    return BACKEND_ID.fullmatch(text) is not None


def federate(backend: str, local_id: str) -> str:
    """The identifier under which the federation knows what `backend` calls `local_id`.

    Raises ValueError for a backend id that could not be split off again, or an empty identifier.
    """
    if not is_backend_id(backend):
        raise ValueError(f"not the id of a backend: {backend!r}")
    if not local_id:
        raise ValueError(f"an empty identifier of backend {backend!r}")
    return f"{backend}{SEPARATOR}{local_id}"


def split(federated_id: str, backends: Container[str]) -> tuple[str, str]:
    """The backend and its own identifier; undoes `federate`.

    Raises IdentifierError if there is no dash, nothing after it, or no such backend before it.
    """
    backend, separator, local_id = federated_id.partition(SEPARATOR)
    if not (separator and local_id and backend in backends):
        raise IdentifierError(federated_id)
    return backend, local_id


def join_path(backend: str, own_path: str) -> str:
    """The path in the federation of what `backend` keeps under `own_path`."""
    return f"{backend}/{own_path}"


def split_path(path: str, backends: Container[str]) -> tuple[str, str]:
    """The backend that keeps a file, and the path there; undoes `join_path`.

    Raises IdentifierError if the first part is no such backend, or there is nothing after it.
    """
    backend, slash, own_path = path.partition("/")
    if not (slash and own_path and backend in backends):
        raise IdentifierError(path)
    return backend, own_path


def encode_cursor(position: Mapping[str, CursorValue]) -> str:
    """A text, safe in URLs, from which `decode_cursor` gets `position` back.

    It is not signed: whoever decodes it treats the values like any other input of a user, so a
    cursor never holds an address to be followed.
    """
    packed = json.dumps(position, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def decode_cursor(text: str) -> dict[str, CursorValue]:
    """The position in a cursor; raises CursorError for anything else."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        position = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        json.dumps(position, ensure_ascii=False).encode()  # halves of characters are no text
    except (ValueError, binascii.Error, RecursionError) as error:
        raise CursorError(text) from error
    if not isinstance(position, dict) or not all(map(_is_value, position.values())):
        raise CursorError(text)
    return position


def _is_value(value: object) -> bool:
    return value is None or (isinstance(value, str | int) and not isinstance(value, bool))
