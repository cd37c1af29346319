"""All answers on what the federation offers, made once per change for one view of it."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aggregator.merging.capabilities import Endpoint, merge_capabilities
from aggregator.merging.filters import Selection
from aggregator.merging.formats import merge_file_formats
from aggregator.merging.names import CollectionNames
from aggregator.merging.notes import Note
from aggregator.merging.oidc import OidcMapping, merge_oidc_providers, oidc_mapping
from aggregator.merging.processes import merge_process_versions, merge_processes
from aggregator.merging.service_types import merge_service_types
from aggregator.merging.udf_runtimes import merge_udf_runtimes
from aggregator.merging.workspace_providers import merge_workspace_providers
from aggregator.routing import Abilities
from aggregator.routing.abilities import endpoint, endpoints_in
from aggregator.routing.inlining import Callbacks, callback_parameters
from aggregator.settings import Settings
from aggregator.upstream.metadata import CAPABILITIES, COLLECTIONS
from aggregator.upstream.snapshots import Snapshot
from aggregator.usecases import knowledge
from aggregator.usecases.collected import BELOW, Below, Collected, Collector
from aggregator.usecases.knowledge import Known
from aggregator.usecases.landing import landing, token_classes
from aggregator.usecases.pages import Page, document_page, listing_body, page
from aggregator.usecases.views import View

STAC_CLASSES = ("https://api.stacspec.org/v1.0.0/collections",)
"""Classes of the STAC API that hold for the federation's collections, whoever has them."""

SEARCH_CLASS = "https://api.stacspec.org/v1.0.0/item-search"
"""The one for searches, where any backend lists items."""

WORKSPACES_CLASS = "https://api.openeo.org/extensions/workspaces/0.1.0"
"""The one of the Workspaces Extension, where any backend has providers."""

PLAIN = ("file_formats", "udf_runtimes", "service_types", "workspace_providers")


@dataclass(frozen=True)
class Piece:
    """Something made from the backends' documents, and from which versions of them."""

    fingerprint: tuple[Any, ...]
    value: Any
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Predefined:
    """The predefined processes: their version, the merged definitions, and what is asked often.

    `passed` has the names of the parameters that a process (id) passes to a callback in an
    argument (name).
    """

    version: str | None
    processes: Sequence[Mapping[str, Any]]
    ids: frozenset[str]
    passed: Mapping[tuple[str, str], frozenset[str]]


def _predefined(version: str | None, processes: Sequence[Mapping[str, Any]]) -> Predefined:
    ids = frozenset(str(process["id"]) for process in processes)
    return Predefined(version, processes, ids, callback_parameters(processes))


