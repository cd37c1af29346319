"""What stands below a collection: its items and its queryables, of all backends that have it.

These are public, so that nobody's credentials are sent for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from aggregator.documents import JsonObject, objects, text
from aggregator.errors import BackendFailure, FeatureUnsupported, NotFound
from aggregator.ids import IdentifierError, federate, split
from aggregator.merging.fields import base_of
from aggregator.merging.queryables import merge_queryables
from aggregator.routing.suggestions import enumerated, shortened
from aggregator.settings import Settings
from aggregator.upstream.client import Request
from aggregator.upstream.failures import Failure
from aggregator.upstream.fleet import Fleet
from aggregator.upstream.metadata import detail_request
from aggregator.usecases.accounts import missing_from
from aggregator.usecases.catalogue import Catalogue, is_gone
from aggregator.usecases.links import Origin, relinked
from aggregator.usecases.listings import begin, read_page
from aggregator.usecases.views import View

GEOJSON = "application/geo+json"
STRUCTURE = frozenset({"self", "collection", "parent", "root", "next", "prev"})


class Items:
    """The items (scenes) and queryables of collections."""

    def __init__(self, settings: Settings, fleet: Fleet, catalogue: Catalogue) -> None:
        self._times, self._fleet, self._catalogue = settings.upstream, fleet, catalogue

    def page(
        self,
        collection: str,
        filters: Mapping[str, str],
        limit: int,
        cursor: str | None,
        view: View,
    ) -> dict[str, Any]:
        """One page of a collection's items at all backends that list them, in a stable order.

        `filters` (bbox, datetime) are for the backends. Raises CursorError, CollectionNotFound,
        FeatureUnsupported, and a backend's failure if none can answer.
        """
        paths = self._paths(collection, "items", view)
        asked = begin(cursor, list(paths))

        def ask(requests: Mapping[str, Request], deadline: float) -> Any:
            below = {
                backend: replace(request, path=paths[backend], query={**filters, **request.query})
                for backend, request in requests.items()
            }
            answers = self._fleet.ask_all(below, {}, deadline=deadline)
            return answers.documents, answers.failures

        listing = read_page(
            asked,
            path="",
            key="features",
            limit=limit,
            ask=ask,
            deadline=self._times.listing_deadline,
        )
        missing = missing_of(listing.failures, asked)
        features = [
            self.ours(item.backend, item.document, collection, view) for item in listing.items
        ]
        query = {**filters, "limit": str(limit)}
        links = self._links(collection, view, query | ({"next": cursor} if cursor else {}))
        if listing.cursor is not None:
            href = view.link(
                "collections", collection, "items", query=query | {"next": listing.cursor}
            )
            links.append({"rel": "next", "href": href, "type": GEOJSON})
        return {
            "type": "FeatureCollection",
            "features": features,
            "numberReturned": len(features),
            "links": links,
        } | ({"federation:missing": missing} if missing else {})

    def item(self, collection: str, identifier: str, view: View) -> dict[str, Any]:
        """One item; NotFound for an id that names no backend with this collection."""
        paths = self._paths(collection, "items", view)
        try:
            backend, own = split(identifier, paths)
        except IdentifierError as error:
            raise NotFound(
                f"The collection has no item '{shortened(identifier, 200)}'. Ids of its items "
                f"begin with {enumerated(list(paths), ' or ')} and a dash."
            ) from error
        request = Request("GET", f"{paths[backend]}/{quote(own, safe='')}")
        answer = self._fleet.ask(backend, request, deadline=self._times.request_deadline)
        found = self._fleet.clients[backend].read(answer)
        if not text(found, "id"):
            raise BackendFailure(
                backend, "content", "it answers with no item, or one without an id"
            )
        return self.ours(backend, found, collection, view)

    def queryables(self, collection: str, view: View) -> dict[str, Any]:
        """By which properties the collection's data can be selected, and where."""
        paths = self._paths(collection, "queryables", view)
        answers = self._fleet.ask_all(
            {backend: Request("GET", path) for backend, path in paths.items()},
            {},
            deadline=self._times.listing_deadline,
        )
        missing = missing_of(answers.failures, paths)
        merged = merge_queryables(answers.documents)
        about = {"$id": view.link("collections", collection, "queryables"), "title": collection}
        return {**merged, **about} | ({"federation:missing": missing} if missing else {})

    def _paths(self, collection: str, below: str, view: View) -> dict[str, str]:
        """By backend that offers it, where it is there."""
        own_ids = self._catalogue.own_ids(collection, view)
        offering = self._catalogue.shelf(view).below
        paths = {
            backend: f"{detail_request(own).path}/{below}"
            for backend, own in own_ids.items()
            if below in offering.get(backend, ())
        }
        if not paths:
            raise FeatureUnsupported(
                f"No backend of this federation that has '{shortened(collection, 200)}' offers "
                f"its {below}."
            )
        return paths

    def ours(self, backend: str, item: JsonObject, collection: str, view: View) -> dict[str, Any]:
        """The item with federated ids, its links led through the federation."""
        bases = self._catalogue.shelf(view).addresses[backend]
        origin = Origin(backend, base_of(item.get("links")) or f"{bases[0]}/", bases)
        own = text(item, "id")
        identifier = federate(backend, own) if own else ""
        absolute = relinked(item, origin, view)
        others = [one for one in objects(absolute, "links") if text(one, "rel") not in STRUCTURE]
        href = view.link("collections", collection, "items", identifier)
        parent = {"href": view.link("collections", collection), "type": "application/json"}
        links = [
            {"rel": "self", "href": href, "type": GEOJSON},
            {"rel": "collection", **parent},
            {"rel": "parent", **parent},
            {"rel": "root", "href": view.link(), "type": "application/json"},
            *others,
        ]
        named = {"id": identifier, "collection": collection, "links": links}
        return {**absolute, **named, "federation:backends": [backend]}

    def _links(self, collection: str, view: View, query: Mapping[str, str]) -> list[dict[str, Any]]:
        parent = {"href": view.link("collections", collection), "type": "application/json"}
        own = view.link("collections", collection, "items", query=query)
        return [
            {"rel": "self", "href": own, "type": GEOJSON},
            {"rel": "collection", **parent},
            {"rel": "parent", **parent},
            {"rel": "root", "href": view.link(), "type": "application/json"},
        ]


def missing_of(failures: Mapping[str, Failure], asked: Mapping[str, Any]) -> Sequence[str]:
    """Who could not answer; raises the first failure if nobody could.

    A backend that no longer has the collection has nothing to say.
    """
    if failures and len(failures) == len(asked):
        raise next(iter(failures.values()))
    return missing_from({b: f for b, f in failures.items() if not is_gone(f)})
