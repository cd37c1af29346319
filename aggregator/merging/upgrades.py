"""Bands of assets, where backends describe them by different versions of an extension.

Version 2 of the extensions `eo` and `raster` forbids what version 1 describes bands with, and has
them in STAC's own `bands`. Where any backend is at version 2, the others are brought there, so that
what is valid by itself is valid together. Source: the migration notes of both extensions.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from aggregator.documents import JsonObject, is_array, is_object, is_text, mapping, texts
from aggregator.merging.fields import Part, Parts

_HOLDERS = ("assets", "item_assets")
_NEWEST = 2


@dataclass(frozen=True)
class _Extension:
    """An extension; the field of its bands in version 1; which of their fields got its prefix."""

    name: str
    prefixed: frozenset[str]

    @property
    def field(self) -> str:
        """Where version 1 has the bands of an asset."""
        return f"{self.name}:bands"

    def version(self, stated: str) -> int:
        """The major version that an entry of `stac_extensions` states, 0 if it is another's."""
        if stated == self.name:
            return 1
        found = re.fullmatch(rf"https?://.+/{self.name}/v([0-9]{{1,4}})[^/]*/[^/]+", stated)
        return int(found[1]) if found else 0

    def renamed(self, band: JsonObject) -> dict[str, Any]:
        """A band as STAC's own `bands` have it."""
        prefixes = {key: f"{self.name}:{key}" for key in self.prefixed}
        return {prefixes.get(key, key): value for key, value in band.items()}


_EXTENSIONS = (
    _Extension(
        "eo",
        frozenset(
            {"common_name", "center_wavelength", "full_width_half_max", "solar_illumination"}
        ),
    ),
    _Extension(
        "raster",
        frozenset(
            {"sampling", "bits_per_sample", "spatial_resolution", "scale", "offset", "histogram"}
        ),
    ),
)


def upgraded(parts: Parts) -> Parts:
    """The backends' collections with the bands of their assets as the newest of them have them."""
    if len(parts) < 2:
        return parts
    versions = {
        part.backend: {extension: _highest(part.value, extension) for extension in _EXTENSIONS}
        for part in parts
    }
    newest = {one for found in versions.values() for one in found if found[one] >= _NEWEST}
    old = {
        backend: [one for one in _EXTENSIONS if one in newest and found[one] < _NEWEST]
        for backend, found in versions.items()
    }
    return [Part(b, _upgraded(value, old[b])) if old[b] else Part(b, value) for b, value in parts]


def _highest(collection: JsonObject, extension: _Extension) -> int:
    return max(map(extension.version, texts(collection, "stac_extensions")), default=0)


def _upgraded(collection: JsonObject, old: Sequence[_Extension]) -> JsonObject:
    changed: dict[str, Any] = {
        key: {name: _asset(asset, old) for name, asset in mapping(collection, key).items()}
        for key in _HOLDERS
        if is_object(collection.get(key))
    }
    if is_array(stated := collection.get("stac_extensions")):
        changed["stac_extensions"] = [item for item in stated if not _is_of(item, old)]
    return {**collection, **changed}


def _is_of(stated: object, old: Sequence[_Extension]) -> bool:
    return is_text(stated) and any(extension.version(stated) for extension in old)


def _asset(asset: object, old: Sequence[_Extension]) -> object:
    """An asset with `bands`; as it is if it has them already or is not of the form expected."""
    if not is_object(asset) or "bands" in asset:
        return asset
    fields = [extension for extension in old if _are_bands(asset.get(extension.field))]
    if not fields:
        return asset
    renamed = [[one.renamed(band) for band in asset[one.field]] for one in fields]
    kept = {key: value for key, value in asset.items() if key not in {f.field for f in fields}}
    return {**kept, "bands": [_joined(bands) for bands in zip_longest(*renamed, fillvalue={})]}


def _joined(bands: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One band of what each extension says of the band at its place."""
    joined: dict[str, Any] = {}
    for band in bands:
        joined |= {key: value for key, value in band.items() if key not in joined}
    return joined


def _are_bands(value: object) -> bool:
    return is_array(value) and all(map(is_object, value))
