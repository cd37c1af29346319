"""Heads of requests that have nothing odd about them, taken apart at once.

Gunicorn looks at each line with all that HTTP has ever allowed in mind. What a head says in full,
plainly and once is read here; every other one is left to gunicorn, which may refuse it.
"""

from __future__ import annotations

import re
from typing import Any

from gunicorn.http.message import Request

_METHOD = r"GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS"
# A path from the root and a query: no fragment, and no second slash, after which a host may stand.
_PATH = r"/(?!/)[\x21\x22\x24-\x3e\x40-\x7e]*+"
_QUERY = r"[\x21\x22\x24-\x7e]*+"
# Without the underscore, which is a hyphen as well to what is behind WSGI.
_NAME = r"[!#$%&'*+.^`|~0-9A-Za-z-]++"
_VALUE = r"[\x20-\x7e]*+"
# Nothing is tried twice.
_HEAD = re.compile(
    rf"({_METHOD}) ({_PATH})(?:\?({_QUERY}))? HTTP/1\.1\r\n"
    rf"((?:{_NAME}:[ \t]*+{_VALUE}\r\n)++)\r\n".encode()
)
_FIELD = re.compile(rf"({_NAME}):[ \t]*+({_VALUE})\r\n")
# What must not come twice.
_SINGLE = frozenset({"HOST", "CONTENT-TYPE", "CONTENT-LENGTH"})
# What gunicorn does something about, or takes from some peers only.
_CAREFUL = frozenset(
    {
        "EXPECT",
        "TRANSFER-ENCODING",
        "UPGRADE",
        "X-FORWARDED-PROTOCOL",
        "X-FORWARDED-PROTO",
        "X-FORWARDED-SSL",
    }
)


class PlainRequest(Request):  # type: ignore[misc]
    """A request as gunicorn reads it, with a shorter way for plain heads."""

    def parse(self, unreader: Any) -> bytes:
        """Read method, target and fields; what follows the head, as far as it is there."""
        begun = bytearray()
        self.read_into(unreader, begun, stop=True)
        size = self._begun_at_once(bytes(begun))
        if size:
            return bytes(begun[size:])
        unreader.unread(begun)
        rest: bytes = super().parse(unreader)
        return rest

    def _begun_at_once(self, begun: bytes) -> int:
        """The size of the head, if it is whole and plain; 0 otherwise."""
        head = _HEAD.match(begun)
        if head is None or head.end() > min(self.limit_request_line, self.limit_request_field_size):
            return 0
        found = [(n.upper(), v.rstrip(" ")) for n, v in _FIELD.findall(head[4].decode())]
        names = [name for name, _ in found]
        if len(names) > self.limit_request_fields or not _CAREFUL.isdisjoint(names):
            return 0
        if any(name in _SINGLE and names.count(name) > 1 for name in names):
            return 0
        self.method, self.path = head[1].decode(), head[2].decode()
        self.query, self.fragment = (head[3] or b"").decode(), ""
        self.uri = begun[head.start(2) : max(head.end(2), head.end(3))].decode()
        self.version, self.headers = (1, 1), found
        return head.end()
