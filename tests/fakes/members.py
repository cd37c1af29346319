"""Members of a federation on loopback: real backends whose faults can be switched on."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import requests

from backends.faults.reading import Faults
from tests.fakes.servers import Listening
from tests.web.backends.site import Site


class Member:
    """A backend of the profile "testing", listening on a port of its own."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self._server = Listening(self._answer)
        self.host = f"http://127.0.0.1:{self._server.port}"
        self.site = Site(folder, public_url=self.host, faults=Faults(control=True), **changes)
        self.url = self.site.profile.api_url
        self.asked: list[str] = []

    def goes_wrong(self, *faults: Any) -> None:
        """These faults are switched on."""
        answer = requests.put(f"{self.host}/faults", json={"faults": list(faults)}, timeout=10)
        assert answer.status_code == 200, answer.text

    def recovers(self) -> None:
        """All faults are switched off."""
        assert requests.delete(f"{self.host}/faults", timeout=10).status_code == 200

    def close(self) -> None:
        with suppress(requests.RequestException):
            self.recovers()
        self._server.close()
        self.site.close()

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        self.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return self.site.app(environ, start)
