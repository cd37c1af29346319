"""Assets of collections, and the assets that their items have."""

from collections.abc import Mapping
from typing import Any

from aggregator.documents import is_object, is_text
from aggregator.merging.bands import BAND_FIELDS, described
from aggregator.merging.fields import (
    ABSENT,
    Part,
    Parts,
    Place,
    Rule,
    absolute,
    backends_of,
    unite,
    usable,
    word,
    wording,
    words,
)
from aggregator.merging.named import Named, mark, members_by_name, objects_by_name

_FIELDS: dict[str, Rule] = {
    "title": wording,
    "description": wording,
    "type": word,
    "roles": words,
    **dict.fromkeys(BAND_FIELDS, described),
}

item_assets: Rule = objects_by_name(_FIELDS)
"""Rule for ``item_assets``: united by name; one that only some backends have says so."""


def assets_from(bases: Mapping[str, str]) -> Rule:
    """Rule for ``assets``: all files of all backends.

    Backends often have files of their own under a common name (`thumbnail`). The first keeps
    the name, each other file gets its backend's id behind it. Relative URLs are resolved
    against the backend's base, if it has one.
    """

    def rule(parts: Parts, place: Place) -> Any:
        good = usable(parts, place, is_object, "an object")
        if not good:
            return ABSENT
        known = place.among(backends_of(good))
        merged: dict[str, Any] = {}
        for name, files in _files(members_by_name(good, known), bases, known).items():
            backends = backends_of(files)
            merged[name] = unite(files, known.inside(name, backends), _FIELDS)
            if set(backends) != set(known.offered_by):
                mark(merged[name], backends)
        return merged

    return rule


def _files(groups: Named, bases: Mapping[str, str], place: Place) -> Named:
    """Give each different file its own name."""
    files: Named = {}
    for name, parts in groups.items():
        by_url: dict[str, list[Part]] = {}
        for part in parts:
            asset = _located(part, bases.get(part.backend, ""), place.inside(name))
            if asset is not None:
                by_url.setdefault(asset["href"], []).append(Part(part.backend, asset))
        for number, same in enumerate(by_url.values()):
            shown = name if number == 0 else _free(f"{name}-{same[0].backend}", groups)
            if number:
                place.inside(name).note("asset-renamed", backends_of(same), chosen=shown)
            files[shown] = same
    return files


def _free(name: str, taken: Named) -> str:
    while name in taken:
        name += "-"
    return name


def _located(part: Part, base: str, place: Place) -> Mapping[str, Any] | None:
    href = part.value.get("href")
    resolved = absolute(href, base) if is_text(href) else None
    if resolved is None:
        place.unusable(part, "an asset with an absolute href")
        return None
    return part.value if resolved == href else {**part.value, "href": resolved}
