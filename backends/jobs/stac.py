"""Results as STAC: a collection with all files, and an item for each located one.

STAC 1.0.0 with the projection and electro-optical extensions, as libraries that
read job results expect it (openEO API, GET /jobs/{job_id}/results).
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from backends.jobs.records import Asset, Job, timestamp
from backends.jobs.requested import requested_bbox, requested_interval
from backends.profile import Profile

STAC_VERSION: Final = "1.0.0"
JSON: Final = "application/json"
GEOJSON: Final = "application/geo+json"

PROJECTION: Final = "https://stac-extensions.github.io/projection/v1.1.0/schema.json"
ELECTRO_OPTICAL: Final = "https://stac-extensions.github.io/eo/v1.1.0/schema.json"
RASTER: Final = "https://stac-extensions.github.io/raster/v1.1.0/schema.json"
DATACUBE: Final = "https://stac-extensions.github.io/datacube/v2.2.0/schema.json"
FILE: Final = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
WORLD: Final = [-180.0, -90.0, 180.0, 90.0]

_RASTER: Final = frozenset({"data_type", "nodata", "statistics", "unit", "scale", "offset"})
"""What the raster extension says of bands."""

_OWN_PLACE: Final = frozenset(
    {
        *("bands", "bbox", "datetime", "start_datetime", "end_datetime", "geometry"),
        # Of version 2 of the projection extension; here it is `proj:epsg`.
        "proj:code",
    }
)
ITEM_ASSET: Final = "data"
"""The same key in every item, so that readers can stack the items over time."""


class Hrefs(Protocol):
    """How the parts of a result refer to one another."""

    @property
    def collection(self) -> str:
        """The collection, as an item refers to it."""

    def file(self, asset: Asset) -> str:
        """A file, as the document that holds it as an asset refers to it."""

    def item(self, asset: Asset) -> str:
        """The item of a file, as the collection refers to it."""


def result_collection(
    job: Job, assets: Sequence[Asset], hrefs: Hrefs, profile: Profile
) -> dict[str, Any]:
    """The STAC collection of a job's files, its items among the links."""
    return {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "stac_extensions": _extensions(assets),
        "id": job.id,
        "title": job.title or f"Results of batch job {job.id}",
        "description": job.description or f"Results of batch job {job.id}.",
        "license": "proprietary",
        "providers": _providers(profile),
        "extent": _extent(job, assets, profile),
        "created": timestamp(job.created),
        "updated": timestamp(job.updated),
        "openeo:status": job.status if job.status != "queued" else "running",
        "assets": {asset.name: asset_document(asset, hrefs.file(asset)) for asset in assets},
        "links": [
            {"rel": "item", "href": hrefs.item(asset), "type": GEOJSON, "title": asset.name}
            for asset in assets
            if is_located(asset)
        ],
    }


def is_located(asset: Asset) -> bool:
    """Whether it is known where on the Earth a file lies; such a file has an item."""
    return "bbox" in asset.metadata


def result_item(job: Job, asset: Asset, hrefs: Hrefs, profile: Profile) -> dict[str, Any]:
    """The STAC item of one file."""
    bbox = asset.metadata.get("bbox")
    document = {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": _extensions([asset]),
        "id": f"{job.id}-{asset.name}",
        "collection": job.id,
        "geometry": asset.metadata.get("geometry") or (_polygon(bbox) if bbox else None),
        "properties": _properties(job, asset, profile),
        "assets": {ITEM_ASSET: asset_document(asset, hrefs.file(asset))},
        "links": [
            {"rel": rel, "href": hrefs.collection, "type": JSON} for rel in ("collection", "parent")
        ],
    }
    return document | ({"bbox": bbox} if bbox else {})


def asset_document(asset: Asset, href: str) -> dict[str, Any]:
    """One file as a STAC asset."""
    known = {key: value for key, value in asset.metadata.items() if key not in _OWN_PLACE}
    document: dict[str, Any] = {
        "title": asset.name,
        **known,
        "href": href,
        "type": asset.media_type,
        "roles": list(asset.roles),
        "file:size": asset.size,
    }
    if bands := asset.metadata.get("bands"):
        # For readers of STAC 1.1, and in two parts for those of 1.0.
        document |= {"bands": bands, **_parted(bands)}
    return document


def _parted(bands: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """What is known of bands, as the extensions for STAC 1.0 part it."""
    named = [{key: band[key] for key in band if key not in _RASTER} for band in bands]
    measured = [{key: band[key] for key in band if key in _RASTER} for band in bands]
    return {"eo:bands": named, **({"raster:bands": measured} if any(measured) else {})}


def _properties(job: Job, asset: Asset, profile: Profile) -> dict[str, Any]:
    metadata = asset.metadata
    properties = {"created": timestamp(job.created), "datetime": metadata.get("datetime")}
    start, end = metadata.get("start_datetime"), metadata.get("end_datetime")
    if start and end:
        properties |= {"start_datetime": start, "end_datetime": end}
    elif properties["datetime"] is None:
        start, end = _interval(job, profile)
        properties |= {"start_datetime": start, "end_datetime": end}
    return properties


def _extensions(assets: Iterable[Asset]) -> list[str]:
    found = {FILE}
    for asset in assets:
        if any(key.startswith("proj:") for key in asset.metadata):
            found.add(PROJECTION)
        if "cube:dimensions" in asset.metadata:
            found.add(DATACUBE)
        if bands := asset.metadata.get("bands"):
            found.add(ELECTRO_OPTICAL)
            found |= {RASTER} if "raster:bands" in _parted(bands) else set()
    return sorted(found)


def _providers(profile: Profile) -> list[dict[str, Any]]:
    provider = profile.provider
    told = {"description": provider.description, "url": provider.url}
    known = {key: value for key, value in told.items() if value is not None}
    return [{"name": provider.name, **known, "roles": ["processor", "host"]}]


def _extent(job: Job, assets: Sequence[Asset], profile: Profile) -> dict[str, Any]:
    boxes = [asset.metadata["bbox"] for asset in assets if "bbox" in asset.metadata]
    asked = None if boxes else requested_bbox(job.process, profile)
    moments = sorted(
        asset.metadata[key]
        for asset in assets
        for key in ("datetime", "start_datetime", "end_datetime")
        if asset.metadata.get(key)
    )
    interval = [moments[0], moments[-1]] if moments else _interval(job, profile)
    return {
        "spatial": {"bbox": [_union(boxes) if boxes else asked or WORLD]},
        "temporal": {"interval": [interval]},
    }


def _interval(job: Job, profile: Profile) -> list[str]:
    """What the process asks for; where nobody says, all that is known is when it was made."""
    created = timestamp(job.created)
    return requested_interval(job.process, profile) or [created, created]


def _union(boxes: list[list[float]]) -> list[float]:
    west, south, east, north = zip(*boxes, strict=True)
    return [min(west), min(south), max(east), max(north)]


def _polygon(bbox: list[float]) -> dict[str, Any]:
    west, south, east, north = bbox
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
