"""All settings as a page of documentation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints

from aggregator.settings.federation import Settings
from aggregator.settings.sections import Backend
from aggregator.settings.values import without_none


def described() -> Iterator[tuple[str, str, str]]:
    """Key path, default and help of every setting."""
    yield from _described(Settings, "")


def as_markdown() -> str:
    """All settings as a page of documentation."""
    rows = [
        f"| `{path}` | {f'`{default}`' if default not in ('', 'required') else default} | {help_} |"
        for path, default, help_ in described()
    ]
    head = "# Settings of a federation\n\nThe keys of a file such as `config/federation.yaml`.\n\n"
    return head + "| key | default | what |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


def _described(kind: type[Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    hints = get_type_hints(kind)
    for item in fields(kind):
        if item.name == "id" and kind is Backend:
            continue
        path = f"{prefix}{item.name}"
        kept = without_none(hints[item.name])
        if is_dataclass(kept):
            yield path, "", item.metadata["help"]
            yield from _described(kept, path + ".")  # type: ignore[arg-type]
        else:
            yield path, _shown_default(item.default), item.metadata["help"]
        if kind is Settings and item.name == "backends":
            yield from _described(Backend, "backends.ID.")


def _shown_default(default: object) -> str:
    if default is MISSING:
        return "required"
    if isinstance(default, tuple):
        return f"[{', '.join(default)}]"
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else str(default)
