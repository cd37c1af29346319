"""Versions and extensions of STAC, and the fields in which versions differ."""

import re
from functools import lru_cache
from typing import Any

from aggregator.documents import is_text, version_key
from aggregator.merging.fields import (
    ABSENT,
    Part,
    Parts,
    Place,
    Rule,
    arrays_in,
    by_backend,
    differ,
    usable,
)

_VERSION = re.compile(r"[0-9]+\.[0-9]+(\.[0-9]+)?(-[0-9A-Za-z.-]+)?")
_EXTENSION = re.compile(
    r"(?P<name>https?://.+)/v(?P<version>(?P<major>[0-9]+)[^/]*)/(?P<file>[^/]+)"
)

LATEST_MAJOR = 1
"""The highest major version of STAC that openEO allows."""

_SCHEMAS = "https://stac-extensions.github.io/{}/schema.json"
SHORT_NAMES = {
    "checksum": _SCHEMAS.format("file/v1.0.0"),
    "collection-assets": "",
    "datacube": _SCHEMAS.format("datacube/v1.0.0"),
    "eo": _SCHEMAS.format("eo/v1.0.0"),
    "item-assets": _SCHEMAS.format("item-assets/v1.0.0"),
    "label": _SCHEMAS.format("label/v1.0.0"),
    "pointcloud": _SCHEMAS.format("pointcloud/v1.0.0"),
    "processing": _SCHEMAS.format("processing/v1.0.0"),
    "projection": _SCHEMAS.format("projection/v1.0.0"),
    "sar": _SCHEMAS.format("sar/v1.0.0"),
    "sat": _SCHEMAS.format("sat/v1.0.0"),
    "scientific": _SCHEMAS.format("scientific/v1.0.0"),
    "tiled-assets": _SCHEMAS.format("tiled-assets/v1.0.0"),
    "timestamps": _SCHEMAS.format("timestamps/v1.0.0"),
    "version": _SCHEMAS.format("version/v1.0.0"),
    "view": _SCHEMAS.format("view/v1.0.0"),
}
"""Extensions as STAC 0.9 named them, and their schemas since 1.0; empty where STAC 1.0 has
the fields itself."""


def is_stac_version(value: object) -> bool:
    """Say whether a value is a version number with major and minor version."""
    return is_text(value) and _VERSION.fullmatch(value) is not None


def stac_version(parts: Parts, place: Place) -> Any:
    """Rule for ``stac_version``: the highest that openEO allows, otherwise the highest."""
    good = usable(parts, place, is_stac_version, "a version such as 1.0.0")
    if not good:
        return ABSENT
    versions = [part.value for part in good]
    allowed = [version for version in versions if _major(version) <= LATEST_MAJOR]
    chosen = max(allowed or versions, key=version_key)
    if differ(good):
        place.differs(good, chosen, "stac-version-differs")
    return chosen


def _major(version: str) -> int:
    return int(version.partition(".")[0][:9])


def is_at_least(version: object, minimum: str) -> bool:
    """Compare versions as versions: 1.10 is at least 1.9. What is no version is not."""
    return is_stac_version(version) and version_key(version) >= version_key(minimum)


def extensions_as(modern: bool) -> Rule:
    """Rule for ``stac_extensions``: all, of each major version of one only the highest.

    In a ``modern`` document (STAC 1.0 and later) by the URLs of their schemas.
    """

    def rule(parts: Parts, place: Place) -> Any:
        arrays = arrays_in(parts, place, is_text, "an array of extensions")
        highest: dict[object, str] = {}
        for part in arrays:
            good = usable([Part(part.backend, item) for item in part.value], place, is_text, "text")
            for item in (one.value for one in good):
                extension = SHORT_NAMES.get(item, item) if modern else item
                known = highest.setdefault(_extension_key(extension), extension)
                if _extension_version(extension) > _extension_version(known):
                    highest[_extension_key(extension)] = extension
        return [extension for extension in highest.values() if extension] if arrays else ABSENT

    return rule


@lru_cache(maxsize=1024)
def _extension_key(extension: str) -> object:
    """What is the same for all minor versions of an extension."""
    found = _EXTENSION.fullmatch(extension)
    return (found["name"], found["major"], found["file"]) if found else extension


@lru_cache(maxsize=1024)
def _extension_version(extension: str) -> Any:
    found = _EXTENSION.fullmatch(extension)
    return version_key(found["version"]) if found else version_key("")


def licence_as(version: object) -> Rule:
    """Rule for ``license``: the one that all state; otherwise that there are several.

    Several licences are `other` in STAC 1.1 and later, before that `various`.
    """

    def rule(parts: Parts, place: Place) -> Any:
        good = usable(parts, place, is_text, "text")
        if not good:
            return ABSENT
        if not differ(good):
            return good[0].value
        several = "other" if is_at_least(version, "1.1.0") else "various"
        place.note(
            "licence-differs",
            [part.backend for part in good],
            by_backend=by_backend(good),
            chosen=several,
        )
        return several

    return rule
