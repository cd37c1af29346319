"""Runtimes of user-defined functions: per runtime, per version."""

from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.documents import JsonObject, is_object, is_text, text, texts, version_key
from aggregator.merging.fields import (
    OFFERED,
    Part,
    Parts,
    Place,
    Rule,
    backends_of,
    differ,
    first_usable,
    flag_of_all,
    links,
    unite,
    usable,
    word,
    words,
)
from aggregator.merging.named import (
    documents_in,
    mark,
    members_by_name,
    merge_named,
    objects_by_name,
)
from aggregator.merging.notes import Merged, Notebook

_LIBRARIES: Rule = objects_by_name(
    {"version": word, "deprecated": flag_of_all, "experimental": flag_of_all, "links": links}
)

_VERSION: dict[str, Rule] = {
    "libraries": _LIBRARIES,
    "deprecated": flag_of_all,
    "experimental": flag_of_all,
}


def merge_udf_runtimes(
    by_backend: Mapping[str, JsonObject], *, order: Sequence[str]
) -> Merged[dict[str, Any]]:
    """Merge the backends' UDF runtimes: name to merged runtime.

    Every runtime says who has it, and so does each version of a programming language.
    """
    notebook = Notebook()
    documents = documents_in(by_backend, order, notebook, "udf_runtimes")
    place = Place(notebook, ("udf_runtimes",), backends_of(documents))
    return Merged(merge_named(documents, place, {}, _runtime), notebook.notes)


def _of_one_type(parts: Parts, place: Place) -> list[Part]:
    """The runtimes that can be described together with the first usable one: same type, image."""
    kinds = [Part(part.backend, _kind(part.value)) for part in parts]
    leader = next((kind for kind in kinds if _is_complete(*kind.value)), kinds[0])
    others = [kind.backend for kind in kinds if kind.value != leader.value]
    if others:
        shown = {backend: " ".join(filter(None, kind)) for backend, kind in kinds}
        place.note("runtime-type-differs", others, by_backend=shown)
    return [part for part in parts if part.backend not in others]


def _is_complete(kind: str, image: str) -> bool:
    return kind == "language" or (kind == "docker" and image != "")


def _kind(runtime: JsonObject) -> tuple[str, str]:
    """The type, which is taken from the fields where it is missing, and the container image."""
    image = text(runtime, "docker")
    implied = "docker" if image or "tags" in runtime else "language"
    return text(runtime, "type", implied), image


def _runtime(parts: Parts, place: Place) -> dict[str, Any]:
    alike = _of_one_type(parts, place)
    kind, _ = _kind(alike[0].value)
    place = place.among(backends_of(alike))
    united = unite(alike, place, _FIELDS)
    united["type"] = kind
    if kind == "language":
        united.setdefault("versions", {})
        offered = list(united["versions"])
    else:
        offered = list(texts(united, "tags"))
        _note_partial_tags(alike, place.inside("tags"))
    default = _default(alike, offered, place.inside("default"))
    if default:
        united["default"] = default
    return mark(united, place.offered_by)


def _note_partial_tags(parts: Parts, place: Place) -> None:
    tags = {part.backend: texts(part.value, "tags") for part in parts}
    for tag in dict.fromkeys(tag for listed in tags.values() for tag in listed):
        holders = [backend for backend, listed in tags.items() if tag in listed]
        if len(holders) < len(tags):
            place.inside(tag).note("part-partial", holders)


def _default(parts: Parts, offered: Sequence[str], place: Place) -> str:
    """The first backend's default version that is offered, otherwise the highest offered."""
    stated = [Part(part.backend, text(part.value, "default")) for part in parts]
    good = [part for part in stated if part.value in offered or (part.value and not offered)]
    for part in stated:
        if part.value and part not in good:
            place.unusable(part, "one of the versions that are offered")
    if not good:
        chosen = max(offered, key=version_key, default="")
        place.note("value-missing", backends_of(parts), chosen=chosen)
        return chosen
    if differ(good):
        place.differs(good, good[0].value, "default-version-differs")
    return str(good[0].value)


def _versions(parts: Parts, place: Place) -> Any:
    good = usable(parts, place, is_object, "an object of versions")
    merged = {}
    for version, group in members_by_name(good, place).items():
        backends = backends_of(group)
        inside = place.inside(version, backends)
        if set(backends) != set(place.offered_by):
            inside.note("part-partial", backends)
        united = unite(group, inside, _VERSION)
        united.setdefault("libraries", {})
        merged[version] = mark(united, backends)
    return merged


_checked_later = first_usable(is_text, "text")

_FIELDS: dict[str, Rule] = {
    **OFFERED,
    "type": _checked_later,
    "default": _checked_later,
    "versions": _versions,
    "docker": word,
    "tags": words,
}
