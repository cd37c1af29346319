"""The federation as a client sees it: all of it, or through the address of one backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

API_ROOT = "/openeo/1.3"
VERSIONS = ("1", "1.3", "1.3.0")
"""What the API's version may be called in an address, with or without a `v` before it."""


@dataclass(frozen=True)
class View:
    """The base URL of the API, and the backend that stands in it, if one does."""

    url: str
    backend: str | None = None

    def link(self, *path: str, query: Mapping[str, str] | None = None) -> str:
        """The URL of a resource below the API's root; its parts are quoted here."""
        parts = "".join("/" + quote(part, safe="") for part in path)
        return f"{self.url}{parts or '/'}" + (f"?{urlencode(query)}" if query else "")


def whole(public_url: str) -> View:
    """The whole federation."""
    return View(public_url.rstrip("/") + API_ROOT)


def only(public_url: str, backend: str) -> View:
    """One backend, with the federation's ids."""
    return View(f"{public_url.rstrip('/')}/federation/{backend}{API_ROOT}", backend)


def everywhere(public_url: str, backends: Iterable[str]) -> tuple[str, ...]:
    """The base URLs of the API under all of which it answers, with those of the backends."""
    root = public_url.rstrip("/")
    versions = ("", *(f"/{v}{version}" for v in ("", "v") for version in VERSIONS))
    starts = (root, *(f"{root}/federation/{backend}" for backend in backends))
    return (root, *(f"{start}/openeo{version}" for start in starts for version in versions))
