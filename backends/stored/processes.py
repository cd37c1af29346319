"""The processes that users keep under names of their own."""

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from backends.errors import OpenEOError
from backends.jobs.database import Database

NAME: Final = re.compile(r"[A-Za-z0-9_]{1,100}")
LISTED: Final = ("id", "summary", "description", "categories", "parameters", "returns")
LISTED_FLAGS: Final = ("deprecated", "experimental")

Document: TypeAlias = dict[str, Any]


class StoredProcesses:
    """Processes on disk, each under a user and an id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, user: str, process_id: str, document: Document, *, at_most: int) -> None:
        """Store a process in the place of what had its id; raises ``StorageQuotaExceeded``."""
        key = secrets.token_urlsafe(24) if document.get("public") is True else None
        with self._database.writing() as connection:
            others = connection.execute(
                "SELECT count(*) FROM stored_processes WHERE user = ? AND id != ?",
                (user, process_id),
            ).fetchone()[0]
            if others >= at_most:
                raise OpenEOError(
                    "StorageQuotaExceeded", f"No more than {at_most} processes can be stored."
                )
            connection.execute(
                "INSERT INTO stored_processes (user, id, document, key) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (user, id) DO UPDATE SET document = excluded.document,"
                # A public process keeps its address while it stays public.
                " key = CASE WHEN excluded.key IS NULL THEN NULL"
                " ELSE coalesce(key, excluded.key) END",
                (user, process_id, json.dumps(document), key),
            )

    def get(self, user: str, process_id: str) -> Document | None:
        """The user's process of that id."""
        found = self._one("user = ? AND id = ?", (user, process_id))
        return found[0] if found else None

    def key(self, user: str, process_id: str) -> str | None:
        """The secret part of the address of a process that is public."""
        found = self._one("user = ? AND id = ?", (user, process_id))
        return found[1] if found else None

    def shared(self, key: str) -> Document | None:
        """The public process at that address."""
        found = self._one("key = ?", (key,))
        return found[0] if found else None

    def of_user(self, user: str, *, limit: int | None, after: str = "") -> list[Document]:
        """The user's processes by id, those that come after ``after``."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT document FROM stored_processes WHERE user = ? AND id > ?"
                " ORDER BY id LIMIT ?",
                (user, after, -1 if limit is None else limit),
            )
            return [json.loads(row["document"]) for row in rows]

    def delete(self, user: str, process_id: str) -> bool:
        """Forget a process; False where there was none."""
        with self._database.writing() as connection:
            done = connection.execute(
                "DELETE FROM stored_processes WHERE user = ? AND id = ?", (user, process_id)
            )
            return done.rowcount == 1

    def _one(self, where: str, values: tuple[str, ...]) -> tuple[Document, str | None] | None:
        with self._database.reading() as connection:
            row = connection.execute(
                f"SELECT document, key FROM stored_processes WHERE {where}",  # noqa: S608  # fixed
                values,
            ).fetchone()
        return None if row is None else (json.loads(row["document"]), row["key"])


def read_process(body: Mapping[str, Any], process_id: object) -> Document:
    """The process in a body of PUT /process_graphs/{process_graph_id}, under the path's id.

    Only its description is checked here. Raises ``ProcessInvalid`` and
    ``ProcessGraphMissing``.
    """
    if not isinstance(process_id, str) or not NAME.fullmatch(process_id):
        raise _invalid("its id must be of letters, digits and underscores, at most 100 of them")
    if not isinstance(body.get("process_graph"), dict):
        raise OpenEOError("ProcessGraphMissing", "The process has no object 'process_graph'.")
    for name, (kind, words) in _KINDS.items():
        if not isinstance(body.get(name), kind) and not (name not in body):
            raise _invalid(f"'{name}' must be {words}")
    names = [_parameter_name(parameter) for parameter in body.get("parameters") or ()]
    if len(set(names)) < len(names):
        raise _invalid("two of its parameters have the same name")
    if body.get("returns") is not None and not _is_schema(body["returns"].get("schema")):
        raise _invalid("'returns' needs a 'schema'")
    # Null and absent mean the same; the specification's own schemas take only the latter.
    given = {name: value for name, value in body.items() if value is not None}
    return {**given, "id": process_id}


def brief(document: Document) -> Document:
    """A process as it stands in a listing: without its graph and other long values."""
    listed = {name: document[name] for name in LISTED if name in document}
    return listed | {name: True for name in LISTED_FLAGS if document.get(name) is True}


_NULL: Final = type(None)
_KINDS: Final[Mapping[str, tuple[tuple[type, ...], str]]] = {
    "summary": ((str, _NULL), "a text or null"),
    "description": ((str, _NULL), "a text or null"),
    "parameters": ((list, _NULL), "a list or null"),
    "returns": ((dict, _NULL), "an object or null"),
    "categories": ((list,), "a list"),
    "deprecated": ((bool,), "true or false"),
    "experimental": ((bool,), "true or false"),
    "exceptions": ((dict,), "an object"),
    "examples": ((list,), "a list"),
    "links": ((list,), "a list"),
    "public": ((bool,), "true or false"),
}


def _parameter_name(parameter: object) -> str:
    if not isinstance(parameter, dict) or not isinstance(parameter.get("name"), str):
        raise _invalid("each of its 'parameters' must be an object with a 'name'")
    name: str = parameter["name"]
    if not NAME.fullmatch(name):
        raise _invalid(f"'{name[:100]}' is no name of a parameter")
    if not isinstance(parameter.get("description"), str):
        raise _invalid(f"the parameter '{name}' needs a 'description'")
    if not _is_schema(parameter.get("schema")):
        raise _invalid(f"the parameter '{name}' needs a 'schema'")
    return name


def _is_schema(value: object) -> bool:
    parts = value if isinstance(value, list) else [value]
    return bool(parts) and all(isinstance(part, dict) for part in parts)


def _invalid(reason: str) -> OpenEOError:
    return OpenEOError("ProcessInvalid", f"The process is not valid: {reason}.")


def not_found(process_id: str) -> OpenEOError:
    """No such process of this user."""
    return OpenEOError("ProcessGraphNotFound", f"You have no stored process '{process_id[:100]}'.")
