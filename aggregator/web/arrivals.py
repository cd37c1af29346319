"""Requests that are still arriving: how much has to be there before a thread is given to one.

A thread that reads a slow client's request serves nobody else meanwhile. What has come is therefore
looked at, and left, in the system's buffer until the head is whole and the body up to `BODY`.
"""

from __future__ import annotations

import re
import socket

# Of a body as much is waited for without a thread, and of a head that does not end.
BODY = 64 * 1024
HEAD = 72 * 1024
USUAL = 8 * 1024

_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r?\n", re.IGNORECASE)
_EXPECT = re.compile(rb"\nexpect:", re.IGNORECASE)


def wanted(data: bytes) -> int:
    """How many bytes there have to be before a thread can go on; 0 if it can with these.

    It can as well where it has to judge: over no HTTP, a body in chunks, a client that waits to be
    told to go on.
    """
    end = _END.search(data)
    if end is None:
        return 0 if len(data) >= HEAD else len(data) + 1
    head = data[: end.end()]
    length = _LENGTH.search(head)
    if length is None or _EXPECT.search(head):
        return 0
    whole = len(head) + min(int(length[1]), BODY)
    return whole if len(data) < whole else 0


def arrived(peer: socket.socket) -> bytes:
    """What has come and was not read yet."""
    data = peer.recv(USUAL, socket.MSG_PEEK)
    if len(data) < USUAL or not wanted(data):
        return data
    return peer.recv(HEAD + BODY, socket.MSG_PEEK)


def wake_at(peer: socket.socket, size: int) -> None:
    """Have the socket count as readable from so many bytes on."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
