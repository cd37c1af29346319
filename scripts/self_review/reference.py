"""The definitions of openEO processes, compact: `data/processes.json`.

Made by `scripts.process_reference`; the file says of what, and under which licence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from scripts.self_review.backend import Entry, objects

STABLE_SINCE = frozenset(
    {"apply_polygon", "date_between", "date_shift", "filter_labels", "inspect"}
)
"""Experimental in the reference, declared stable in openEO processes 2.0.0-rc.2."""


RETURNED_BEFORE = {"save_result": {"boolean"}}
"""What processes returned in openEO processes 1.x, and may still."""


@cache
def reference() -> Mapping[str, Any]:
    """The definitions by the id of the process."""
    text = files("scripts.self_review.data").joinpath("processes.json").read_text("utf-8")
    return dict(json.loads(text)["processes"])


def experimental() -> set[str]:
    """The processes that must be marked as experimental."""
    marked = {name for name, one in reference().items() if one.get("experimental")}
    return marked - STABLE_SINCE


def breaks(process: Entry) -> list[str]:
    """Where a graph that is right by the reference would be wrong with this definition."""
    known = reference().get(str(process.get("id")))
    if known is None or not isinstance(process.get("parameters"), list):
        return []
    return list(_breaks(process, known))


def _breaks(process: Entry, known: Entry) -> Iterator[str]:
    offered = {str(one.get("name")): one for one in objects(process.get("parameters"))}
    for wanted in known["parameters"]:
        name = wanted["name"]
        if name in offered:
            yield from _clash(name, offered[name], wanted)
        elif not wanted.get("optional"):
            yield f"the parameter {name} is missing"
    names = {one["name"] for one in known["parameters"]}
    for name, one in offered.items():
        if name not in names and not one.get("optional"):
            yield f"the parameter {name} is not in the reference, yet must be given"
    returns = process.get("returns")
    found = types(returns.get("schema")) if isinstance(returns, dict) else {"any"}
    if not _meet(found, set(known["returns"]) | RETURNED_BEFORE.get(str(process["id"]), set())):
        yield f"it returns {' or '.join(sorted(found))}, not {' or '.join(known['returns'])}"


def _clash(name: str, offered: Entry, wanted: Entry) -> Iterator[str]:
    if wanted.get("optional") and not offered.get("optional"):
        yield f"the parameter {name} must be given, though it is optional in the reference"
    found = types(offered.get("schema"))
    if not _meet(found, set(wanted["types"])):
        said = " or ".join(sorted(found))
        yield f"the parameter {name} is {said}, not {' or '.join(wanted['types'])}"


def narrowings(process: Entry) -> list[str]:
    """What of the reference the definition leaves out, as a backend may that says so."""
    known = reference().get(str(process.get("id")))
    if known is None:
        return []
    offered = {str(one.get("name")): one for one in objects(process.get("parameters"))}
    found = [
        f"no parameter {one['name']}"
        for one in known["parameters"]
        if one.get("optional") and one["name"] not in offered
    ]
    for one in known["parameters"]:
        if "values" not in one or one["name"] not in offered:
            continue
        if missing := set(map(str, one["values"])) - set(map(str, _values(offered, one))):
            found.append(f"{one['name']} without {', '.join(sorted(missing))}")
    return found


def _values(offered: Mapping[str, Entry], wanted: Entry) -> Iterator[object]:
    """The values that are offered; all that are wanted where the offer is not a list of values."""
    for schema in alternatives(offered[wanted["name"]].get("schema")):
        values = schema.get("enum")
        if isinstance(values, list):
            yield from values
        elif "string" in types(schema) or "any" in types(schema):
            yield from wanted["values"]


def values_of(process: Entry, parameter: str) -> list[Any]:
    """The values that a definition lists for a parameter."""
    found: list[Any] = []
    for one in objects(process.get("parameters")):
        if one.get("name") == parameter:
            for schema in alternatives(one.get("schema")):
                values = schema.get("enum")
                found += values if isinstance(values, list) else []
    return found


def types(schema: object) -> set[str]:
    """The types that a JSON schema allows; `any` if it does not say."""
    found: set[str] = set()
    for one in alternatives(schema):
        said = one.get("type")
        found |= set(map(str, said)) if isinstance(said, list) else {str(said or "any")}
    return found or {"any"}


def alternatives(schema: object) -> Iterator[Entry]:
    """The schemas of which a value must meet one."""
    for one in schema if isinstance(schema, list) else [schema]:
        if not isinstance(one, dict):
            continue
        nested = one.get("anyOf") or one.get("oneOf")
        if isinstance(nested, list):
            yield from alternatives(nested)
        else:
            yield one


def _meet(one: set[str], other: set[str]) -> bool:
    if "any" in one or "any" in other:
        return True
    loose = {"integer": "number"}
    return bool({loose.get(x, x) for x in one} & {loose.get(x, x) for x in other})
