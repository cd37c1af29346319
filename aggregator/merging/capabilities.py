"""Capabilities: what the federation can do through the backends that it has."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aggregator.documents import (
    JsonObject,
    array,
    flag,
    identity,
    is_array,
    is_flag,
    objects,
    text,
    texts,
)
from aggregator.merging.billing import merge_billing
from aggregator.merging.fields import (
    ABSENT,
    Part,
    Parts,
    Place,
    backends_of,
    links,
    usable,
    words,
)
from aggregator.merging.named import documents_in
from aggregator.merging.notes import Merged, Notebook

API_VERSION = "1.3.0"
STAC_VERSION = "1.1.0"

UNDERSTOOD = re.compile(r"1\.[0-3](\..*)?")
"""Versions of the openEO API that backends may speak."""

CONFORMANCE = (
    "https://api.openeo.org/1.3.0",
    "https://api.openeo.org/extensions/federation/0.1.0",
    "https://api.openeo.org/extensions/federation/0.2.0",
)
"""Classes that the federation itself conforms to, whatever its backends are."""

PASSED_ON = (
    "https://api.openeo.org/extensions/processing-parameters/",
    "https://api.openeo.org/extensions/remote-process-definition/",
)
"""Beginnings of the classes that hold for the federation as soon as they hold for a backend:
those that only concern processes and fields of requests, which reach the backend as they are.
All others promise endpoints or behaviour of the server that clients talk to."""

PASSED_ON_RELATIONS = frozenset(
    {"about", "create-form", "privacy-policy", "recovery-form", "terms-of-service"}
)
"""Links of backends that matter to users of the federation."""

LISTINGS = ("/collections", "/processes")
"""Without these a backend adds nothing to a federation."""

_VARIABLE = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True)
class Endpoint:
    """What the federation routes: a path with its variables, and methods in upper case.

    The ``own`` ones of the methods it serves itself; the others need a backend.
    """

    path: str
    methods: tuple[str, ...]
    own: frozenset[str] = field(default_factory=frozenset)


def merge_capabilities(
    by_backend: Mapping[str, JsonObject],
    *,
    order: Sequence[str],
    members: Mapping[str, Mapping[str, Any]],
    base: JsonObject,
    routes: Sequence[Endpoint],
) -> Merged[dict[str, Any]]:
    """Give the federation's capabilities.

    ``base`` holds what the operator says of the federation (id, title, description,
    backend_version, links, further conformance classes …) and wins over what is derived;
    its links and classes are united with the derived ones. ``members`` becomes the object
    `federation` of the federation extension. An endpoint is listed where at least one
    backend can serve it, or the federation itself.
    """
    notebook = Notebook()
    documents = documents_in(by_backend, order, notebook, "capabilities")
    place = Place(notebook, ("capabilities",), backends_of(documents))
    _check_versions(documents, place)
    derived: dict[str, Any] = {
        "api_version": API_VERSION,
        "stac_version": STAC_VERSION,
        "type": "Catalog",
        "production": _is_production(documents, place.inside("production")),
        "endpoints": _endpoints(documents, routes, place.inside("endpoints")),
        "federation": {backend: dict(member) for backend, member in members.items()},
    }
    billing = merge_billing(documents, place.inside("billing"))
    if billing:
        derived["billing"] = billing
    united = {
        "conformsTo": _conformance(documents, base, place.inside("conformsTo")),
        "links": _links(documents, base, place.inside("links")),
    }
    return Merged({**derived, **base, **united}, notebook.notes)


def _check_versions(documents: Parts, place: Place) -> None:
    for part in documents:
        version = text(part.value, "api_version")
        if not UNDERSTOOD.fullmatch(version):
            found = version or "none"
            place.inside("api_version").note(
                "api-version-unsupported", (part.backend,), found=found
            )


def _is_production(documents: Parts, place: Place) -> bool:
    """A federation is ready for production where all its backends are."""
    usable(_stated(documents, "production"), place, is_flag, "true or false")
    return bool(documents) and all(flag(part.value, "production") for part in documents)


def _stated(documents: Parts, key: str) -> list[Part]:
    return [Part(part.backend, part.value[key]) for part in documents if key in part.value]


def unnamed(path: str) -> str:
    """A path with its variables unnamed, since backends may name them differently."""
    return _VARIABLE.sub("{}", path).rstrip("/") or "/"


def _endpoints(documents: Parts, routes: Sequence[Endpoint], place: Place) -> list[dict[str, Any]]:
    offered = {part.backend: _offered(part, place) for part in documents}
    anywhere = set().union(*offered.values())
    _note_not_listed(offered, place)
    _note_not_routed(offered, routes, place)
    listed = []
    for route in routes:
        path = unnamed(route.path)
        methods = [m for m in route.methods if m in route.own or (path, m) in anywhere]
        if methods and path != "/":
            listed.append({"path": route.path, "methods": methods})
    return listed


def _offered(part: Part, place: Place) -> set[tuple[str, str]]:
    """The operations that a backend offers, as pairs of path and method."""
    operations: set[tuple[str, str]] = set()
    stated = part.value.get("endpoints")
    if not is_array(stated):
        place.unusable(Part(part.backend, stated), "an array of endpoints")
        return operations
    for endpoint in stated:
        path, methods = text(endpoint, "path"), texts(endpoint, "methods")
        if not path or not methods or len(methods) < len(array(endpoint, "methods")):
            place.unusable(Part(part.backend, endpoint), "an endpoint with path and methods")
        operations.update((unnamed(path), method.upper()) for method in methods if path)
    return operations


def _note_not_listed(offered: Mapping[str, set[tuple[str, str]]], place: Place) -> None:
    """Tell of a backend that keeps its collections or processes to itself; one that lists nothing
    at all is asked for everything.
    """
    for backend, operations in offered.items():
        missing = [f"GET {path}" for path in LISTINGS if (path, "GET") not in operations]
        if operations and missing:
            place.note("endpoint-not-listed", (backend,), endpoints=missing)


def _note_not_routed(
    offered: Mapping[str, Iterable[tuple[str, str]]], routes: Sequence[Endpoint], place: Place
) -> None:
    routed = {(unnamed(route.path), method) for route in routes for method in route.methods}
    for backend, operations in offered.items():
        further = sorted(
            f"{method} {path}"
            for path, method in operations
            if (path, method) not in routed and method != "OPTIONS" and path != "/"
        )
        if further:
            place.note("endpoint-not-routed", (backend,), endpoints=further)


def _conformance(documents: Parts, base: JsonObject, place: Place) -> list[str]:
    ours = [*CONFORMANCE, *texts(base, "conformsTo")]
    stated = words(_stated(documents, "conformsTo"), place)
    theirs = [] if stated is ABSENT else [name for name in stated if name.startswith(PASSED_ON)]
    return list(dict.fromkeys(ours + theirs))


def _links(documents: Parts, base: JsonObject, place: Place) -> list[Any]:
    theirs = [Part(b, _for_users(stated)) for b, stated in _stated(documents, "links")]
    found = links(theirs, place)
    all_links = [*objects(base, "links"), *([] if found is ABSENT else found)]
    return list({identity(link): link for link in all_links}.values())


def _for_users(stated: Any) -> Any:
    if not is_array(stated):
        return stated
    return [link for link in stated if _relation(link) in {*PASSED_ON_RELATIONS, "self", ""}]


def _relation(link: object) -> str:
    return text(link, "rel")
