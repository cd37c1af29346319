"""Between the federation's words in a process (ids, addresses, paths) and those of a backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aggregator.documents import JsonObject, is_object
from aggregator.routing import restore_from, rewrite_for
from aggregator.routing.graphs import Scope
from aggregator.settings import Settings
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.links import Origin
from aggregator.usecases.views import View, everywhere, whole


class Translation:
    """Translates processes, by what is known of the backends' collections and addresses."""

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._whole = whole(settings.public_url)
        self._everywhere = everywhere(settings.public_url, settings.order)
        self._own: dict[View, tuple[str, ...]] = {}

    def own_urls(self, view: View) -> tuple[str, ...]:
        """The base URLs under which users may name what is the federation's, the view's first."""
        known = self._own.get(view)
        if known is None:  # once for each of the few views
            known = self._own[view] = tuple(dict.fromkeys([view.url, *self._everywhere]))
        return known

    def origin(self, backend: str, url: str = "") -> Origin:
        """Where a document of that backend comes from."""
        bases = self._catalogue.shelf(self._whole).addresses[backend]
        return Origin(backend, url or bases[0], bases)

    def rewritten(
        self, process: JsonObject, backend: str, view: View, scopes: Sequence[Scope] = ()
    ) -> dict[str, Any]:
        """The process as that backend is to get it; `scopes` as in `rewrite_for`."""
        shelf = self._catalogue.shelf(self._whole)
        addresses = dict.fromkeys(self.own_urls(view), shelf.addresses[backend][0])
        own_ids = shelf.own_ids[backend]
        return rewrite_for(process, backend, own_ids=own_ids, addresses=addresses, scopes=scopes)

    def restored(self, document: JsonObject, backend: str, view: View) -> JsonObject:
        """A job's or service's document of that backend, its process as users write it."""
        process = document.get("process")
        if not is_object(process):
            return document
        shelf = self._catalogue.shelf(self._whole)
        names = {own: name for name, own in shelf.own_ids[backend].items()}
        addresses = dict.fromkeys(shelf.addresses[backend], view.url)
        told = restore_from(process, backend, names=names, addresses=addresses)
        return {**document, "process": told}