class Shelf:
    """The pages of one view. `rebuild` makes anew what the changes concern, and only that."""

    def __init__(
        self, view: View, settings: Settings, selection: Selection, routes: Sequence[Endpoint]
    ) -> None:
        self.view = view
        self.built = -1
        self.lock = threading.Lock()
        self.pages: Mapping[str, Page] = {}
        self._settings, self._selection, self._routes = settings, selection, routes
        self._order = settings.order
        self._collector = Collector(view, settings.order, selection)
        self._able_marks: dict[str, tuple[Any, Abilities]] = {}
        self._pieces: dict[str, Piece] = {}
        self._pages: dict[str, tuple[Any, Page]] = {}

    @property
    def collection_items(self) -> Mapping[str, bytes]:
        """The merged collections of the listing, serialised, by id."""
        return self._collected.items

    @property
    def names(self) -> CollectionNames:
        """Which backends' collections stand behind each id."""
        return self._collected.names

    @property
    def _collected(self) -> Collected:
        collected: Collected = self._pieces["collections"].value
        return collected

    @property
    def process_ids(self) -> frozenset[str]:
        """The ids of the predefined processes."""
        ids: frozenset[str] = self._pieces["processes"].value.ids
        return ids

    @property
    def callbacks(self) -> Callbacks:
        """The parameters that predefined processes pass to callbacks."""
        passed: Mapping[tuple[str, str], frozenset[str]] = self._pieces["processes"].value.passed
        return lambda process, argument: passed.get((process, argument), frozenset())

    @property
    def below(self) -> Below:
        """What each backend offers below its collections."""
        below: Below = self._pieces["below"].value
        return below

    @property
    def _searched(self) -> bool:
        """Whether any backend lists items, in which can be searched."""
        return any("items" in offered for offered in self.below.values())

    @property
    def _optional(self) -> dict[str, bool]:
        """The endpoints that there are only if somebody offers something there."""
        return {
            "/credentials/oidc": bool(self.providers),
            "/credentials/basic": any(b.basic_authentication for b in self._settings.backends),
            "/workspace_providers": bool(self._pieces["workspace_providers"].value),
            "/udf_runtimes": bool(self._pieces["udf_runtimes"].value),
            "/search": self._searched,
        }

    @property
    def oidc(self) -> OidcMapping:
        """What each backend calls the providers of OpenID Connect."""
        mapping: OidcMapping = self._pieces["oidc_ids"].value
        return mapping

    @property
    def providers(self) -> Sequence[Mapping[str, Any]]:
        """The merged providers of OpenID Connect."""
        providers: Sequence[Mapping[str, Any]] = self._pieces["oidc"].value["providers"]
        return providers

    @property
    def addresses(self) -> Mapping[str, tuple[str, ...]]:
        """The base URLs under which each backend's API may be found in its documents."""
        addresses: Mapping[str, tuple[str, ...]] = self._pieces["addresses"].value
        return addresses

    @property
    def abilities(self) -> tuple[Abilities, ...]:
        """What each backend can do, whether it is online or not."""
        abilities: tuple[Abilities, ...] = self._pieces["abilities"].value[0]
        return abilities

    @property
    def own_ids(self) -> Mapping[str, Mapping[str, str]]:
        """What each backend calls its collections, where the federation calls them otherwise."""
        own_ids: Mapping[str, Mapping[str, str]] = self._pieces["abilities"].value[1]
        return own_ids

    @property
    def production(self) -> bool:
        """Whether all backends are ready for production."""
        return bool(self._pieces["capabilities"].value["production"])

    @property
    def notes(self) -> tuple[Note, ...]:
        """What merging noted, of all documents."""
        return tuple(note for piece in self._pieces.values() for note in piece.notes)

    def rebuild(self, known: Known) -> None:
        """Make all pieces and pages that differ from what was known before."""
        self._make("below", (CAPABILITIES,), known, _below)
        self._make("collections", (COLLECTIONS, CAPABILITIES), known, self._collect)
        self._make("processes", ("processes", CAPABILITIES), known, self._processes)
        for kind in PLAIN:
            self._make(kind, (kind,), known, _plain(kind, self._order))
        self._make("oidc", ("oidc",), known, self._oidc)
        self._make("oidc_ids", ("oidc",), known, self._oidc_ids)
        states = _states(known)
        self._make("addresses", (CAPABILITIES,), known, self._addresses, beside=states)
        self._make("abilities", (CAPABILITIES, COLLECTIONS, "processes", *PLAIN), known, self._able)
        beside = (*states, *self._optional.items())
        self._make("capabilities", (CAPABILITIES,), known, self._capabilities, beside=beside)
        self._turn_pages(known)

    def _make(
        self,
        name: str,
        kinds: tuple[str, ...],
        known: Known,
        build: Callable[[Known], tuple[Any, tuple[Note, ...]]],
        beside: tuple[Any, ...] = (),
    ) -> None:
        """Make a piece anew if documents of these kinds, or what is `beside` them, have changed."""
        mark = (*knowledge.fingerprint(known, *kinds), *beside)
        before = self._pieces.get(name)
        if before is None or before.fingerprint != mark:
            self._pieces[name] = Piece(mark, *build(known))

    def _collect(self, known: Known) -> tuple[Any, tuple[Note, ...]]:
        listed = knowledge.members(known, COLLECTIONS, "collections")
        collected = self._collector.collect(listed, self.below)
        return collected, collected.notes

    def _processes(self, known: Known) -> tuple[Any, tuple[Note, ...]]:
        reference = self._settings.process_reference
        versions = knowledge.members(known, "processes", "version")
        merged = merge_processes(
            knowledge.members(known, "processes", "processes"),
            order=self._order,
            rule=self._settings.process_rule,
            reference=reference,
            versions=versions,
            selection=self._selection,
        )
        version = merge_process_versions(versions, order=self._order, reference=reference)
        notes = (*merged.notes, *version.notes)
        return _predefined(version.document, list(merged.document.values())), notes

    def _oidc(self, known: Known) -> tuple[Any, tuple[Note, ...]]:
        by_backend = knowledge.documents(known, "oidc")
        merged = merge_oidc_providers(by_backend, **self._oidc_rules())
        return merged.document, merged.notes

    def _oidc_ids(self, known: Known) -> tuple[Any, tuple[Note, ...]]:
        return oidc_mapping(knowledge.documents(known, "oidc"), **self._oidc_rules()), ()

    def _oidc_rules(self) -> dict[str, Any]:
        trusted = self._settings.identity.trusted_issuers
        return {"order": self._order, "rule": self._settings.oidc_rule, "trusted": trusted}

    def _addresses(self, known: Known) -> tuple[Any, tuple[Note, ...]]:
        return knowledge.addresses(known, self._settings), ()

    def _able(self, known: Known) -> tuple[Any, tuple[Note, ...]]:
        judged = {backend: self._able_one(backend, snapshot) for backend, snapshot in known.items()}
        own_ids = {backend: one.own_ids for backend, one in judged.items()}
        return (tuple(judged.values()), own_ids), ()

    def _able_one(self, backend: str, snapshot: Snapshot) -> Abilities:
        names = self.names.own_ids_at(backend)
        mark = (
            tuple(d.digest for d in snapshot.documents.values()),
            hash(frozenset(names.items())),
        )
        kept = self._able_marks.get(backend)
        if kept is None or kept[0] != mark:
            kept = (mark, knowledge.abilities(snapshot, names, self._selection))
            self._able_marks[backend] = kept
        return kept[1]

    def _capabilities(self, known: Known) -> tuple[Any, tuple[Note, ...]]:
        offered = self._optional
        merged = merge_capabilities(
            knowledge.capabilities(known),
            order=self._order,
            members={b: knowledge.member(self._settings, s) for b, s in known.items()},
            base=landing(self._settings, self.view, searched=self._searched)
            | {
                "conformsTo": [
                    *STAC_CLASSES,
                    *([SEARCH_CLASS] if self._searched else []),
                    *([WORKSPACES_CLASS] if offered["/workspace_providers"] else []),
                    *token_classes(offered["/credentials/oidc"], offered["/credentials/basic"]),
                ]
            },
            routes=[route for route in self._routes if offered.get(route.path, True)],
        )
        return merged.document, merged.notes

    def _turn_pages(self, known: Known) -> None:
        for name in ("capabilities", "conformance", "oidc", "udf_runtimes", "service_types"):
            self._turn(name, (), functools.partial(self._document, name))
        partial = {
            "collections": self._collections_page,
            "processes": self._processes_page,
            "file_formats": self._file_formats_page,
            "workspace_providers": self._workspace_providers_page,
        }
        for name, make in partial.items():
            self._turn(name, tuple(knowledge.missing(known, name)), make)
        self.pages = {name: turned for name, (_, turned) in self._pages.items()}

    def _turn(self, name: str, missing: Any, make: Callable[[Any], Page]) -> None:
        piece = self._pieces["capabilities" if name == "conformance" else name]
        mark = (piece.fingerprint, missing)
        if name not in self._pages or self._pages[name][0] != mark:
            self._pages[name] = (mark, make(missing))

    def _document(self, name: str, _missing: Sequence[str]) -> Page:
        if name == "conformance":
            return document_page({"conformsTo": self._pieces["capabilities"].value["conformsTo"]})
        return document_page(self._pieces[name].value)

    def _collections_page(self, missing: Sequence[str]) -> Page:
        items = list(self.collection_items.values())
        return page(listing_body("collections", items, listing_rest(self.view, missing)))

    def _processes_page(self, missing: Sequence[str]) -> Page:
        found: Predefined = self._pieces["processes"].value
        rest: dict[str, Any] = {"links": []} | _missing(missing)
        if found.version:
            rest["version"] = found.version
        return document_page({"processes": found.processes} | rest)

    def _file_formats_page(self, missing: Sequence[str]) -> Page:
        return document_page(self._pieces["file_formats"].value | _missing(missing))

    def _workspace_providers_page(self, missing: Sequence[str]) -> Page:
        providers = self._pieces["workspace_providers"].value
        return document_page({"providers": providers} | _missing(missing))


