"""What is known of the backends, turned into what merging and routing read."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aggregator.documents import JsonObject, is_object, objects, text
from aggregator.health.standing import STABLE
from aggregator.merging.fields import base_of
from aggregator.merging.filters import Lists, Selection
from aggregator.moments import rfc3339
from aggregator.routing import Abilities, abilities_of
from aggregator.settings import Settings
from aggregator.upstream.metadata import CAPABILITIES, COLLECTIONS, PATHS, offers
from aggregator.upstream.snapshots import Snapshot

Known = Mapping[str, Snapshot]


def selection_of(settings: Settings) -> Selection:
    """The allow and deny lists of the settings."""

    def lists(selected: Any) -> Lists:
        return Lists(selected.allow, selected.deny)

    return Selection(
        collections=lists(settings.collections),
        processes=lists(settings.processes),
        collections_of={b.id: lists(b.collections) for b in settings.backends},
        processes_of={b.id: lists(b.processes) for b in settings.backends},
    )


def documents(known: Known, kind: str) -> dict[str, JsonObject]:
    """The document of that kind of each backend that has one."""
    return {
        backend: snapshot.documents[kind].document
        for backend, snapshot in known.items()
        if kind in snapshot.documents
    }


def capabilities(known: Known) -> dict[str, JsonObject]:
    """The capabilities of each backend, with what older versions say at `/conformance`."""
    conformance = documents(known, "conformance")
    return {
        backend: {**conformance.get(backend, {}), **document}
        for backend, document in documents(known, CAPABILITIES).items()
    }


def members(known: Known, kind: str, key: str) -> dict[str, Any]:
    """What the document of that kind of each backend has under a key, None if nothing."""
    return {name: document.get(key) for name, document in documents(known, kind).items()}


def missing(known: Known, kind: str) -> list[str]:
    """The backends whose part of a document may be missing or out of date.

    Who was never known to offer it has no part.
    """
    return [
        b for b, snapshot in known.items() if snapshot.lacks(kind) and _may_offer(snapshot, kind)
    ]


def _may_offer(snapshot: Snapshot, kind: str) -> bool:
    stored = snapshot.documents.get(CAPABILITIES)
    return stored is None or kind == CAPABILITIES or offers(stored.document, PATHS[kind])


def fingerprint(known: Known, *kinds: str) -> tuple[Any, ...]:
    """Equal as long as those documents stay the same."""
    return tuple(
        (backend, *(d.digest if (d := s.documents.get(kind)) else None for kind in kinds))
        for backend, s in known.items()
    )


def member(settings: Settings, snapshot: Snapshot) -> dict[str, Any]:
    """A backend as the federation's capabilities show it."""
    backend = settings.backend(snapshot.backend)
    own = snapshot.documents.get(CAPABILITIES)
    document = own.document if own else {}
    shown: dict[str, Any] = {
        "url": snapshot.url,
        "title": title(settings, snapshot),
        "status": "online" if snapshot.online else "offline",
        "last_successful_check": moment(snapshot.seen_at),
    }
    description = backend.description or text(document, "description")
    if description:
        shown["description"] = description
    if snapshot.checked_at is not None:
        shown["last_status_check"] = moment(snapshot.checked_at)
    shown |= standing(snapshot)
    for flag in ("experimental", "deprecated"):
        if getattr(backend, flag):
            shown[flag] = True
    return shown


def standing(snapshot: Snapshot) -> dict[str, Any]:
    """How a member stands by the contract, unless it is stable; beyond the extension's fields."""
    known = snapshot.standing
    if known is None or known.standing == STABLE:
        return {}
    since = None if known.since is None else rfc3339(known.since)
    found = {"status": known.standing, "since": since, "reason": known.reason}
    return {"availability": found}


def title(settings: Settings, snapshot: Snapshot) -> str:
    """The name of a backend for people: the operator's, else its own, else its id."""
    backend = settings.backend(snapshot.backend)
    own = snapshot.documents.get(CAPABILITIES)
    return backend.title or text(own.document if own else {}, "title", backend.id)


def moment(at: float | None) -> str | None:
    """A time as RFC 3339 writes it, in whole seconds."""
    return (
        None if at is None else datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    )


def addresses(known: Known, settings: Settings) -> dict[str, tuple[str, ...]]:
    """The base URLs under which each backend's API may be found in its documents."""
    found = {}
    for backend, snapshot in known.items():
        urls = [snapshot.url, settings.backend(backend).url]
        stored = snapshot.documents.get(CAPABILITIES)
        own = base_of(objects(stored.document if stored else {}, "links"))
        urls += [own] if own else []
        found[backend] = tuple(dict.fromkeys(url.rstrip("/") for url in urls))
    return found


def abilities(snapshot: Snapshot, names: Mapping[str, str], selection: Selection) -> Abilities:
    """The abilities of a backend by its last known documents; `names` as in `abilities_of`."""
    backend = snapshot.backend
    one = {backend: snapshot}
    return abilities_of(
        backend,
        online=snapshot.online,
        capabilities=capabilities(one).get(backend),
        collections=_sequence(members(one, COLLECTIONS, "collections").get(backend)),
        processes=_sequence(members(one, "processes", "processes").get(backend)),
        file_formats=documents(one, "file_formats").get(backend),
        udf_runtimes=_offered(one, backend, "udf_runtimes"),
        service_types=_offered(one, backend, "service_types"),
        collection_names=names,
        allowed=functools.partial(_allowed, selection, backend),
    )


def _offered(known: Known, backend: str, kind: str) -> JsonObject | None:
    """The document; an empty one if the backend is known not to offer it."""
    document = documents(known, kind).get(backend)
    stored = known[backend].documents.get(CAPABILITIES)
    if document is None and stored is not None and not offers(stored.document, PATHS[kind]):
        return {}
    return document


def _sequence(value: Any) -> Sequence[JsonObject] | None:
    return [item for item in value if is_object(item)] if isinstance(value, list) else None


def _allowed(selection: Selection, backend: str, kind: str, identifier: str) -> bool:
    # Collections are selected by their names, which `own_ids_at` has done.
    return kind != "process" or selection.admits_process(backend, identifier)


def with_status(of: Sequence[Abilities], known: Known) -> tuple[Abilities, ...]:
    """The same abilities with the backends' present status."""
    return tuple(
        one
        if (now := known[one.backend]).online == one.online and now.excluded == one.excluded
        else replace(one, online=now.online, excluded=now.excluded)
        for one in of
    )
