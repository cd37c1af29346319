"""STAC that others wrote: read with deadlines, and described as a collection here.

Light: pystac only, no raster is opened. `backends.stac_source` loads the rasters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pystac
import requests
from pystac.stac_io import DefaultStacIO

from backends.errors import OpenEOError
from backends.profile import CollectionSpec

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 30.0
MAX_ITEMS: Final = 1000

_DATACUBE: Final = "https://stac-extensions.github.io/datacube/v2.2.0/schema.json"
_RASTER_TYPES: Final = ("image/tiff", "image/jp2", "image/vnd.stac.geotiff")
_RASTER_ENDINGS: Final = (".tif", ".tiff", ".jp2")
_PICTURES: Final = {"thumbnail", "overview", "metadata"}


class _DeadlineIO(DefaultStacIO):
    """Reads the web with deadlines, and local files where the source is one itself."""

    def __init__(self, *, local: bool) -> None:
        super().__init__()
        self.local = local

    def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:  # noqa: ARG002
        href = str(source)
        if not is_remote(href):
            if not self.local:
                raise ValueError("a source in the web must not lead to local files")
            return Path(href.removeprefix("file://")).read_text(encoding="utf-8")
        response = requests.get(href, timeout=(CONNECT_SECONDS, READ_SECONDS))
        response.raise_for_status()
        return response.text


def is_remote(href: str) -> bool:
    """Whether an href leads into the web."""
    return href.startswith(("http://", "https://"))


@dataclass(frozen=True)
class RasterBand:
    """One band of real data: the asset that holds it, the number (from 1) in its file."""

    name: str
    asset: str
    number: int
    description: Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """A STAC collection or single item with everything below it, read."""

    document: Mapping[str, Any]
    items: tuple[pystac.Item, ...]
    bands: tuple[RasterBand, ...]

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """The box around all items, in WGS84."""
        boxes = [box for item in self.items if (box := _flat(item.bbox)) is not None]
        if not boxes:
            boxes = [_flat(box) or (-180.0, -90.0, 180.0, 90.0) for box in self._boxes()]
        return (
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
        )

    def _boxes(self) -> list[list[float]]:
        spatial = self.document.get("extent", {}).get("spatial", {})
        return list(spatial.get("bbox") or [[-180.0, -90.0, 180.0, 90.0]])

    @property
    def interval(self) -> tuple[str, str]:
        """The first and last moment of all items."""
        moments = [moment(item) for item in self.items]
        return min(moments), max(moments)


def moment(item: pystac.Item) -> str:
    """When an item is: its `datetime`, or else its `start_datetime`; RFC 3339 in UTC."""
    properties = item.properties
    text = properties.get("datetime") or properties.get("start_datetime")
    if item.datetime is not None:
        text = item.datetime.strftime("%Y-%m-%dT%H:%M:%SZ")
    if not text:
        raise OpenEOError("Internal", f"STAC item '{item.id}' has no date.")
    return str(text)


def _flat(box: list[float] | None) -> tuple[float, float, float, float] | None:
    """A box of two dimensions; boxes of three have heights in between."""
    if box is None or len(box) not in {4, 6}:
        return None
    half = len(box) // 2
    return box[0], box[1], box[half], box[half + 1]


def read_source(href: str) -> Source:
    """Read a STAC collection or item, static or behind a STAC API.

    `href`: a local path or an http(s) URL. At most MAX_ITEMS items are read. Raises
    OpenEOError `Internal` naming the source where it cannot be read or has no raster.
    """
    source = read_tree(href, _DeadlineIO(local=not is_remote(href)))
    if not source.bands:
        raise OpenEOError("Internal", f"The STAC source '{_shown(href)}' holds no raster.")
    return source


def read_tree(href: str, reader: DefaultStacIO) -> Source:
    """As `read_source`, with what reads the documents; there may be no raster."""
    try:
        root = reader.read_stac_object(_absolute(href))
        items = tuple(_items(root, reader))
    except (OSError, requests.RequestException, pystac.STACError, ValueError, KeyError) as error:
        raise OpenEOError(
            "Internal", f"The STAC source '{_shown(href)}' cannot be read: {_why(error)}."
        ) from error
    document = root.to_dict(include_self_link=False, transform_hrefs=False)
    return Source(document, items, _bands(items))


def _absolute(href: str) -> str:
    return href if "://" in href else str(Path(href).resolve())


def _shown(href: str) -> str:
    """The last part of an href: whole paths and query strings are nobody's business."""
    return href.split("?", maxsplit=1)[0].rstrip("/").rsplit("/", maxsplit=1)[-1]


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _items(root: pystac.STACObject, reader: DefaultStacIO) -> Iterator[pystac.Item]:
    if isinstance(root, pystac.Item):
        yield root
        return
    if not isinstance(root, pystac.Catalog):
        raise ValueError("neither a collection nor an item")
    root.set_root(None)
    root._stac_io = reader  # pystac hands it on to all that is read from here
    yield from islice(_all_items(root, reader), MAX_ITEMS)


