"""Parameters: of processes and of resources (file formats, service types)."""

from collections.abc import Iterator, Mapping
from typing import Any

from aggregator.documents import (
    JsonObject,
    flag,
    is_array,
    is_flag,
    is_object,
    is_text,
)
from aggregator.merging.fields import (
    ABSENT,
    BACKENDS,
    Part,
    Parts,
    Place,
    Rule,
    anything,
    backends_of,
    differ,
    first_that,
    first_usable,
    flag_of_all,
    missing,
    union_of,
    unite,
    usable,
    word,
    wording,
)
from aggregator.merging.named import (
    entries_by_name,
    members_by_name,
    merged_groups,
)

ANY = "any"
"""The type of a schema that states none."""

SCHEMA = "a schema or an array of schemas"

Type = tuple[str, str]
"""A type of JSON and the subtype of openEO, which may be empty."""


# Types


def types_of(schema: object) -> frozenset[Type]:
    """The types that a schema allows, however it is written.

    A schema is an object or an array of alternatives; `type` is a name or an array of names.
    """
    return frozenset(kind for alternative in alternatives(schema) for kind in _types(alternative))


def alternatives(schema: object) -> list[JsonObject]:
    """The alternatives of a schema: its members if it is an array, otherwise itself."""
    if is_array(schema):
        return [alternative for alternative in schema if is_object(alternative)]
    return [schema] if is_object(schema) else []


def _types(schema: JsonObject) -> Iterator[Type]:
    subtype = schema.get("subtype")
    nested = [part for key in ("anyOf", "oneOf") for part in alternatives(schema.get(key))]
    if "type" not in schema and nested:
        for alternative in nested:
            yield from _types(alternative)
        return
    stated = schema.get("type", ANY)
    for kind in stated if is_array(stated) else [stated]:
        yield (kind if is_text(kind) else ANY, subtype if is_text(subtype) else "")


def shown_types(types: frozenset[Type]) -> list[str]:
    """Write types for a reader: `object/bounding-box`, `null`."""
    return sorted(f"{kind}/{subtype}" if subtype else kind for kind, subtype in types)


def schema(parts: Parts, place: Place) -> Any:
    """Rule for the schema of a parameter: the first backend's, and the other types.

    Types that only some backends accept are alternatives that say who does.
    """
    good = usable(parts, place, is_schema, SCHEMA)
    if not good:
        return ABSENT
    good = [_without_members(part, place) for part in good]
    types = {part.backend: types_of(part.value) for part in good}
    if len(set(types.values())) == 1:
        return good[0].value
    shown = {backend: shown_types(found) for backend, found in types.items()}
    place.note("parameter-schema-differs", backends_of(good), by_backend=shown)
    return list(_all_alternatives(good, types))


def _all_alternatives(parts: Parts, types: Mapping[str, frozenset[Type]]) -> Iterator[JsonObject]:
    """Each alternative that allows a type not seen before, with the backends that accept it."""
    seen: set[Type] = set()
    for part in parts:
        for alternative in alternatives(part.value):
            kinds = frozenset(_types(alternative))
            if kinds <= seen and part is not parts[0]:
                continue
            seen |= kinds
            able = [backend for backend, accepted in types.items() if kinds <= accepted]
            everyone = len(able) == len(types)
            yield alternative if everyone else {**alternative, BACKENDS: able}


def _without_members(part: Part, place: Place) -> Part:
    """A schema without the members of the federation that the backend is itself."""
    stated = alternatives(part.value)
    members = [one[BACKENDS] for one in stated if BACKENDS in one]
    if not members:
        return part
    place.note("nested-federation", (part.backend,), found=members)
    bare = [{key: value for key, value in one.items() if key != BACKENDS} for one in stated]
    return Part(part.backend, bare if is_array(part.value) else bare[0])


def is_schema(value: object) -> bool:
    """Say whether a value is a schema, or an array of alternative ones."""
    if is_object(value):
        return "type" not in value or _is_type(value["type"])
    return is_array(value) and bool(value) and all(map(is_object, value))


# Parameters of processes


