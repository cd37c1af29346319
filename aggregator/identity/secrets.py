"""What looks like a credential or an address of e-mail, taken out of texts for logs and errors.

People put tokens where they do not belong: in paths, in ids, in process graphs. What is told of
such a request goes through here. An opaque secret in an odd place looks like any other word, and
stays.
"""

from __future__ import annotations

import re

REMOVED = "[removed]"

_TOKEN = r"[A-Za-z0-9_~+/=.-]"  # noqa: S105 - a pattern
_CREDENTIALS = re.compile(
    rf"""
      (?P<scheme>\b(?:bearer|basic)(?:\s+|%20|\+))(?!auth|token\b|login){_TOKEN}{{6,}}
    | (?P<form>\b(?:basic/|oidc/[^/\s'"]{{0,100}})/)(?!TOKEN\b){_TOKEN}{{3,}}
    | (?P<parameter>[?&;](?:[\w.-]*(?:token|ticket|signature|password|secret|key|code|\bsig|_sig))=)
      [^&\s'"<>]+
    | (?P<userinfo>\bhttps?://)[^/@\s'"]+@
    | \beyJ[\w-]{{4,}}(?:\.[\w-]*){{0,4}}
    | \bew[ok0][\w-]{{4,}}\.[\w-]{{4,}}(?:\.[\w-]*)?
    | \beyA[\w-]{{4,}}\.[\w-]{{4,}}(?:\.[\w-]*)?
    | \bgAAAA[\w-]{{16,}}={{0,2}}
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_MARKS = ("earer", "asic", "oidc/", "=", "@", "%40", "eyj", "eya", "ewo", "ew0", "ewk", "gaaaa")
"""One of them, in small letters, is in whatever the patterns find; to look for them is quick."""
_MAIL = re.compile(r"[\w.+%-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")


def without_credentials(text: str) -> str:
    """The text with `[removed]` for all that looks like a token, a password or a signature."""
    return _CREDENTIALS.sub(_kept, text) if _is_suspect(text) else text


def for_logs(text: str) -> str:
    """Likewise, and without addresses of e-mail."""
    if not _is_suspect(text):
        return text
    return _MAIL.sub(REMOVED, _CREDENTIALS.sub(_kept, text))


def _is_suspect(text: str) -> bool:
    small = text.lower()
    return any(mark in small for mark in _MARKS)


def _kept(found: re.Match[str]) -> str:
    """What says which kind of secret it was stays."""
    kind = next(filter(None, (found[name] for name in _KINDS)), "")
    return f"{kind}{REMOVED}"


_KINDS = ("scheme", "form", "parameter", "userinfo")
