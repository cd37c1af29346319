"""Which URLs the work of a user may load, and loading them within bounds.

Light and of the standard library only. A name is resolved once, every address
it has is judged, and the connection goes to a judged address: a name that
resolves differently a moment later gains nothing.
"""

import contextlib
import http.client
import ipaddress
import json
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import IO, Final, Literal, TypeAlias, cast
from urllib.parse import urljoin, urlsplit

from backends.errors import OpenEOError

DEADLINE: Final = 60.0
MAX_BYTES: Final = 200_000_000
MAX_REDIRECTS: Final = 5
RESOLVING_SECONDS: Final = 10.0
_CHUNK: Final = 65536
_MAX_ERROR: Final = 20_000
_MAX_WORDS: Final = 500
_PASSING: Final = (429, 502, 503, 504)
_SIGNED: Final = re.compile(r"[A-Za-z0-9_.~=-]{60,}")
"""A part of a path that is rather a signature or token than a name."""
_PORTS: Final = {"http": 80, "https": 443}
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver: TypeAlias = Callable[[str, int], Sequence[str]]
"""Gives the IP addresses of a host; raises ``OSError`` where there are none."""


@dataclass(frozen=True)
class Target:
    """A URL that may be loaded: what to connect to, and what to ask there."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    address: str
    """The judged IP address of ``host``."""
    path: str

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True)
class AddressPolicy:
    """Which URLs may be loaded.

    ``allowed_hosts`` are patterns of host names such as ``*.example.org``, or
    with a port ``example.org:8080``; ``*`` stands for every public host.
    ``allow_private`` lets these hosts lie in private networks and on this
    machine. ``own`` are addresses ``host:port`` that are allowed wherever they lie.
    """

    allowed_hosts: tuple[str, ...] = ("*",)
    allow_private: bool = False
    own: tuple[str, ...] = ()

    def check(self, url: str, resolver: Resolver | None = None) -> None:
        """Nothing for a URL that may be loaded; raises ``UrlNotAllowed`` or ``UrlNotAvailable``."""
        self.target(url, resolver)

    def target(self, url: str, resolver: Resolver | None = None) -> Target:
        """What to connect to for ``url``; raises as ``check`` does. Asks the name service."""
        scheme, host, port, path = _parts(url)
        own = _listed(host, port, self.own)
        if not own and not _listed(host, port, self.allowed_hosts):
            raise _forbidden(url, f"the host '{host}' is not one that this backend may load from")
        addresses = _resolved(url, host, port, resolver or resolve)
        if not (own or self.allow_private) and not all(map(_is_public, addresses)):
            raise _forbidden(url, f"the host '{host}' lies in a private network")
        return Target(scheme, host, port, addresses[0], path)


def fetch(
    url: str,
    policy: AddressPolicy,
    deadline: float = DEADLINE,
    max_bytes: int = MAX_BYTES,
    resolver: Resolver | None = None,
) -> bytes:
    """The content at ``url``, redirects followed as far as the policy allows each.

    It takes at most ``deadline`` seconds in all and gives at most ``max_bytes``.
    Raises ``UrlNotAllowed``; ``UrlNotAvailable`` where nothing sound comes back
    in time; ``FileSizeExceeded``.
    """
    with answered(url, policy, deadline, resolver) as answer:
        if answer.status != 200:
            raise refusal(url, answer)
        return body(url, answer, max_bytes)


@contextlib.contextmanager
def answered(
    url: str,
    policy: AddressPolicy,
    deadline: float = DEADLINE,
    resolver: Resolver | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    redirects: int = MAX_REDIRECTS,
) -> Iterator[http.client.HTTPResponse]:
    """What ``url`` answers with, whatever its status, its body still to be read.

    So many redirects are followed, as far as the policy allows each, and with the same
    headers. The connection is cut after ``deadline`` seconds, also while the body is
    read. Raises as ``fetch`` does, also where reading the body fails.
    """
    ends = time.monotonic() + deadline
    moved = url
    for _ in range(redirects + 1):
        target = policy.target(moved, resolver)
        with _failing(url, ends), _answer(target, ends, "GET", headers or {}) as answer:
            if answer.status not in (301, 302, 303, 307, 308):
                yield answer
                return
            moved = urljoin(moved, answer.getheader("Location", ""))
    raise unavailable(url, f"it redirects more than {redirects} times")


@contextlib.contextmanager
def sent(
    method: str,
    url: str,
    policy: AddressPolicy,
    *,
    headers: Mapping[str, str],
    content: bytes | IO[bytes] | None = None,
    deadline: float = DEADLINE,
    resolver: Resolver | None = None,
) -> Iterator[http.client.HTTPResponse]:
    """What ``url`` answers when ``content`` is sent there; no redirect is ever followed.

    ``headers`` say how long the content is. Raises as ``answered`` does.
    """
    ends = time.monotonic() + deadline
    target = policy.target(url, resolver)
    with _failing(url, ends), _answer(target, ends, method, headers, content) as answer:
        yield answer


@contextlib.contextmanager
def _answer(
    target: Target,
    ends: float,
    method: str,
    headers: Mapping[str, str],
    content: bytes | IO[bytes] | None = None,
) -> Iterator[http.client.HTTPResponse]:
    with _connected(target, ends) as connection:
        own = {"Host": target.authority, **headers}
        connection.request(method, target.path, body=content, headers=own)
        with connection.getresponse() as answer:
            yield answer


@contextlib.contextmanager
def _failing(url: str, ends: float) -> Iterator[None]:
    """The boundary to the network: what goes wrong there becomes ``UrlNotAvailable``."""
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= ends:
            raise unavailable(url, "it takes too long") from None
        raise Away(url, str(error) or type(error).__name__) from None


def resolve(host: str, port: int) -> Sequence[str]:
    """The IP addresses of ``host``, within ten seconds; raises ``OSError``."""
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([str(entry[4][0]) for entry in found])
        except (OSError, UnicodeError) as error:
            answers.put(OSError(str(error)))

    # The system's resolver knows no deadline, so it is left behind where it hangs.
    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=RESOLVING_SECONDS)
    except queue.Empty:
        raise OSError("the name service does not answer") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _parts(url: str) -> tuple[Literal["http", "https"], str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _forbidden(url, "it is no valid URL") from None
    if parts.scheme not in _PORTS:
        raise _forbidden(url, "only http and https URLs can be loaded")
    if not parts.hostname or not url.isascii() or any(letter <= " " for letter in url):
        raise _forbidden(url, "it is no valid URL")
    if parts.username is not None or parts.password is not None:
        raise _forbidden(url, "it holds a user name or password")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    scheme = cast(Literal["http", "https"], parts.scheme)
    return scheme, parts.hostname.rstrip("."), port or _PORTS[scheme], path


def _listed(host: str, port: int, patterns: Sequence[str]) -> bool:
    names = (host, f"{host}:{port}", f"[{host}]:{port}")
    return any(name == pattern or _fits(name, pattern) for pattern in patterns for name in names)


def _fits(name: str, pattern: str) -> bool:
    # Brackets are those of IPv6 addresses here and never a set of letters.
    return fnmatchcase(name, pattern.lower().replace("[", "[[]"))


def _resolved(url: str, host: str, port: int, resolver: Resolver) -> Sequence[str]:
    try:
        found = resolver(host, port)
    except OSError as error:
        raise unavailable(url, f"the host '{host}' is not known ({error})") from None
    if not found:
        raise unavailable(url, f"the host '{host}' has no address")
    return found


def _is_public(text: str) -> bool:
    address = _embedded(ipaddress.ip_address(text.partition("%")[0]))
    return address.is_global and not address.is_multicast


def _embedded(address: _Address) -> _Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


@contextlib.contextmanager
def _connected(target: Target, ends: float) -> Iterator[http.client.HTTPConnection]:
    """A connection to the judged address that is cut when the time is over."""
    remaining = ends - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    plain = socket.create_connection((target.address, target.port), timeout=remaining)
    # A timeout of the socket counts from byte to byte; this one counts from the start.
    cut = threading.Timer(max(ends - time.monotonic(), 0), _shut, (plain,))
    cut.daemon = True
    cut.start()
    connection = http.client.HTTPConnection(target.host, target.port)
    try:
        connection.sock = _secured(plain, target)
        yield connection
    finally:
        cut.cancel()
        connection.close()
        plain.close()


def _secured(plain: socket.socket, target: Target) -> socket.socket:
    if target.scheme == "http":
        return plain
    context = ssl.create_default_context()
    # A copy of the descriptor: the one to be cut stays ours while TLS has its own.
    return context.wrap_socket(plain.dup(), server_hostname=target.host)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # closed meanwhile
        connection.shutdown(socket.SHUT_RDWR)


def body(url: str, answer: http.client.HTTPResponse, max_bytes: int) -> bytes:
    """The whole body; raises ``FileSizeExceeded``, or ``UrlNotAvailable`` where it ends early."""
    too_large = OpenEOError(
        "FileSizeExceeded", f"The content of {_shown(url)} is larger than {max_bytes} bytes."
    )
    if (announced := answer.length) is not None and announced > max_bytes:
        raise too_large
    received = bytearray()
    while chunk := answer.read(min(_CHUNK, max_bytes + 1 - len(received))):
        received += chunk
        if len(received) > max_bytes:
            raise too_large
    if announced is not None and len(received) < announced:
        raise unavailable(url, f"it ends after {len(received)} of {announced} bytes")
    return bytes(received)


def _forbidden(url: str, reason: str) -> OpenEOError:
    return OpenEOError("UrlNotAllowed", f"{_shown(url)} cannot be loaded: {reason}.")


def unavailable(url: str, reason: str) -> OpenEOError:
    """Nothing sound comes from ``url``; the message holds nothing that may be secret in it."""
    return OpenEOError("UrlNotAvailable", f"{_shown(url)} cannot be loaded: {reason}.")


class Away(OpenEOError):  # noqa: N818 - a state, not a programming error
    """As `unavailable`, but it may come a little later: a server that does not answer, or
    says that it is too busy.
    """

    def __init__(self, url: str, reason: str) -> None:
        super().__init__("UrlNotAvailable", f"{_shown(url)} cannot be loaded: {reason}.")


def refusal(url: str, answer: http.client.HTTPResponse) -> OpenEOError:
    """What an answer without the content means, with the words of a backend that says why."""
    reason = f"it answers with status {answer.status}"
    told = _told(answer)
    if told:
        reason += f" ({told})"
    return Away(url, reason) if answer.status in _PASSING else unavailable(url, reason)


def _told(answer: http.client.HTTPResponse) -> str:
    """Code and message of an openEO error or of an entry of a log; nothing of anything else."""
    try:
        document = json.loads(answer.read(_MAX_ERROR))
    except (ValueError, RecursionError):
        return ""
    known = document if isinstance(document, dict) else {}
    words = [known[key] for key in ("code", "message") if isinstance(known.get(key), str)]
    return "".join(filter(str.isprintable, ": ".join(words)))[:_MAX_WORDS].rstrip(".")


def _shown(url: str) -> str:
    """The URL without what may be secret in it, such as the signature of a link."""
    start = url.partition("?")[0].partition("#")[0]
    scheme, divider, rest = start.partition("://")
    place = _SIGNED.sub(lambda found: f"{found[0][:8]}...", rest.rpartition("@")[2])
    return f"'{scheme}{divider}{place}'"[:300]
