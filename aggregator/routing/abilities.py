"""What a backend has, indexed once from its documents, so that judging it is quick."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from aggregator.documents import (
    JsonObject,
    array,
    is_array,
    is_object,
    is_text,
    mapping,
    members,
    objects,
    text,
    texts,
)
from aggregator.routing.extents import Box, Interval, published_boxes, published_intervals
from aggregator.routing.kinds import Kind, kind_of
from aggregator.routing.requirements import sign

Allowed = Callable[[str, str], bool]
"""Whether a resource may be used: its kind (`collection`, `process`) and its id."""

_PLACEHOLDER = re.compile(r"\{[^}]*\}")


def _everything(_kind: str, _identifier: str) -> bool:
    return True


@dataclass(frozen=True)
class CollectionAbility:
    """A collection under the backend's own id; None or empty: not published, restricts nothing."""

    id: str
    bands: frozenset[str] | None = None
    boxes: tuple[Box, ...] = ()
    intervals: tuple[Interval, ...] = ()


class ProcessAbilities(dict[str, frozenset[str] | None]):
    """The names of each process's parameters, None where they are not published; never changed.

    An object of its own, so that its index outlives copies of the abilities it belongs to.
    `returned` has what processes are known to return (see `kinds.kind_of`).
    """

    returned: Mapping[str, Kind] = MappingProxyType({})

    @cached_property
    def signs(self) -> frozenset[str]:
        """The signs (see `requirements.sign`) of all processes and of their parameters."""
        return frozenset(
            sign(process_id, name)
            for process_id, names in self.items()
            for name in ("", *(names or ()))
        )


@dataclass(frozen=True)
class Abilities:
    """One backend's abilities, by its last known documents; None: that document is not known.

    `collections` is keyed by federated id; formats, runtimes, service types and billing plans by
    case-folded name; endpoints are written like `POST /jobs/{}/results`; `excluded` says why the
    backend takes no new work, to follow its name, and is empty if it does. `output_types` and
    `input_types` have the types of data (`raster`, `vector`, ...) that the formats are for, where
    the backend says so.
    """

    backend: str
    online: bool = True
    conformance: frozenset[str] = frozenset()
    endpoints: frozenset[str] | None = None
    collections: Mapping[str, CollectionAbility] | None = None
    processes: ProcessAbilities | None = None
    output_formats: Mapping[str, str] | None = None
    input_formats: Mapping[str, str] | None = None
    output_types: Mapping[str, frozenset[str]] = field(default_factory=dict)
    input_types: Mapping[str, frozenset[str]] = field(default_factory=dict)
    udf_runtimes: Mapping[str, tuple[str, ...]] | None = None
    service_types: Mapping[str, str] | None = None
    plans: Mapping[str, str] | None = None
    excluded: str = ""

    @property
    def process_ids(self) -> Collection[str]:
        """The ids of the processes."""
        return self.processes or ()

    @property
    def signs(self) -> frozenset[str]:
        """What can be called: the signs of all processes and of their parameters."""
        return frozenset() if self.processes is None else self.processes.signs

    @property
    def own_ids(self) -> Mapping[str, str]:
        """The backend's own id of each collection that has another one in the federation."""
        known = (self.collections or {}).items()
        return {federated: own.id for federated, own in known if federated != own.id}


def abilities_of(
    backend: str,
    *,
    online: bool = True,
    capabilities: JsonObject | None = None,
    collections: Sequence[JsonObject] | None = None,
    processes: Sequence[JsonObject] | None = None,
    file_formats: JsonObject | None = None,
    udf_runtimes: JsonObject | None = None,
    service_types: JsonObject | None = None,
    collection_names: Mapping[str, str] | None = None,
    allowed: Allowed = _everything,
) -> Abilities:
    """The abilities that a backend's own documents show; None for one that was never seen.

    `collection_names` maps each federated id under which a collection of this backend can be
    reached to the backend's own id; without it the backend's own ids are the federation's. What
    `allowed` refuses is left out. A document of the wrong shape raises nothing: what cannot be used
    in it is passed over.
    """
    known = capabilities or {}
    return Abilities(
        backend=backend,
        online=online,
        conformance=frozenset(c for c in array(known, "conformsTo") if is_text(c)),
        endpoints=frozenset(endpoints_in(known)) or None,
        collections=_collections(collections, collection_names, allowed),
        processes=_processes(processes, allowed),
        output_formats=_names(file_formats, "output"),
        input_formats=_names(file_formats, "input"),
        output_types=_types(file_formats, "output"),
        input_types=_types(file_formats, "input"),
        udf_runtimes=_runtimes(udf_runtimes),
        service_types=None if service_types is None else {n.casefold(): n for n in service_types},
        plans=_plans(known),
    )


