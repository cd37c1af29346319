"""Where the API stands: under `/openeo/1.3`, at the host's root, and once for each backend.

`/federation/{backend}/openeo/1.3/…` (or without the version) is the API with that backend chosen
for everything. All of these are the same routes: the prefix is taken off before Flask sees it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from aggregator.usecases.views import VERSIONS

BACKEND = "federation.backend"
FAULT = "federation.fault"
_PREFIX = re.compile(
    r"(?:/federation/(?P<backend>[^/]+))?/openeo(?:/v?(?P<version>\d[\w.]*))?(?P<rest>/.*|)"
)


class Addresses:
    """Middleware that turns prefixes into the view of the federation that is asked for."""

    def __init__(self, app: WSGIApplication, backends: Collection[str]) -> None:
        self._app, self._backends = app, backends

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(("/openeo", "/federation/")):
            self._shorten(environ, path)
        return self._app(environ, start)

    def _shorten(self, environ: WSGIEnvironment, path: str) -> None:
        found = _PREFIX.fullmatch(path)
        if found is None:
            return
        backend, version = found["backend"], found["version"]
        if backend is not None and backend not in self._backends:
            environ[FAULT] = ("backend", backend)
        elif version is not None and version not in VERSIONS:
            environ[FAULT] = ("version", version)
        environ[BACKEND] = backend
        environ["PATH_INFO"] = found["rest"] or "/"
