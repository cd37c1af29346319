"""What the backend and the process of a user's code say to each other, over pipes.

A message is a JSON header and bytes: two lengths of eight bytes, the header, the bytes.
Nothing is ever unpickled: the other side may be hostile.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, Final

_LENGTHS: Final = struct.Struct("!QQ")
MAX_HEADER: Final = 64 * 2**20

Read = Callable[[int], bytes]
"""Gives exactly so many bytes, or raises EOFError."""


def write(stream: IO[bytes], header: Mapping[str, Any], body: Any = b"") -> None:
    """Send a message."""
    text = json.dumps(header).encode()
    view = memoryview(body).cast("B") if len(body) else memoryview(b"")
    stream.write(_LENGTHS.pack(len(text), view.nbytes))
    stream.write(text)
    stream.write(view)
    stream.flush()


def read(source: Read, max_bytes: int) -> tuple[dict[str, Any], bytes]:
    """The next message. Raises EOFError at the end, ValueError for what is no message."""
    header_size, body_size = _LENGTHS.unpack(source(_LENGTHS.size))
    if header_size > MAX_HEADER or body_size > max_bytes:
        raise ValueError("the message is too large")
    header = json.loads(source(header_size))
    if not isinstance(header, dict):
        raise ValueError("the message has no header")
    return header, source(body_size)


def described(dims: Sequence[str], coords: Mapping[str, Any]) -> dict[str, Any]:
    """Dimensions and their labels (NumPy arrays) as JSON has them."""
    return {"dims": list(dims), "coords": {name: _listed(coords[name]) for name in coords}}


def _listed(labels: Any) -> dict[str, Any]:
    kind = labels.dtype.kind
    if kind == "M":
        return {"kind": "time", "values": labels.astype("datetime64[ns]").astype(int).tolist()}
    if kind in "iufb":
        return {"kind": "number", "values": labels.tolist()}
    return {"kind": "text", "values": [str(label) for label in labels.tolist()]}


def labels(listed: Mapping[str, Any]) -> Any:
    """The labels of a dimension as a NumPy array again. Raises ValueError."""
    import numpy as np

    values = listed["values"]
    if listed["kind"] == "time":
        return np.array(values, dtype="int64").astype("datetime64[ns]")
    if listed["kind"] == "text":
        return np.array([str(value) for value in values])
    return np.array(values)
