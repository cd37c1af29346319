"""Documents at addresses that users name: fetched only where the operator allows it.

A host's name is resolved once, every address it has is judged, and the connection goes to a judged
one: a name that resolves differently a moment later gains nothing. No credentials, no cookies, no
proxy, each redirect is judged anew, and deadline and size are limited.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from aggregator.upstream.deadlines import Deadline, guard, in_time
from aggregator.upstream.heads import PlainResponse

REDIRECTS = 4
CHUNK = 64 * 1024
_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_MOVED = (301, 302, 303, 307, 308)

Resolver = Callable[[str, int], Sequence[str]]
"""Gives the IP addresses of a host; raises OSError if there are none."""


class OutsideError(Exception):
    """Something outside could not be had; the text continues "it cannot be fetched: ..."."""


@dataclass(frozen=True)
class Allowed:
    """Which addresses may be fetched: hosts by pattern (`*.example.org`, `example.org:8443`).

    `private` lets these hosts lie in private networks or on this machine, and be asked by http;
    `addresses` does so for single IP addresses.
    """

    hosts: tuple[str, ...] = ()
    private: bool = False
    addresses: frozenset[str] = frozenset()

    def permits(self, host: str, port: int) -> bool:
        """Whether a host may be asked, going by its name alone."""
        names = {host, f"{host}:{port}"}
        return any(fnmatchcase(name, pattern.lower()) for name in names for pattern in self.hosts)

    def reaches(self, address: str) -> bool:
        """Whether an IP address may be connected to."""
        return self.private or address in self.addresses or is_public(address)

    @property
    def schemes(self) -> tuple[str, ...]:
        """By which addresses may be asked at all."""
        return ("https", "http") if self.private or self.addresses else ("https",)


@dataclass(frozen=True)
class _Target:
    scheme: str
    host: str
    port: int
    address: str
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Outside:
    """Fetches documents from outside the federation."""

    def __init__(
        self,
        allowed: Allowed,
        *,
        deadline: float = 5.0,
        limit: int = 1024 * 1024,
        resolver: Resolver | None = None,
    ) -> None:
        self._allowed, self._deadline, self._limit = allowed, deadline, limit
        self._resolver = resolver or resolve

    def fetch(self, url: str) -> bytes:
        """The content of an address, at most `limit` bytes of it within `deadline` seconds.

        Raises OutsideError for an address that may not be fetched, and whatever goes wrong.
        """
        until = Deadline(self._deadline)
        try:
            with until:
                for _ in range(REDIRECTS + 1):
                    target = self._target(url, until)
                    content, moved = self._get(target, until)
                    if moved is None:
                        return content
                    url = urljoin(url, moved)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if until.struck:
                raise OutsideError(f"it took more than {self._deadline:g} seconds") from error
            raise OutsideError("its host does not answer as it should") from error
        finally:
            until.finish()
        raise OutsideError(f"it redirects more than {REDIRECTS} times")

    def open(self, url: str, headers: Mapping[str, str], until: Deadline, pause: float) -> Any:
        """The answer of one address, its body yet to be read; redirects are not followed.

        `pause` is the most seconds between two pieces of it. Raises OutsideError likewise.
        """
        try:
            target = self._target(url, until)
            with until:
                return _pool(target, min(pause, max(until.remaining, 0.001))).urlopen(
                    "GET",
                    target.path,
                    headers={**headers, "Host": target.authority},
                    redirect=False,
                    retries=False,
                    preload_content=False,
                    decode_content=False,
                )
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if until.struck:
                raise OutsideError(f"it took more than {until.seconds:g} seconds") from error
            raise OutsideError("its host does not answer as it should") from error

    def _target(self, url: str, until: Deadline) -> _Target:
        parts = urlsplit(url)
        schemes = self._allowed.schemes
        if parts.scheme not in schemes or not parts.hostname or parts.username is not None:
            raise OutsideError(f"its address must begin with {' or '.join(schemes)}://HOST")
        host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
        if not self._allowed.permits(host, port):
            known = ", ".join(self._allowed.hosts) or "none"
            raise OutsideError(
                f"its host is not one that this federation allows (allowed: {known})"
            )
        addresses = self.resolved(host, port, until)
        if not all(map(self._allowed.reaches, addresses)):
            raise OutsideError("its host lies in a private network")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return _Target(parts.scheme, host, port, addresses[0], path)

    def resolved(self, host: str, port: int, until: Deadline) -> Sequence[str]:
        """The IP addresses of a host, before the deadline. Raises OutsideError.

        The system's resolver knows no deadline, so it is left behind where it hangs.
        """
        try:
            found = in_time(lambda: self._resolver(host, port), until.remaining, lambda _: None)
        except TimeoutError:
            raise OutsideError("the name of its host cannot be resolved in time") from None
        except (OSError, UnicodeError):
            raise OutsideError("the name of its host cannot be resolved") from None
        if not found:
            raise OutsideError("the name of its host cannot be resolved")
        return found

    def _get(self, target: _Target, until: Deadline) -> tuple[bytes, str | None]:
        headers = {"Host": target.authority, "Accept": "application/json", "User-Agent": "openeo"}
        with _pool(target, max(until.remaining, 0.001)) as pool:
            answer = pool.urlopen(
                "GET",
                target.path,
                headers=headers,
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=True,
            )
            location = answer.headers.get("Location")
            if answer.status in _MOVED and location:
                return b"", location
            if answer.status != 200:
                raise OutsideError(f"its host answers with status {answer.status}")
            return self._whole(answer, until), None

    def _whole(self, answer: Any, until: Deadline) -> bytes:
        content = bytearray()
        while piece := answer.read1(CHUNK, decode_content=True):
            content += piece
            if len(content) > self._limit:
                raise OutsideError(f"it is larger than {self._limit} bytes")
        if until.struck:  # which looks like the end of a body without a length
            raise OutsideError(f"it took more than {self._deadline:g} seconds")
        return bytes(content)


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host, by the system's resolver."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Whether an IP address lies in the public internet, also if it wraps an older one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


class _Connection(HTTPConnection):
    response_class = PlainResponse

    def getresponse(self) -> Any:
        guard(self.sock)
        return super().getresponse()


class _SecureConnection(HTTPSConnection):
    response_class = PlainResponse

    def getresponse(self) -> Any:
        guard(self.sock)
        return super().getresponse()


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _pool(target: _Target, seconds: float) -> Any:
    timeout = urllib3.Timeout(total=seconds)
    if target.scheme == "http":
        return _Pool(target.address, target.port, timeout=timeout, maxsize=1)
    return _SecurePool(
        target.address,
        target.port,
        timeout=timeout,
        maxsize=1,
        server_hostname=target.host,
        assert_hostname=target.host,
    )
