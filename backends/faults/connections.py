"""The connection beneath a request: broken off, or watched.

Servers put their socket into the WSGI environment (gunicorn and werkzeug do). Without one, as in
tests in process, what the peer would see of a broken connection is raised.
"""

import os
import select
import socket
import struct
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

POLL: Final = 0.05


def connection_of(environ: Mapping[str, Any]) -> socket.socket | None:
    """The server's socket of a request, if the server shows it."""
    for name in ("gunicorn.socket", "werkzeug.socket"):
        if isinstance(found := environ.get(name), socket.socket):
            return found
    return None


def reset(connection: socket.socket | None) -> ConnectionResetError:
    """Reset the connection at once; the error to raise, at which a server gives up quietly."""
    if connection is not None:
        with suppress(OSError):  # the peer was faster
            # Closing a socket that must not linger sends a reset in place of a farewell.
            now = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            _replace(connection)
    return ConnectionResetError("the connection was reset on purpose")


def hang_up(connection: socket.socket | None) -> ConnectionResetError:
    """End the connection in good order though more was announced; the error to raise."""
    if connection is not None:
        with suppress(OSError):  # the peer was faster
            connection.shutdown(socket.SHUT_RDWR)
    return ConnectionResetError("the connection was ended on purpose")


def wait(seconds: float, ended: threading.Event, connection: socket.socket | None = None) -> bool:
    """Wait so long, but no longer than the peer does and the fault lasts; true if that was all."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if ended.wait(min(left, POLL)) or _is_gone(connection):
            return False
    return True


def _replace(connection: socket.socket) -> None:
    """Close the connection although others hold its socket: theirs leads nowhere from now on."""
    nowhere, other = socket.socketpair()
    with nowhere, other:
        os.dup2(nowhere.fileno(), connection.fileno())


def _is_gone(connection: socket.socket | None) -> bool:
    if connection is None:
        return False
    try:
        readable, _, _ = select.select([connection], [], [], 0)
        if not readable:
            return False
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except (OSError, ValueError):
        return True