def process_parameters(parts: Parts, place: Place) -> Any:
    """Rule for `parameters` of a process and `process_parameters` of a service type.

    All parameters, in the first backend's order, compared by name. One that only some
    backends accept says who does; a backend that lists none accepts none.
    """
    good = usable(parts, place, is_array, "an array of parameters")
    if not good:
        return ABSENT
    groups = entries_by_name(good, place, "name")
    _note_order(good, place)
    return list(merged_groups(groups, place, _parameter, "parameter-partial").values())


def _note_order(parts: Parts, place: Place) -> None:
    names = [
        Part(part.backend, [item.get("name") for item in part.value if is_object(item)])
        for part in parts
    ]
    for part in names[1:]:
        shared = [name for name in names[0].value if name in part.value]
        if [name for name in part.value if name in names[0].value] != shared:
            place.note("parameter-order-differs", (names[0].backend, part.backend))


def _silent(parts: Parts, _: Place) -> Any:
    return parts[0].value


_OF_PROCESS: dict[str, Rule] = {
    "name": word,
    "description": wording,
    "schema": schema,
    "optional": first_usable(is_flag, "true or false"),
    "default": _silent,
    "deprecated": flag_of_all,
    "experimental": flag_of_all,
}


def _parameter(parts: Parts, place: Place) -> Any:
    """Merge a parameter; it is optional where all backends that accept it say so.

    As the specification says, a parameter with a default is optional, and an optional one
    without a default has the default null.
    """
    united = unite(parts, place, _OF_PROCESS)
    required = [part.backend for part in parts if not is_optional(part.value)]
    optional = [part for part in parts if is_optional(part.value)]
    if required and optional:
        place.note("parameter-optionality-differs", required)
        united["optional"] = False
        united.pop("default", None)
    elif optional:
        _state_default(united, optional, place)
    for key, stand_in in (("description", ""), ("schema", {})):
        if key not in united:
            united[key] = missing(stand_in, place.inside(key))
    return united


def is_optional(parameter: JsonObject) -> bool:
    """Say whether a parameter of a process may be left out."""
    return flag(parameter, "optional") or "default" in parameter


def _state_default(united: dict[str, Any], parts: Parts, place: Place) -> None:
    defaults = [Part(part.backend, part.value.get("default")) for part in parts]
    if differ(defaults):
        place.differs(defaults, defaults[0].value, "parameter-default-differs")
        united["default"] = defaults[0].value


# Parameters of resources


def resource_parameters(parts: Parts, place: Place) -> Any:
    """Rule for `parameters` of a file format and `configuration` of a service type.

    All parameters, compared by name. One that only some backends accept says who does; a
    backend that lists none accepts none.
    """
    good = usable(parts, place, is_object, "an object of parameters")
    if not good:
        return ABSENT
    groups = members_by_name(good, place)
    return merged_groups(groups, place, _resource_parameter, "parameter-partial")


def _resource_parameter(parts: Parts, place: Place) -> Any:
    types = [Part(part.backend, shown_types(types_of(part.value))) for part in parts]
    if differ(types):
        place.differs(types, types[0].value, "parameter-schema-differs")
    return unite(parts, place, _OF_RESOURCE)


def _required(parts: Parts, place: Place) -> Any:
    good = usable(parts, place, is_flag, "true or false")
    if not good:
        return ABSENT
    required = [part.backend for part in good if part.value]
    if required and set(required) != set(place.offered_by):
        place.note("parameter-optionality-differs", required)
    return bool(required)


def _is_type(value: object) -> bool:
    return is_text(value) or (is_array(value) and bool(value) and all(map(is_text, value)))


_default_of_resource = first_that(anything, "a value", "parameter-default-differs")

_OF_RESOURCE: dict[str, Rule] = {
    "title": wording,
    "description": wording,
    "type": first_usable(_is_type, "a type or an array of types"),
    "subtype": first_usable(is_text, "text"),
    "required": _required,
    "deprecated": flag_of_all,
    "experimental": flag_of_all,
    "default": _default_of_resource,
    "enum": union_of(anything, "a value"),
}
