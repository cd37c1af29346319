"""User-defined processes: they belong to their user in the federation, not to one backend."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aggregator.documents import JsonObject, objects, text
from aggregator.errors import (
    NotFound,
    OpenEOError,
    PredefinedProcessExists,
    ProcessGraphNotFound,
)
from aggregator.ids import decode_cursor, encode_cursor
from aggregator.routing import read_requirements
from aggregator.routing.definitions import brief, read_definition
from aggregator.routing.suggestions import closest, shortened
from aggregator.storage.processes import StoredProcess, StoredProcesses
from aggregator.usecases.accounts import Access
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.definitions import Definitions
from aggregator.usecases.processing import Processing
from aggregator.usecases.views import View, whole


class UserProcesses:
    """What users can do with the processes that they define."""

    def __init__(
        self,
        stored: StoredProcesses,
        definitions: Definitions,
        processing: Processing,
        catalogue: Catalogue,
        *,
        public_url: str,
        at_most: int,
        name_of: Callable[[Access], str],
        clock: Callable[[], float],
    ) -> None:
        self._stored, self._definitions = stored, definitions
        self._processing, self._catalogue = processing, catalogue
        self._whole, self._at_most, self._clock = whole(public_url), at_most, clock
        self._name_of = name_of

    def list(
        self, access: Access, view: View, limit: int | None, cursor: str | None
    ) -> dict[str, Any]:
        """The user's processes, in short; CursorError for a cursor not ours."""
        after = decode_cursor(cursor).get("after") if cursor else ""
        wanted = None if limit is None else limit + 1
        found = self._stored.of_owner(self._name_of(access), limit=wanted, after=str(after or ""))
        links = [{"rel": "self", "href": view.link("process_graphs")}]
        if limit is not None and len(found) > limit:
            found = found[:limit]
            query = {"limit": str(limit), "next": encode_cursor({"after": found[-1].id})}
            links.append({"rel": "next", "href": view.link("process_graphs", query=query)})
        listed = [brief(one.document) | self._able(one.document, access, view) for one in found]
        return {"processes": listed, "links": links}

    def read(self, identifier: str, access: Access, view: View) -> dict[str, Any]:
        """One of the user's processes in full, with its public address if it has one."""
        stored = self._found(identifier, access)
        document = {**stored.document, **self._able(stored.document, access, view)}
        return self._with_address(document, stored)

    def store(self, identifier: str, body: JsonObject, access: Access) -> None:
        """Store a process in the place of the one of its id.

        Raises PredefinedProcessExists, StorageQuotaExceeded, and what is wrong with the process;
        of what it calls only that it must not lead back to it.
        """
        document = read_definition(body, identifier)
        if identifier in self._catalogue.shelf(self._whole).process_ids:
            raise PredefinedProcessExists(
                f"'{identifier}' is the id of a predefined process; choose another one."
            )
        key = secrets.token_urlsafe(24) if document.get("public") is True else None
        stored = StoredProcess(self._name_of(access), identifier, document, key)
        self._definitions.check(stored.document, identifier, stored.owner)
        self._stored.put(stored, at=int(self._clock() * 1000), at_most=self._at_most)

    def delete(self, identifier: str, access: Access) -> None:
        """Forget a process; jobs and services that were made with it keep what it was."""
        if not self._stored.delete(self._name_of(access), identifier):
            raise self._not_found(identifier, access)

    def shared(self, key: str) -> dict[str, Any]:
        """The public process at an address, for everybody who has it."""
        stored = self._stored.shared(key)
        if stored is None:
            raise NotFound("There is no public process at this address.")
        return self._with_address(dict(stored.document), stored)

    def _able(self, document: JsonObject, access: Access, view: View) -> dict[str, Any]:
        """Which backends can run a process as it is now, or why nobody can."""
        try:
            written = self._definitions.written_out(document, self._name_of(access))
            routing = self._processing.route(read_requirements(written), view, view.backend)
        except OpenEOError as error:
            return {"federation:problem": error.message}
        able = [verdict.backend for verdict in routing.verdicts if verdict.able_if_online]
        if able:
            return {"federation:backends": able}
        return {"federation:problem": routing.rejection().message}

    def _found(self, identifier: str, access: Access) -> StoredProcess:
        stored = self._stored.get(self._name_of(access), identifier)
        if stored is None:
            raise self._not_found(identifier, access)
        return stored

    def _not_found(self, identifier: str, access: Access) -> ProcessGraphNotFound:
        near = closest(identifier, (one.id for one in self._stored.of_owner(self._name_of(access))))
        hint = f"Did you mean {' or '.join(near)}?" if near else ""
        return ProcessGraphNotFound(shortened(identifier, 100), hint)

    def _with_address(self, document: Mapping[str, Any], stored: StoredProcess) -> dict[str, Any]:
        if stored.key is None:
            return dict(document)
        address = self._whole.link("federation", "processes", stored.key)
        canonical = {
            "rel": "canonical",
            "href": address,
            "type": "application/json",
            "title": "Public address",
        }
        return {**document, "links": [*_others(objects(document, "links")), canonical]}


def _others(links: Iterable[JsonObject]) -> list[JsonObject]:
    return [link for link in links if text(link, "rel") != "canonical"]
