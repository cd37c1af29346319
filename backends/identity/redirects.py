"""Where a client may be sent its answers: registered URLs, compared without tolerance.

The one exception is that of RFC 8252 (section 7.3): a registered loopback URL
without a port stands for every port, since programs on a user's machine listen
wherever there is a free one.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_PRIVATE_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")


def problem_of(url: str) -> str | None:
    """Why a client could not register that URL; None if it can."""
    parts = _parts(url)
    if parts is None:
        return "is no absolute URL without user name and fragment"
    if parts.scheme == "https" and parts.hostname:
        return None
    if is_loopback(parts):
        return None
    if _PRIVATE_SCHEME.fullmatch(parts.scheme) and not parts.netloc:
        return None
    return "must be https, http at a loopback address, or a private scheme such as com.example:/cb"


def is_loopback(parts: SplitResult) -> bool:
    """Whether only programs of the user's own machine can listen there."""
    return parts.scheme == "http" and parts.hostname in LOOPBACK


def is_registered(url: str, registered: Iterable[str]) -> bool:
    """Whether that URL is one of the registered."""
    parts = _parts(url)
    if parts is None:
        return False
    return any(url == known or _differ_in_port_only(parts, known) for known in registered)


def origin(url: str) -> str:
    """What a content security policy calls the place of a registered URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def _differ_in_port_only(parts: SplitResult, known: str) -> bool:
    expected = urlsplit(known)
    if not is_loopback(expected) or expected.port is not None or parts.port is None:
        return False
    without_port = parts.netloc.removesuffix(f":{parts.port}")
    return parts._replace(netloc=without_port) == expected


def _parts(url: str) -> SplitResult | None:
    """The parts of a URL that can be redirected to; None for whatever looks like a trick."""
    if not _CHARACTERS.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.scheme or "@" in parts.netloc or "#" in url or port == 0:
        return None
    return parts
