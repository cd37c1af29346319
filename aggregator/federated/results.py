"""The results of several parts as one STAC Collection: what each part gives, under one id.

Source: openEO API, "GET /jobs/{job_id}/results"; STAC Collection 1.0 and 1.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aggregator.documents import JsonObject, array, mapping, objects, text, texts
from aggregator.merging.extents import hull, is_box, is_interval, span
from aggregator.merging.times import moment
from aggregator.moments import moment_of

STAC_VERSION = "1.0.0"
VARIOUS = {"1.0.0": "various", "1.1.0": "other"}


@dataclass(frozen=True)
class Given:
    """The results document of a part: a STAC Collection, or an Item as older backends give it."""

    part: str
    backend: str
    document: JsonObject


def joined(identifier: str, given: Sequence[Given], about: Mapping[str, Any]) -> dict[str, Any]:
    """One Collection of all results, in the order in which they are given; one at least.

    Assets are named after part and file. `about` has what is known of the job itself, such as its
    title. Links lead to the results of each part.
    """
    documents = [one.document for one in given]
    versions = sorted({text(d, "stac_version") for d in documents} & VARIOUS.keys())
    version = versions[0] if versions else STAC_VERSION
    extensions = dict.fromkeys(name for d in documents for name in texts(d, "stac_extensions"))
    licences = {text(document, "license") for document in documents}
    known = licences.pop() if len(licences) == 1 else ""
    return {
        "type": "Collection",
        "stac_version": version,
        **({"stac_extensions": list(extensions)} if extensions else {}),
        "id": identifier,
        "description": f"The results of {len(given)} parts.",
        **about,
        "license": known or VARIOUS[version],
        "extent": {
            "spatial": {"bbox": _with_overall(list(_boxes(documents)), hull, [-180, -90, 180, 90])},
            "temporal": {
                "interval": _with_overall(list(_intervals(documents)), span, [None, None])
            },
        },
        "links": [link for one in given for link in _links(one)],
        "assets": dict(asset for one in given for asset in _assets(one)),
    }


def available_until(given: Sequence[Given]) -> int | None:
    """Until when all assets can be had, in milliseconds: the earliest `expires` that is stated."""
    moments = (
        moment(text(one.document, "expires") or mapping(one.document, "properties").get("expires"))
        for one in given
    )
    return min((moment_of(when) for when in moments if when is not None), default=None)


def _assets(one: Given) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, asset in mapping(one.document, "assets").items():
        if isinstance(asset, Mapping):
            yield f"{one.part}_{name}", {**asset, "federation:backends": [one.backend]}


def _links(one: Given) -> Iterator[dict[str, Any]]:
    """Where the results of a part are to be read, and the items in them."""
    whole = "item" if text(one.document, "type") == "Feature" else "child"
    for link in objects(one.document, "links"):
        kind = {"canonical": whole, "item": "item"}.get(text(link, "rel"))
        if kind is not None:
            yield {**link, "rel": kind, "title": _title(one, link)}


def _title(one: Given, link: JsonObject) -> str:
    own = text(link, "title") if link.get("rel") == "item" else ""
    return f"{one.part} at {one.backend}" + (f": {own}" if own else "")


def _boxes(documents: Sequence[JsonObject]) -> Iterator[Any]:
    for document in documents:
        spatial = array(mapping(mapping(document, "extent"), "spatial"), "bbox")
        yield from filter(is_box, [document.get("bbox"), *spatial[:1]])


def _intervals(documents: Sequence[JsonObject]) -> Iterator[Any]:
    for document in documents:
        stated = mapping(document, "properties")
        moment = stated.get("datetime")
        own = [stated.get("start_datetime", moment), stated.get("end_datetime", moment)]
        temporal = array(mapping(mapping(document, "extent"), "temporal"), "interval")
        known = [own] if any(own) else []
        yield from filter(is_interval, [*known, *temporal[:1]])


def _with_overall(parts: list[Any], unite: Any, unknown: list[Any]) -> list[Any]:
    """The overall extent, then those of the parts, each once."""
    if not parts:
        return [unknown]
    overall = unite(parts)
    others = [part for n, part in enumerate(parts) if part != overall and part not in parts[:n]]
    return [overall, *others]
