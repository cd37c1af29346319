"""What the federation offers: collections, processes, formats, and who has them.

Requests are look-ups: the answers are made in the background, once per change (`shelves`). While
a newer one is being made the last one is served. Only a collection's full metadata are made when
somebody asks for them, and then kept.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from cachetools import LRUCache

from aggregator.documents import identity, objects
from aggregator.errors import (
    BackendUnavailable,
    CollectionNotFound,
    FeatureUnsupported,
)
from aggregator.ids import decode_cursor, encode_cursor
from aggregator.merging.capabilities import Endpoint
from aggregator.merging.collections import merge_collection
from aggregator.merging.notes import Note
from aggregator.routing.abilities import endpoint
from aggregator.routing.suggestions import closest
from aggregator.settings import Settings
from aggregator.upstream.failures import Failure
from aggregator.upstream.metadata import COLLECTIONS, Stored
from aggregator.upstream.snapshots import Snapshots
from aggregator.usecases import knowledge
from aggregator.usecases.collected import collection_links, offered_below
from aggregator.usecases.pages import Page, document_page, listing_body, page
from aggregator.usecases.shelves import Shelf, listing_rest
from aggregator.usecases.views import View

LOG = logging.getLogger(__name__)

DETAIL_BYTES = 32 * 1024 * 1024
NOT_THERE = {404, 410}


class Catalogue:
    """The merged metadata of the federation, whole or of one backend."""

    def __init__(
        self, settings: Settings, snapshots: Snapshots, routes: Sequence[Endpoint] = ()
    ) -> None:
        self._settings, self._snapshots, self._routes = settings, snapshots, routes
        self._selection = knowledge.selection_of(settings)
        self._shelves: dict[View, Shelf] = {}
        self._lock = threading.Lock()
        self._seen = 0
        self._counting = threading.Lock()
        self._settled: int | None = None
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._details: LRUCache[Any, tuple[Any, Page, tuple[Note, ...]]] = LRUCache(
            DETAIL_BYTES, lambda entry: len(entry[1].body) + 1
        )
        snapshots.listen(self._note_change)

    def start(self) -> None:
        """Make the answers in the background from now on."""
        with self._lock:
            if self._thread is None:
                self._stopping.clear()
                self._thread = threading.Thread(target=self._run, name="catalogue", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the background thread; answers are then made by who asks for them."""
        with self._lock:
            thread, self._thread = self._thread, None
        self._stopping.set()
        self._changed.set()
        if thread is not None:
            thread.join(5)

    def page(self, name: str, view: View) -> Page:
        """The answer to `GET /…`: capabilities, conformance, collections, processes, …"""
        return self.shelf(view).pages[name]

    def offered_page(self, name: str, view: View) -> Page:
        """Likewise for what must not be empty; an error if nobody offers any."""
        shelf = self.shelf(view)
        if name == "oidc" and shelf.providers:
            return shelf.pages[name]
        if name != "oidc" and shelf.pages[name].body != b"{}":
            return shelf.pages[name]
        missing = knowledge.missing(self.known(view), name)
        raise BackendUnavailable(missing) if missing else FeatureUnsupported()

    def known(self, view: View) -> knowledge.Known:
        """The snapshots of the backends in view."""
        current = self._snapshots.current()
        return current if view.backend is None else {view.backend: current[view.backend]}

    def collections(self, view: View, limit: int, cursor: str | None) -> Page:
        """One page of the listing of collections, in its order; CursorError as in `ids`."""
        shelf = self.shelf(view)
        items = shelf.collection_items
        ids = list(items)
        start = _position(ids, cursor)
        chosen = ids[start : start + limit]
        links = []
        if start + limit < len(ids):
            after = encode_cursor({"after": chosen[-1], "index": start + limit})
            query = {"limit": str(limit), "next": after}
            links = [{"rel": "next", "href": view.link("collections", query=query)}]
        missing = knowledge.missing(self.known(view), COLLECTIONS)
        rest = listing_rest(view, missing, links)
        return page(listing_body("collections", [items[i] for i in chosen], rest), level=1)

    def collection(self, identifier: str, view: View) -> Page:
        """A collection's full metadata, merged.

        Raises CollectionNotFound, which names similar ids, or BackendUnavailable if not even its
        entry in the listing is known.
        """
        own_ids = self.own_ids(identifier, view)
        found, failures = self._snapshots.details(
            own_ids, deadline=self._settings.upstream.detail_deadline
        )
        failures = {b: f for b, f in failures.items() if not is_gone(f)}
        mark = (
            tuple((name, own, self._digest(name, found, view)) for name, own in own_ids.items()),
            tuple(self._missing(own_ids, failures, view)),
            tuple(offered_below(own_ids, self.shelf(view).below)),
        )
        with self._lock:
            kept = self._details.get((view, identifier))
        if kept is not None and kept[0] == mark:
            return kept[1]
        return self._merged(identifier, view, own_ids, found, mark)

    def _digest(self, backend: str, found: Mapping[str, Stored], view: View) -> str:
        """Of what a backend's part is made of: the full metadata, or else its listing."""
        stored = found.get(backend) or self.known(view)[backend].documents.get(COLLECTIONS)
        return stored.digest if stored else ""

    def own_ids(self, identifier: str, view: View) -> Mapping[str, str]:
        """The backends that have a collection, each with its own id for it; raises likewise."""
        shelf = self.shelf(view)
        own_ids = shelf.names.resolve(identifier)
        if not own_ids:
            raise self._not_found(identifier, shelf, view)
        return own_ids

    def shared(self, view: View) -> list[str]:
        """The collections that several backends offer."""
        shelf = self.shelf(view)
        return [name for name in shelf.collection_items if len(shelf.names.resolve(name)) > 1]

    def details(self, own_ids: dict[str, str]) -> dict[str, Stored]:
        """What is known of a collection in full, fetched if need be."""
        deadline = self._settings.upstream.detail_deadline
        return self._snapshots.details(own_ids, deadline=deadline)[0]

    def offering(self, view: View, operation: str) -> set[str]:
        """The backends that have this endpoint, or do not say which they have."""
        wanted = endpoint(operation)
        abilities = self.shelf(view).abilities
        return {a.backend for a in abilities if a.endpoints is None or wanted in a.endpoints}

    def notes(self, view: View) -> tuple[Note, ...]:
        """What merging noted, including of the collections that were looked at in full."""
        with self._lock:
            details = [entry[2] for key, entry in self._details.items() if key[0] == view]
        notes = [*self.shelf(view).notes, *(note for found in details for note in found)]
        unique: dict[Any, Note] = {}
        for note in notes:
            mark = (note.code, note.subject, note.backends, identity(note.values))
            unique.setdefault(mark, note)
        return tuple(unique.values())

    def shelf(self, view: View) -> Shelf:
        """The answers of a view: the present ones, or the last while they are made anew."""
        shelf = self._shelves.get(view)
        if shelf is None:
            with self._lock:
                shelf = self._shelves.setdefault(
                    view, Shelf(view, self._settings, self._selection, self._routes)
                )
        if not self._will_do(shelf):
            with shelf.lock:
                if not self._will_do(shelf):
                    self._rebuild(shelf)
        return shelf

    def settle(self) -> None:
        """From now on the last answers are served while newer ones are made.

        To be called when all backends have been looked at after a start, or have had their time.
        """
        self._settled = self._seen

    def _will_do(self, shelf: Shelf) -> bool:
        if shelf.built == self._seen:
            return True
        stale_allowed = self._thread is not None and self._settled is not None
        return stale_allowed and shelf.built >= (self._settled or 0)

    def _rebuild(self, shelf: Shelf) -> None:
        seen = self._seen
        shelf.rebuild(self.known(shelf.view))
        shelf.built = seen

    def _note_change(self) -> None:
        with self._counting:
            self._seen += 1
        self._changed.set()

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.is_set():
            self._changed.wait()
            # Changes come in bursts; and requests shall have half of the time at least.
            self._stopping.wait(max(0.02, pause))
            self._changed.clear()
            begun = time.monotonic()
            for shelf in list(self._shelves.values()):
                if shelf.built >= 0 and not self._stopping.is_set():
                    self._rebuild_safely(shelf)
            pause = time.monotonic() - begun

    def _rebuild_safely(self, shelf: Shelf) -> None:
        try:
            with shelf.lock:
                self._rebuild(shelf)
        except Exception:  # the thread outlives what a document may hold
            LOG.exception("the merged metadata could not be made")

    def _missing(self, own_ids: Any, failures: dict[str, Failure], view: View) -> list[str]:
        known = self.known(view)
        return [name for name in own_ids if name in failures or not known[name].online]

    def _merged(
        self, identifier: str, view: View, own_ids: Any, found: dict[str, Stored], mark: Any
    ) -> Page:
        by_backend: dict[str, Any] = {n: document.document for n, document in found.items()}
        for name in own_ids:
            if name not in by_backend:
                by_backend |= self._listed(name, own_ids[name], view)
        merged = merge_collection(identifier, by_backend, order=self._settings.order)
        missing = list(mark[1])
        if not merged.document:
            raise BackendUnavailable(missing or list(own_ids))
        document = {
            "cube:dimensions": {},  # required, and lacking where only listings are known
            **merged.document,
            "links": collection_links(
                view, identifier, merged.document, offered_below(own_ids, self.shelf(view).below)
            ),
        }
        if missing:
            document["federation:missing"] = missing
        made = document_page(document)
        with self._lock:
            self._details[view, identifier] = (mark, made, merged.notes)
        return made

    def _listed(self, backend: str, own_id: str, view: View) -> Mapping[str, Any]:
        """A collection as a backend's listing has it, for want of its full metadata."""
        stored = self.known(view)[backend].documents.get(COLLECTIONS)
        for collection in objects(stored.document if stored else {}, "collections"):
            if collection.get("id") == own_id:
                return {backend: collection}
        return {}

    def _not_found(
        self, identifier: str, shelf: Shelf, view: View
    ) -> CollectionNotFound | BackendUnavailable:
        if not shelf.collection_items:
            missing = knowledge.missing(self.known(view), COLLECTIONS)
            if missing:
                return BackendUnavailable(missing)
        similar = closest(identifier, shelf.collection_items)
        return CollectionNotFound(
            identifier, f"Did you mean {' or '.join(similar)}?" if similar else ""
        )


def is_gone(failure: Failure) -> bool:
    """Whether a backend says that what it was asked for is not there (any more)."""
    return failure.status in NOT_THERE


def _position(ids: Sequence[str], cursor: str | None) -> int:
    """Where a page begins: after the last id of the page before, if that is still there."""
    if not cursor:
        return 0
    position = decode_cursor(cursor)
    after, index = position.get("after"), position.get("index")
    if isinstance(after, str) and after in ids:
        return ids.index(after) + 1
    return max(index, 0) if isinstance(index, int) else 0