def listing_rest(
    view: View, missing: Sequence[str], links: Sequence[Mapping[str, str]] = ()
) -> dict[str, Any]:
    """What follows the collections in their listing."""
    own = [
        {"rel": "self", "href": view.link("collections"), "type": "application/json"},
        {"rel": "root", "href": view.link(), "type": "application/json"},
    ]
    return {"links": [*own, *links]} | _missing(missing)


def _states(known: Known) -> tuple[Any, ...]:
    """What is shown of backends beside what their documents say."""
    return tuple(
        (s.url, s.online, s.checked_at, s.seen_at, s.standing, "conformance" in s.documents)
        for s in known.values()
    )


def _missing(missing: Sequence[str]) -> dict[str, Any]:
    return {"federation:missing": list(missing)} if missing else {}


def _plain(kind: str, order: Sequence[str]) -> Callable[[Known], tuple[Any, tuple[Note, ...]]]:
    merge = {
        "file_formats": merge_file_formats,
        "udf_runtimes": merge_udf_runtimes,
        "service_types": merge_service_types,
        "workspace_providers": merge_workspace_providers,
    }[kind]

    def build(known: Known) -> tuple[Any, tuple[Note, ...]]:
        merged = merge(knowledge.documents(known, kind), order=order)
        return merged.document, merged.notes

    return build


def _below(known: Known) -> tuple[Any, tuple[Note, ...]]:
    wanted = {part: endpoint(f"GET /collections/{{id}}/{part}") for part in BELOW}
    offered = {
        backend: set(endpoints_in(document))
        for backend, document in knowledge.documents(known, CAPABILITIES).items()
    }
    found = {
        backend: frozenset(part for part, one in wanted.items() if one in endpoints)
        for backend, endpoints in offered.items()
    }
    return found, ()