@lru_cache(512)
def endpoint(operation: str) -> str:
    """An endpoint with its placeholders unnamed, since every backend may name them otherwise."""
    return _PLACEHOLDER.sub("{}", operation)


def endpoints_in(capabilities: JsonObject) -> Iterator[str]:
    """The endpoints that capabilities list, as `endpoint` writes them."""
    for entry in objects(capabilities, "endpoints"):
        for method in array(entry, "methods"):
            yield endpoint(f"{str(method).upper()} {text(entry, 'path')}")


def _plans(capabilities: JsonObject) -> Mapping[str, str] | None:
    billing = mapping(capabilities, "billing")
    if not is_array(billing.get("plans")):
        return None
    names = (text(plan, "name") for plan in objects(billing, "plans"))
    return {name.casefold(): name for name in names if name}


def _collections(
    documents: Iterable[JsonObject] | None, names: Mapping[str, str] | None, allowed: Allowed
) -> Mapping[str, CollectionAbility] | None:
    if documents is None:
        return None
    found = {
        text(document, "id"): _collection(document)
        for document in documents
        if text(document, "id") and allowed("collection", text(document, "id"))
    }
    if names is None:
        return found
    return {federated: found[own] for federated, own in names.items() if own in found}


def _collection(document: JsonObject) -> CollectionAbility:
    extent = mapping(document, "extent")
    return CollectionAbility(
        id=text(document, "id"),
        bands=frozenset(_bands(document)) or None,
        boxes=published_boxes(array(mapping(extent, "spatial"), "bbox")),
        intervals=published_intervals(array(mapping(extent, "temporal"), "interval")),
    )


def _bands(document: JsonObject) -> Iterator[str]:
    for dimension in mapping(document, "cube:dimensions").values():
        if is_object(dimension) and dimension.get("type") == "bands":
            yield from filter(is_text, array(dimension, "values"))
    summaries = mapping(document, "summaries")
    for source in (summaries, document):
        for key in ("bands", "eo:bands", "raster:bands", "sar:bands"):
            for band in objects(source, key):
                for name in ("name", "common_name", "eo:common_name"):
                    if is_text(band.get(name)):
                        yield band[name]


def _processes(documents: Iterable[JsonObject] | None, allowed: Allowed) -> ProcessAbilities | None:
    if documents is None:
        return None
    offered = [
        document
        for document in documents
        if text(document, "id") and allowed("process", text(document, "id"))
    ]
    found = ProcessAbilities((text(one, "id"), _parameters(one)) for one in offered)
    found.returned = {text(one, "id"): kind for one in offered if (kind := kind_of(one))}
    return found


def _parameters(process: JsonObject) -> frozenset[str] | None:
    if not isinstance(process.get("parameters"), list):
        return None
    return frozenset(text(parameter, "name") for parameter in objects(process, "parameters"))


def _names(file_formats: JsonObject | None, direction: str) -> Mapping[str, str] | None:
    if file_formats is None or not is_object(file_formats.get(direction)):
        return None
    return {name.casefold(): name for name in mapping(file_formats, direction)}


def _types(file_formats: JsonObject | None, direction: str) -> Mapping[str, frozenset[str]]:
    return {
        name.casefold(): frozenset(texts(entry, "gis_data_types"))
        for name, entry in members(file_formats, direction)
    }


def _runtimes(document: JsonObject | None) -> Mapping[str, tuple[str, ...]] | None:
    """Runtimes with their versions, or tags if they are container images."""
    if document is None:
        return None
    runtimes: dict[str, tuple[str, ...]] = {}
    for name, entry in document.items():
        tags: Iterable[Any] = array(entry, "tags") or mapping(entry, "versions")
        runtimes[name.casefold()] = tuple(filter(is_text, tags))
    return runtimes
