"""Collections: the union of what the backends have, as valid STAC."""

from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.documents import JsonObject, is_object, is_text, objects, text
from aggregator.merging.assets import assets_from, item_assets
from aggregator.merging.bands import (
    BAND_FIELDS,
    band_names,
    described,
    marked,
    marked_assets,
    note_partial,
    who_has,
)
from aggregator.merging.dimensions import dimensions, variables
from aggregator.merging.extents import ALWAYS, EVERYWHERE, extent_as
from aggregator.merging.fields import (
    ABSENT,
    BACKENDS,
    Part,
    Parts,
    Place,
    Rule,
    backends_of,
    base_of,
    first_that,
    flag_of_all,
    links,
    missing,
    union_of,
    unite,
    word,
    wording,
    words,
)
from aggregator.merging.named import array_by_name, documents_in
from aggregator.merging.notes import Merged, Notebook
from aggregator.merging.stac import extensions_as, is_at_least, licence_as, stac_version
from aggregator.merging.summaries import summaries_as
from aggregator.merging.upgrades import upgraded

ByBackend = Mapping[str, JsonObject]

_PROVIDERS: Rule = array_by_name(
    {"name": word, "description": wording, "roles": words, "url": word}, partial=None
)

_FIELDS: dict[str, Rule] = {
    "type": first_that(lambda value: value == "Collection", "Collection"),
    "common_name": word,
    "title": wording,
    "description": wording,
    "keywords": words,
    "version": word,
    "deprecated": flag_of_all,
    "experimental": flag_of_all,
    "providers": _PROVIDERS,
    "links": links,
    "item_assets": item_assets,
    "cube:dimensions": dimensions,
    "cube:variables": variables,
    "crs": union_of(is_text, "text"),
    "sci:doi": word,
    "sci:citation": wording,
    "sci:publications": union_of(is_object, "publications"),
    **dict.fromkeys(BAND_FIELDS, described),
}


def merge_collection(
    collection_id: str, by_backend: ByBackend, *, order: Sequence[str]
) -> Merged[dict[str, Any]]:
    """Merge the backends' full descriptions of one collection under a federated id.

    The backends may know it under other ids. Without any usable document the result is
    an empty object.
    """
    notebook = Notebook()
    parts = documents_in(by_backend, order, notebook, f"collections/{collection_id}")
    return Merged(_merged(collection_id, parts, notebook) if parts else {}, notebook.notes)


def merge_entries(collection_id: str, parts: Parts) -> Merged[dict[str, Any]]:
    """Merge the entries of a collection in the backends' listings, as `names` has grouped them."""
    notebook = Notebook()
    return Merged(_merged(collection_id, parts, notebook), notebook.notes)


def _merged(collection_id: str, parts: Parts, notebook: Notebook) -> dict[str, Any]:
    backends = list(backends_of(parts))
    place = Place(notebook, ("collections", collection_id), tuple(backends))
    version = _version(parts, place)
    parts = upgraded(parts)
    united = unite(parts, place, _rules(collection_id, version, parts))
    _complete(united, collection_id, version, place)
    united.setdefault("summaries", {})
    _mark_bands(united, who_has(parts), place)
    united["summaries"][BACKENDS] = backends
    united[BACKENDS] = backends
    return united


def _version(parts: Parts, place: Place) -> str:
    """The version of STAC of the merged collection: 1.0.0 where no backend states one."""
    stated = [Part(p.backend, p.value["stac_version"]) for p in parts if "stac_version" in p.value]
    version = stac_version(stated, place.inside("stac_version"))
    return "" if version is ABSENT else str(version)


def _rules(collection_id: str, version: str, parts: Parts) -> dict[str, Rule]:
    modern = version == "" or is_at_least(version, "1.0.0-rc.1")
    bases = {part.backend: base_of(part.value.get("links")) for part in parts}
    return {
        **_FIELDS,
        "id": lambda *_: collection_id,
        "stac_version": lambda *_: version or ABSENT,
        "stac_extensions": extensions_as(modern),
        "extent": extent_as(version),
        "summaries": summaries_as(modern),
        "license": licence_as(version),
        "assets": assets_from(bases),
    }


def _complete(united: dict[str, Any], collection_id: str, version: str, place: Place) -> None:
    """State what STAC requires and no backend gives."""
    required: dict[str, Any] = {
        "id": collection_id,
        "stac_version": version or "1.0.0",
        "description": text(united, "title", collection_id),
        "license": "other" if is_at_least(version, "1.1.0") else "proprietary",
        "links": [],
    }
    if not version or is_at_least(version, "1.0.0-rc.1"):
        united.setdefault("type", "Collection")
    for key, stand_in in required.items():
        if key not in united:
            united[key] = missing(stand_in, place.inside(key))
    united["extent"] = _complete_extent(united.get("extent", {}), place.inside("extent"))


def _complete_extent(extent_: dict[str, Any], place: Place) -> dict[str, Any]:
    widest: dict[str, dict[str, Any]] = {
        "spatial": {"bbox": [list(EVERYWHERE)]},
        "temporal": {"interval": [list(ALWAYS)]},
    }
    complete = dict(extent_)
    for kind, stand_in in widest.items():
        given = complete.get(kind, {})
        if not given.keys() >= stand_in.keys():
            complete[kind] = {**missing(stand_in, place.inside(kind)), **given}
    return complete


def _mark_bands(united: dict[str, Any], partial: dict[str, tuple[str, ...]], place: Place) -> None:
    """Say of each band that only some backends have who does, wherever it is described."""
    if not partial:
        return
    note_partial(partial, place.inside("bands"))
    _describe_all(united, partial)
    for holder in (united, united["summaries"]):
        for key in BAND_FIELDS:
            if key in holder:
                holder[key] = marked(holder[key], partial)
    for key in ("assets", "item_assets"):
        if key in united:
            united[key] = marked_assets(united[key], partial)


def _describe_all(united: dict[str, Any], partial: dict[str, tuple[str, ...]]) -> None:
    """See to it that each band that only some backends have is described, to say who does.

    Labels of a dimension cannot say it. Where they are all that there is, the bands are
    listed in the summaries as well.
    """
    summaries = united["summaries"]
    described_ = {
        text(band, "name")
        for holder in (united, summaries)
        for key in BAND_FIELDS
        for band in objects(holder, key)
    }
    if described_.issuperset(partial):
        return
    key = next((key for key in BAND_FIELDS if key in summaries), "bands")
    names = [name for name in band_names(united) if name not in described_]
    summaries[key] = [*summaries.get(key, []), *({"name": name} for name in names)]
