"""Settings from YAML: all of them, or every mistake at once."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from aggregator.settings.federation import Settings
from aggregator.settings.sections import Availability, Backend, Identity, Terms
from aggregator.settings.values import suggest, table_values

BACKEND_ID = re.compile(r"[a-z][a-z0-9_]*")
# Pages of the federation, below /federation/ like the backends' own.
FEDERATION = "federation"
PAGES = frozenset(
    {
        "accounting",
        "announcements",
        "decisions",
        "estimates",
        "feed",
        "history",
        "incidents",
        "maintenance",
        "notes",
        "policies",
        "pricing",
        "processes",
        "settlement",
        "terms",
        "unreconciled",
        "usage",
    }
)


class SettingsError(Exception):
    """A configuration cannot be used; `mistakes` names each reason with its key path."""

    def __init__(self, mistakes: tuple[str, ...], source: str = "settings") -> None:
        self.mistakes = mistakes
        self.source = source
        super().__init__(f"{source}: " + "; ".join(mistakes))


def load(path: str | Path) -> Settings:
    """The settings in a YAML file; `SettingsError` names every mistake in it."""
    path = Path(path)
    try:
        document = yaml.load(path.read_bytes(), _UniqueKeys)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise SettingsError((f"cannot be read: {error.strerror}",), str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError((f"is not YAML: {said_by_yaml(error)}",), str(path)) from error
    return read(document, directory=path.parent, source=str(path))


def read(document: object, *, directory: Path = Path(), source: str = "settings") -> Settings:
    """The settings in a document; `directory` is what its own paths are relative to."""
    mistakes: list[str] = []
    values = table_values(Settings, document, "", mistakes, skip=("backends",))
    listed = document.get("backends") if isinstance(document, Mapping) else None
    backends = tuple(_backends(listed, directory, mistakes))
    values["backends"] = backends
    identity: Identity = values.get("identity", Identity())
    if identity.simulated:
        values["identity"] = replace(identity, simulated=directory / identity.simulated)
    if values.get("accounting") and len(identity.trusted_issuers) > 1:
        mistakes.append(
            "identity.trusted_issuers: must be one where there is accounting, since members report "
            "usage by the `sub` of users alone, which only one issuer keeps apart"
        )
    if accounting := values.get("accounting"):
        values["accounting"] = replace(accounting, pricing=directory / accounting.pricing)
    reference = values.get("process_reference")
    known = [backend.id for backend in backends]
    if reference and known and BACKEND_ID.fullmatch(reference) and reference not in known:
        mistakes.append(f"process_reference: there is no backend {suggest(reference, known)}")
    terms = values.get("terms", Terms())
    if terms.version is None and terms != Terms():
        mistakes.append("terms.version: is required where there are terms")
    if terms.version is not None and not terms.url and not terms.text.strip():
        mistakes.append("terms: needs a url or a text")
    mistakes += _availability_mistakes(values.get("availability", Availability()))
    unknown = [name for name in values.get("preferred", ()) if known and name not in known]
    mistakes += [f"preferred: there is no backend {suggest(name, known)}" for name in unknown]
    if mistakes:
        raise SettingsError(tuple(mistakes), source)
    return Settings(**values)


def _availability_mistakes(availability: Availability) -> Iterator[str]:
    if availability.deadline > availability.interval:
        # A member that hangs would be probed less often than one that answers.
        yield "availability.deadline: must not be longer than the interval"
    secret = availability.webhook_secret
    if secret is None:
        if availability.webhooks:
            yield "availability.webhook_secret: is required where there are webhooks"
        return
    try:
        usable = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) >= 24
    except ValueError:
        usable = False
    if not usable:  # said without the value
        yield (
            "availability.webhook_secret: must be base64 of 24 bytes or more, such as the output "
            "of: openssl rand -base64 32"
        )


def _backends(value: object, directory: Path, mistakes: list[str]) -> Iterator[Backend]:
    if not isinstance(value, Mapping) or not value:
        mistakes.append("backends: must name the members of the federation by id, at least one")
        return
    for identifier, table in value.items():
        path = f"backends.{identifier}"
        if not isinstance(identifier, str) or not BACKEND_ID.fullmatch(identifier):
            mistakes.append(f"{path}: an id is small letters, digits and _, a letter first")
        if identifier == FEDERATION:
            mistakes.append(f"{path}: the ids of federated jobs begin with this; choose another")
        if identifier in PAGES:
            mistakes.append(f"{path}: this is the name of a page of the federation; choose another")
        before = len(mistakes)
        values = table_values(Backend, table, path + ".", mistakes, skip=("id",))
        if isinstance(table, Mapping) and "url" not in table:
            mistakes.append(f"{path}.url: is required")
        if len(mistakes) == before:
            if values.get("simulated"):
                values["simulated"] = directory / values["simulated"]
            yield Backend(id=str(identifier), **values)


def said_by_yaml(error: Exception) -> str:
    """What is wrong and where, in one line, without the picture that points at the place."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return " ".join(str(error).split()).replace('in "<byte string>", ', "at ")
    told = ((error.context, error.context_mark), (error.problem, error.problem_mark))
    parts = [
        text + (f" at line {mark.line + 1}, column {mark.column + 1}" if mark else "")
        for text, mark in told
        if text
    ]
    return ", ".join(parts)


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key that stands twice is a mistake instead of the last one winning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(getattr(key, "value", key))
            if name in seen and name != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name!r} stands here twice", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)
