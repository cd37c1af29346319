"""Passwords of people and secrets of clients, given plainly or hashed in a configuration."""

import functools
import hmac
from dataclasses import dataclass, field
from typing import Any

from werkzeug.security import check_password_hash, generate_password_hash

from backends.configuration import Reader


@dataclass(frozen=True)
class Password:
    """What is known of a password: the text itself, or its hash.

    ``hashed`` has the form that ``werkzeug.security.generate_password_hash``
    writes; a ``plain`` one is for demonstrations.
    """

    plain: str | None = field(default=None, repr=False)
    hashed: str | None = field(default=None, repr=False)

    def matches(self, given: str) -> bool:
        """Whether it is that password."""
        if self.hashed is not None:
            return check_password_hash(self.hashed, given)
        return hmac.compare_digest((self.plain or "").encode(), given.encode("utf-8", "replace"))


@functools.cache
def _nobodys() -> Password:
    """Compared with where a name is unknown, so that it takes as long as for one with a hash."""
    return Password(hashed=generate_password_hash(""))


def matches(known: Password | None, given: str) -> bool:
    """Whether it is that password; never where none is known, and that takes its time too."""
    return (known or _nobodys()).matches(given) and known is not None


def read_password(reader: Reader, where: str, given: dict[str, Any], key: str) -> Password:
    """The password in a section, under ``key`` or as ``key_hash``: exactly one of the two."""
    keys = (key, f"{key}_hash")
    present = [name for name in keys if name in given]
    if len(present) != 1:
        reader.add(where, f"needs a {key}", f"give either {keys[0]} or {keys[1]}")
    for name in present:
        reader.text(f"{where}.{name}", given[name])
    plain, hashed = (value if isinstance(value := given.get(name), str) else None for name in keys)
    if present == [keys[1]] and hashed and hashed.count("$") != 2:
        reader.add(
            f"{where}.{keys[1]}", "is no hash", "as werkzeug.security.generate_password_hash writes"
        )
    return Password(plain, hashed)
