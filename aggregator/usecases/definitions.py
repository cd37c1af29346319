"""The user-defined processes that a process calls: found wherever they are, and written out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson
from cachetools import TTLCache

from aggregator.documents import JsonObject, is_object, objects, text
from aggregator.errors import (
    DatabaseUnavailable,
    OpenEOError,
    ProcessGraphComplexity,
    ProcessGraphNotFound,
    ProcessInvalid,
)
from aggregator.routing.definitions import read_definition
from aggregator.routing.inlining import (
    USER,
    Call,
    Called,
    Definition,
    calls_in,
    in_order,
    inline,
    source_of,
)
from aggregator.routing.requirements import ProcessNeed
from aggregator.routing.suggestions import shortened
from aggregator.storage.processes import StoredProcesses
from aggregator.upstream.outside import Outside, OutsideError
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.views import View

# Definitions that one process may bring in, and how often they may call others in turn.
DEFINITIONS = 200
DEPTH = 20
REMEMBERED_SECONDS = 300.0
OVERTAKEN_SECONDS = 30.0

_Find = Callable[[Sequence[Call], str], dict[Called, Definition]]


class Definitions:
    """Finds definitions and writes them out.

    A process without a namespace is the user's own if there is one of that name, else the
    backend's. Names of openEO's own processes cannot be taken by users, so that the database is
    asked only about others, and about those that were taken before a backend offered them.
    """

    def __init__(
        self, stored: StoredProcesses, outside: Outside, catalogue: Catalogue, view: View
    ) -> None:
        self._stored, self._outside = stored, outside
        self._catalogue, self._view = catalogue, view
        self._fetched: TTLCache[str, Mapping[str, JsonObject]] = TTLCache(256, REMEMBERED_SECONDS)
        self._overtaken: TTLCache[Any, frozenset[str]] = TTLCache(1, OVERTAKEN_SECONDS)
        self._lock = threading.Lock()

    def concerned(self, needs: Iterable[ProcessNeed]) -> bool:
        """Whether any of the processes that a graph calls may be user-defined."""
        return any(self._may_be(need.id, need.namespace) for need in needs)

    def written_out(self, process: JsonObject, user: str | None) -> JsonObject:
        """The process with all that it calls of users' processes written out in it.

        Raises ProcessGraphNotFound for a stored process that there is none of, ProcessInvalid for
        one elsewhere that cannot be fetched or used, and what `inline` raises.
        """
        owner = f"{USER}{user}" if user else ""
        found = self._closure({}, process, owner, self._find)
        if not found:
            return process
        return inline(process, owner, found, self._catalogue.shelf(self._view).callbacks)

    def check(self, process: JsonObject, identifier: str, user: str) -> None:
        """ProcessGraphInvalid if a process, stored under this id, would lead back to itself."""
        owner = f"{USER}{user}"
        own = {Called(owner, identifier): Definition(process, owner)}
        in_order(self._closure(own, process, owner, self._find_stored))

    def _closure(
        self, start: Mapping[Called, Definition], process: JsonObject, owner: str, find: _Find
    ) -> dict[Called, Definition]:
        """All that a process calls, and what that calls in turn."""
        found = dict(start)
        waiting = self._calls(process, owner)
        for _ in range(DEPTH):
            new = find([call for call in waiting if call.called not in found], owner)
            if not new:
                return found
            found |= new
            if len(found) > DEFINITIONS:
                break
            waiting = [c for one in new.values() for c in self._calls(one.process, one.owner)]
        raise ProcessGraphComplexity(
            f"The process brings in more than {DEFINITIONS} user-defined processes, or they call "
            f"one another more than {DEPTH} levels deep, which is the most that is accepted."
        )

    def _calls(self, process: JsonObject, owner: str) -> list[Call]:
        return [
            call
            for call in calls_in(process, owner)
            if not call.optional or self._may_be(call.called.id, None)
        ]

    def _may_be(self, name: str, namespace: str | None) -> bool:
        if namespace is not None:
            return source_of(namespace, USER) is not None
        predefined = self._catalogue.shelf(self._view).process_ids
        return name not in predefined or name in self._names_overtaken()

    def _names_overtaken(self) -> frozenset[str]:
        """Names that users had given before a backend offered a process of that name."""
        predefined = self._catalogue.shelf(self._view).process_ids
        with self._lock:
            known = self._overtaken.get(predefined)
        if known is None:
            try:
                known = self._stored.named(predefined)
            except DatabaseUnavailable:  # which is in the log; what calls none of them goes on
                known = frozenset()
            with self._lock:
                self._overtaken[predefined] = known
        return known

    def _find(self, calls: Sequence[Call], owner: str) -> dict[Called, Definition]:
        """What these calls mean; an error for what must be user-defined and is not there."""
        found = self._find_stored(calls, owner)
        for call in calls:
            if call.called in found or call.optional:
                continue
            if call.called.source.startswith(USER):
                raise _not_found(call, owner)
            published = self._published(call)
            found[call.called] = published or Definition(self._remote(call))
        return found

    def _find_stored(self, calls: Sequence[Call], owner: str) -> dict[Called, Definition]:
        """Those that are stored here: the owner's own, and what others have made public."""
        keys = {
            (call.called.source.removeprefix(USER), call.called.id): call.called
            for call in calls
            if call.called.source.startswith(USER)
        }
        return {
            keys[key]: Definition(one.document, keys[key].source)
            for key, one in self._stored.some(keys).items()
            if keys[key].source == owner or one.key is not None
        }

    def _published(self, call: Call) -> Definition | None:
        """The public process at an address of the federation's own, which nobody has to fetch.

        None for addresses elsewhere. Raises ProcessInvalid if it is not there.
        """
        key = call.called.source.removeprefix(self._view.link("federation", "processes") + "/")
        if key == call.called.source:
            return None
        stored = self._stored.shared(key)
        if stored is None or stored.id != call.called.id:
            there = "no public process" if stored is None else f"the process '{stored.id}', but not"
            raise ProcessInvalid(
                f"There is {there} '{shortened(call.called.id, 100)}' (node "
                f"'{shortened(call.path, 150)}') at {shortened(call.called.source)}."
            )
        return Definition(stored.document, f"{USER}{stored.owner}")

    def _remote(self, call: Call) -> JsonObject:
        processes = self._processes_at(call)
        process = processes.get(call.called.id)
        if process is None:
            known = ", ".join(f"'{shortened(name, 50)}'" for name in list(processes)[:10])
            raise ProcessInvalid(
                f"There is no process '{shortened(call.called.id, 100)}' at "
                f"{shortened(call.called.source)}; there are: {known or 'none'}."
            )
        return process

    def _processes_at(self, call: Call) -> Mapping[str, JsonObject]:
        url = call.called.source
        with self._lock:
            known = self._fetched.get(url)
        if known is None:
            known = _read_processes(self._fetch(call), url)
            with self._lock:
                self._fetched[url] = known
        return known

    def _fetch(self, call: Call) -> bytes:
        try:
            return self._outside.fetch(call.called.source)
        except OutsideError as error:
            raise ProcessInvalid(
                f"The definition of the process '{shortened(call.called.id, 100)}' (node "
                f"'{shortened(call.path, 150)}') at {shortened(call.called.source)} cannot be "
                f"fetched: {error}."
            ) from error