def _all_items(root: pystac.Catalog, reader: DefaultStacIO) -> Iterator[pystac.Item]:
    pages = root.get_single_link("items")
    if pages is None or any(root.get_links("item")):
        yield from _below(root)
        return
    following: str | None = pages.get_absolute_href()
    while following:
        page = reader.read_json(following)
        for feature in page.get("features", []):
            yield pystac.Item.from_dict(feature)
        links = {link["rel"]: link["href"] for link in page.get("links", [])}
        following = links.get("next")


def _below(root: pystac.Catalog) -> Iterator[pystac.Item]:
    """The items of a catalogue and of those below it, each catalogue once."""
    waiting, seen = deque([root]), set()
    while waiting:
        catalog = waiting.popleft()
        if id(catalog) in seen:
            continue
        seen.add(id(catalog))
        for item in catalog.get_items():
            if not isinstance(item, pystac.Item):
                raise ValueError("a link to an item leads to something else")
            yield item
        waiting.extend(catalog.get_children())


def _bands(items: tuple[pystac.Item, ...]) -> tuple[RasterBand, ...]:
    """The bands of all items in the order of their first appearance."""
    found: dict[str, RasterBand] = {}
    for item in items:
        for band in item_bands(item):
            found.setdefault(band.name, band)
    return tuple(found.values())


def item_bands(item: pystac.Item) -> Iterator[RasterBand]:
    """The bands of an item's raster assets, named as the asset names them.

    An asset of one band without a name is called by its key; one of several by
    key and number.
    """
    for key, asset in item.assets.items():
        if not _is_raster(asset):
            continue
        described = _described(asset)
        for number, band in enumerate(described, start=1):
            fallback = key if len(described) == 1 else f"{key}_{number}"
            yield RasterBand(str(band.get("name") or fallback), key, number, band)


def _is_raster(asset: pystac.Asset) -> bool:
    if _PICTURES & set(asset.roles or ()):
        return False
    kind = (asset.media_type or "").lower()
    if kind:
        return kind.startswith(_RASTER_TYPES)
    return asset.href.split("?", maxsplit=1)[0].lower().endswith(_RASTER_ENDINGS)


def _described(asset: pystac.Asset) -> list[Mapping[str, Any]]:
    """What the asset says of each of its bands; at least one."""
    fields = asset.extra_fields
    bands = fields.get("bands") or fields.get("eo:bands") or []
    rasters = fields.get("raster:bands") or []
    count = max(len(bands), len(rasters), 1)
    pairs = zip(_padded(bands, count), _padded(rasters, count), strict=True)
    return [{**raster, **band} for band, raster in pairs]


def _padded(entries: list[Mapping[str, Any]], count: int) -> list[Mapping[str, Any]]:
    return [*entries, *({} for _ in range(count - len(entries)))]


def describe_stac(spec: CollectionSpec, version: str) -> dict[str, Any]:
    """The collection document for real data, made from the STAC that was found.

    Own fields of the source (license, providers, keywords, summaries, assets) are kept;
    extents and dimensions are those of its items.
    """
    source = read_source(str(spec.options["href"]))
    found = source.document
    box, interval = list(source.bbox), list(source.interval)
    title = spec.options.get("title") or found.get("title") or spec.id
    summaries = {**found.get("summaries", {}), "eo:bands": [_eo_band(b) for b in source.bands]}
    if version == "1.1.0":
        summaries["bands"] = [{**band.description, "name": band.name} for band in source.bands]
    return {
        "type": "Collection",
        "stac_version": version,
        "stac_extensions": sorted({_DATACUBE, *_kept_extensions(found)}),
        "id": spec.id,
        "title": title,
        "description": spec.options.get("description") or found.get("description") or title,
        "keywords": list(found.get("keywords") or ["STAC", "raster"]),
        "license": found.get("license") or "other",
        "providers": list(found.get("providers") or []),
        "extent": {"spatial": {"bbox": [box]}, "temporal": {"interval": [interval]}},
        "cube:dimensions": _dimensions(source, box, interval),
        "summaries": summaries,
        "links": [link for link in found.get("links", []) if link["rel"] in {"license", "about"}],
    }


def _kept_extensions(found: Mapping[str, Any]) -> list[str]:
    kept = ("eo", "raster", "proj", "classification", "sar", "sat", "scientific")
    listed = found.get("stac_extensions") or []
    return [url for url in listed if any(f"/{name}" in url for name in kept)]


def _dimensions(source: Source, box: list[float], interval: list[str]) -> dict[str, Any]:
    west, south, east, north = box
    moments = sorted({moment(item) for item in source.items})
    return {
        "x": {"type": "spatial", "axis": "x", "extent": [west, east], "reference_system": 4326},
        "y": {"type": "spatial", "axis": "y", "extent": [south, north], "reference_system": 4326},
        "t": {"type": "temporal", "extent": interval, "step": None, "values": moments},
        "bands": {"type": "bands", "values": [band.name for band in source.bands]},
    }


def _eo_band(band: RasterBand) -> dict[str, Any]:
    """A band with the names of the EO extension 1.x, whichever version the source uses."""
    known = {key.removeprefix("eo:"): value for key, value in band.description.items()}
    kept = ("description", "common_name", "center_wavelength", "full_width_half_max", "gsd")
    return {"name": band.name, **{key: known[key] for key in kept if key in known}}
