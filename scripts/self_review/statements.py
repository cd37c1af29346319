"""The questionnaire: what only the provider can say, as a YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts.self_review.catalogue import MANUAL, Catalogue, Requirement

HEAD = """\
# Statements for the self-review: what cannot be checked from outside.
# Set `holds: true` where it holds and say in `statement` how, for example with a URL. Leave the
# others as they are. A statement is shown as attested, never as checked.
"""


class StatementError(Exception):
    """The file of statements or an earlier report cannot be used; says what is wrong where."""


def template(catalogue: Catalogue, *, everything: bool = False) -> str:
    """A questionnaire about the manual requirements, of the minimum or of all profiles."""
    rows = [
        row
        for row in catalogue
        if row.method == MANUAL and (everything or catalogue.in_minimum(row))
    ]
    return HEAD + "\n".join(_question(row) for row in rows)


def _question(row: Requirement) -> str:
    entry = {row.id: {"holds": False, "statement": ""}}
    written = yaml.safe_dump(entry, allow_unicode=True, sort_keys=False)
    asked = yaml.safe_dump(row.wants, allow_unicode=True, width=96).removesuffix("...\n")
    comment = "\n".join(f"# {line.strip()}" for line in asked.strip().strip("'").splitlines())
    return f"\n{comment}\n# ({row.severity}; {row.source})\n{written}"


def read(path: Path, catalogue: Catalogue) -> dict[str, str]:
    """The statements of a file, by requirement; raises StatementError."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StatementError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise StatementError(f"{path} must be a mapping from requirements to statements.")
    found = {}
    for name, entry in document.items():
        if name not in catalogue.requirements:
            raise StatementError(f"{path}: there is no requirement {name!r}.")
        if statement := _statement(path, str(name), entry):
            found[str(name)] = statement
    return found


def _statement(path: Path, name: str, entry: Any) -> str | None:
    """The statement if it is made; None if it does not hold."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("holds"), bool):
        raise StatementError(f"{path}: {name} must have `holds: true` or `holds: false`.")
    if not entry["holds"]:
        return None
    statement = str(entry.get("statement") or "").strip()
    if not statement:
        raise StatementError(f"{path}: {name} holds, but its `statement` says nothing.")
    return statement