def _not_found(call: Call, owner: str) -> ProcessGraphNotFound:
    """Says what would be right: to store it, to name its user, or to make it public."""
    name, source = shortened(call.called.id, 100), shortened(call.called.source, 100)
    where = f"It is called by node '{shortened(call.path, 150)}'."
    if call.called.source == owner:
        return ProcessGraphNotFound(name, f"{where} Store it with PUT /process_graphs/{name}.")
    if call.called.source == USER:
        rule = f"The namespace '{USER}' must go on with the id of the user whose process it is."
    else:
        rule = "A process is public if its user has stored it with 'public': true."
    return ProcessGraphNotFound(name, f"{where} {rule}", owner=source)


def _read_processes(content: bytes, url: str) -> dict[str, JsonObject]:
    """The processes in a document: one, or a list as `GET /processes` gives it.

    Source: openEO extension Remote Process Definition.
    """
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        document = None
    if not is_object(document):
        raise ProcessInvalid(f"There is no JSON object at {shortened(url)}.")
    listed = objects(document, "processes") if "processes" in document else (document,)
    return {text(one, "id"): _read_one(one, url) for one in listed if text(one, "id")}


def _read_one(process: JsonObject, url: str) -> JsonObject:
    try:
        return read_definition(process, text(process, "id"))
    except OpenEOError as error:
        name = shortened(text(process, "id"), 100)
        raise ProcessInvalid(
            f"The process '{name}' at {shortened(url)} cannot be used: {error.message}"
        ) from error
