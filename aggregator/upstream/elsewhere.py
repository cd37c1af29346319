"""What a backend keeps at other hosts, such as files in an object store, and redirects to.

Nobody's credentials go there. The other host must lie in the public internet, or at an address of
the backend itself: no backend leads the aggregator into networks that only the aggregator reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from requests import Response

from aggregator.errors import BackendFailure
from aggregator.upstream.deadlines import Deadline
from aggregator.upstream.outside import Allowed, Outside, OutsideError, Resolver
from aggregator.upstream.transport import Received


class Elsewhere:
    """Opens the addresses that one backend redirects to."""

    def __init__(self, backend: str, resolver: Resolver | None = None) -> None:
        self._backend, self._resolver = backend, resolver

    def open(
        self, url: str, home: str, headers: Mapping[str, str], until: Deadline, pause: float
    ) -> Response:
        """The answer of an address, `home` being the backend's own; `headers` have no credentials.

        Raises BackendFailure for an address that may not be asked, and whatever goes wrong there.
        """
        try:
            allowed = Allowed(("*",), addresses=self._addresses(home, until))
            outside = Outside(allowed, resolver=self._resolver)
            return Received(url, outside.open(url, headers, until, pause))
        except OutsideError as error:
            said = f"it redirects to another host, where nothing can be had: {error}"
            raise BackendFailure(self._backend, "HTTP", said) from error

    def _addresses(self, home: str, until: Deadline) -> frozenset[str]:
        parts = urlsplit(home)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = Outside(Allowed(), resolver=self._resolver).resolved(
            parts.hostname or "", port, until
        )
        return frozenset(found)
