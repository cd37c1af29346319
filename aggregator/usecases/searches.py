"""A search for items over several collections and backends (STAC API, Item Search).

At every backend the collections are read one after the other, all backends at the same time: the
order is that of the backends, then that of the collections, then each backend's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from aggregator.documents import JsonObject, objects
from aggregator.errors import FeatureUnsupported
from aggregator.ids import CursorError, IdentifierError, split
from aggregator.routing.searches import Search
from aggregator.settings import Settings
from aggregator.upstream.client import Request
from aggregator.upstream.failures import Failure
from aggregator.upstream.fleet import Fleet
from aggregator.upstream.metadata import detail_request, next_query
from aggregator.usecases.catalogue import Catalogue, is_gone
from aggregator.usecases.items import Items, missing_of
from aggregator.usecases.listings import Position, begin, read_page
from aggregator.usecases.views import View

# In the query of a page: at which step it stands. No backend is asked with it.
STEP = "@"
# Of what a geometry chooses from, more is read at once.
FILTERED_HERE = 100


@dataclass(frozen=True)
class Step:
    """A part of the walk through a backend: the items of a collection, or a single one."""

    collection: str
    path: str
    single: bool = False


Walks = Mapping[str, Mapping[str, Step]]
"""By backend, its steps by name, in their order."""


class Searches:
    """Searches for items."""

    def __init__(
        self, settings: Settings, fleet: Fleet, catalogue: Catalogue, items: Items
    ) -> None:
        self._times, self._fleet = settings.upstream, fleet
        self._catalogue, self._items = catalogue, items

    def page(
        self, search: Search, limit: int, cursor: str | None, view: View
    ) -> tuple[dict[str, Any], str | None]:
        """One page of what is found, and the cursor of the next one.

        Raises CursorError, CollectionNotFound, FeatureUnsupported, and a backend's failure if none
        can answer.
        """
        walks = self._walks(search, view)
        asked = begin(cursor, list(walks))
        if not all(_stands(position, walks[backend]) for backend, position in asked.items()):
            raise CursorError(cursor or "")
        walk = _Walk(self._fleet, walks, search, limit)
        listing = read_page(
            asked,
            path="",
            key="features",
            limit=limit,
            ask=walk.ask,
            deadline=self._times.listing_deadline,
            identity=("collection", "id"),
        )
        missing = missing_of(listing.failures, asked)
        features = [
            self._items.ours(item.backend, item.document, str(item.document["collection"]), view)
            for item in listing.items
        ]
        page = {
            "type": "FeatureCollection",
            "features": features,
            "numberReturned": len(features),
            "links": [{"rel": "root", "href": view.link(), "type": "application/json"}],
        }
        return page | ({"federation:missing": missing} if missing else {}), listing.cursor

    def _walks(self, search: Search, view: View) -> Walks:
        """Through the backends that have items of the collections, where there may be some."""
        shelf = self._catalogue.shelf(view)
        if not any("items" in offered for offered in shelf.below.values()):
            raise FeatureUnsupported()
        abilities = {one.backend: one.collections or {} for one in shelf.abilities}
        wanted = dict.fromkeys(search.collections or shelf.collection_items)
        walks: dict[str, dict[str, Step]] = {backend: {} for backend in abilities}
        for collection in wanted:
            for backend, own in self._catalogue.own_ids(collection, view).items():
                known = abilities.get(backend, {}).get(collection)
                nowhere = known is not None and not search.may_be_in(known)
                if "items" in shelf.below.get(backend, ()) and not nowhere:
                    path = f"{detail_request(own).path}/items"
                    walks[backend] |= _steps(backend, Step(collection, path), search.ids)
        return {backend: steps for backend, steps in walks.items() if steps}


def _steps(backend: str, whole: Step, ids: Sequence[str]) -> Iterator[tuple[str, Step]]:
    """The items of a collection at a backend: all of them, or those that have one of the ids."""
    if not ids:
        yield whole.collection, whole
    for identifier in dict.fromkeys(ids):
        try:
            _, own = split(identifier, {backend})
        except IdentifierError:
            continue
        path = f"{whole.path}/{quote(own, safe='')}"
        yield f"{whole.collection}/{own}", Step(whole.collection, path, single=True)


def _stands(position: Position, steps: Mapping[str, Step]) -> bool:
    return STEP not in position.query or position.query[STEP] in steps


class _Walk:
    """Asks for pages of a backend's walk, each of which names the next one."""

    def __init__(self, fleet: Fleet, walks: Walks, search: Search, limit: int) -> None:
        self._fleet, self._walks, self._search = fleet, walks, search
        self._size = max(limit, FILTERED_HERE) if search.footprint else limit

    def ask(
        self, requests: Mapping[str, Request], deadline: float
    ) -> tuple[Mapping[str, JsonObject], Mapping[str, Failure]]:
        """One page of each backend that is asked; what is not there has no items."""
        names = {b: r.query.get(STEP) or next(iter(self._walks[b])) for b, r in requests.items()}
        below = {b: self._request(b, name, requests[b].query) for b, name in names.items()}
        answers = self._fleet.ask_all(below, {}, deadline=deadline)
        gone: dict[str, JsonObject] = {
            backend: {"features": []}
            for backend, failure in answers.failures.items()
            if is_gone(failure)
        }
        documents = {
            backend: self._page(backend, names[backend], document)
            for backend, document in {**answers.documents, **gone}.items()
        }
        return documents, {b: f for b, f in answers.failures.items() if b not in gone}

    def _request(self, backend: str, name: str, query: Mapping[str, str]) -> Request:
        step = self._walks[backend][name]
        if step.single:
            return Request("GET", step.path)
        own = {key: value for key, value in query.items() if key not in (STEP, "limit")}
        size = query.get("limit", str(self._size)) if own else str(self._size)
        return Request("GET", step.path, {**self._search.filters, **own, "limit": size})

    def _page(self, backend: str, name: str, document: JsonObject) -> JsonObject:
        step = self._walks[backend][name]
        single = step.single and "features" not in document
        found = [document] if single else objects(document, "features")
        features = [
            {**item, "collection": step.collection}
            for item in found
            if self._search.wants(item, filtered=not step.single)
        ]
        own = None if step.single else next_query(document)
        following = self._after(backend, name) if own is None else {**own, STEP: name}
        link = [{"rel": "next", "href": f"?{urlencode(following)}"}] if following else []
        return {"features": features, "links": link}

    def _after(self, backend: str, name: str) -> dict[str, str]:
        names = list(self._walks[backend])
        following = names[names.index(name) + 1 :]
        return {STEP: following[0]} if following else {}
