"""The section ``accounting`` of a profile: where usage is reported, and as whom."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from backends.configuration import Reader

_URL: Final = re.compile(r"https?://[^\s?#]+")
_KEYS: Final = frozenset(
    {"url", "source", "issuer", "client_id", "client_secret", "client_secret_file"}
)


@dataclass(frozen=True)
class Accounting:
    """Where and as whom a backend reports. The secret stands here or in a file of its own."""

    url: str
    """The accounting's address, to which ``/resources`` is added."""
    source: str
    """The value of ``sourceId``."""
    issuer: str
    """The OpenID Connect provider that gives the token."""
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    client_secret_file: Path | None = None

    def secret(self) -> str:
        """The client's secret; ``OSError`` where its file cannot be read."""
        if self.client_secret is not None or self.client_secret_file is None:
            return self.client_secret or ""
        return self.client_secret_file.read_text(encoding="utf-8").strip()

    def beside(self, folder: Path) -> "Accounting":
        """The same with the path of the secret seen from that folder."""
        if self.client_secret_file is None:
            return self
        return replace(self, client_secret_file=folder / self.client_secret_file)


def read_accounting(reader: Reader, value: object, identifier: object) -> Accounting | None:
    """The section, None where it is left out; mistakes go to the reader.

    ``identifier`` is the backend's id, which ``source`` is where it is left out.
    """
    if value is None:
        return None
    given = reader.mapping("accounting", value)
    reader.unknown_keys("accounting", given, _KEYS)
    example = "a web address without a query"
    return Accounting(
        url=reader.pattern("accounting.url", given.get("url"), _URL, example).rstrip("/"),
        source=reader.text("accounting.source", given.get("source", identifier)),
        issuer=reader.pattern("accounting.issuer", given.get("issuer"), _URL, example),
        client_id=reader.text("accounting.client_id", given.get("client_id")),
        **_secret(reader, given),
    )


def _secret(reader: Reader, given: Mapping[str, Any]) -> dict[str, Any]:
    names = [name for name in ("client_secret", "client_secret_file") if name in given]
    if len(names) != 1:
        hint = "client_secret: TEXT or client_secret_file: PATH"
        reader.add("accounting.client_secret", "must be given in one of two ways", hint)
        return {}
    (name,) = names
    text = reader.text(f"accounting.{name}", given[name])
    return {name: Path(text) if name == "client_secret_file" else text}
