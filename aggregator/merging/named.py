"""Merging things by name: entries of objects and of arrays, names that differ in case."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aggregator.documents import is_array, is_nested_within, is_object, is_text
from aggregator.merging.fields import (
    ABSENT,
    BACKENDS,
    Part,
    Parts,
    Place,
    Rule,
    Shortcut,
    backends_of,
    fits,
    object_of,
    usable,
)
from aggregator.merging.notes import Notebook

MAX_DEPTH = 100
"""Entries that are nested deeper are left out: no known document comes near, and encoders
of JSON refuse what is much deeper, which would cost the other backends' data."""

Named = dict[str, list[Part]]
"""For each name what the backends have under it, in configured order."""


def ranked(backends: Iterable[str], order: Sequence[str]) -> list[str]:
    """The backends in configured order; those that are not configured come last, by name."""
    known = set(backends)
    configured = [backend for backend in dict.fromkeys(order) if backend in known]
    return configured + sorted(known.difference(configured))


def parts_in_order(by_backend: Mapping[str, Any], order: Sequence[str]) -> list[Part]:
    """What each backend gives, in configured order."""
    return [Part(backend, by_backend[backend]) for backend in ranked(by_backend, order)]


def documents_in(
    by_backend: Mapping[str, Any], order: Sequence[str], notebook: Notebook, subject: str
) -> list[Part]:
    """The backends' documents that are objects, in configured order; others are noted."""
    found = []
    for part in parts_in_order(by_backend, order):
        if is_object(part.value) and is_nested_within(part.value, MAX_DEPTH):
            found.append(part)
        else:
            notebook.add("document-unusable", subject, (part.backend,), found=_fault(part.value))
    return found


def lists_in(
    by_backend: Mapping[str, Any], order: Sequence[str], notebook: Notebook, subject: str
) -> list[Part]:
    """The backends' lists of entries, in configured order; what is no list is noted."""
    found = []
    for part in parts_in_order(by_backend, order):
        if is_array(part.value):
            found.append(part)
        else:
            notebook.add("document-unusable", subject, (part.backend,), found=_fault(part.value))
    return found


def entries_by_name(lists: Parts, place: Place, key: str = "id") -> Named:
    """Group the objects in arrays by the text under a key, which names them.

    Of entries that a backend lists more than once the first counts; what has no name or
    is no object is left out. A note is taken of both.
    """
    return grouped(_named(lists, key), place)


def outer_entries_by_name(lists: Parts, place: Place) -> Named:
    """Group the entries of whole lists by id, leaving out those that are nested too deeply."""
    pairs = []
    for part in _named(lists, "id"):
        if is_nested_within(part.value, MAX_DEPTH):
            pairs.append(part)
        else:
            place.note("entry-unusable", (part.backend,), found=_fault(part.value[1]))
    return grouped(pairs, place)


def _named(lists: Parts, key: str) -> list[Part]:
    return [Part(part.backend, (_name(item, key), item)) for part in lists for item in part.value]


def members_by_name(objects: Parts, place: Place) -> Named:
    """Group the members of objects by their names."""
    return grouped(
        [Part(part.backend, pair) for part in objects for pair in part.value.items()], place
    )


def grouped(pairs: Parts, place: Place, fold: Callable[[str], str] = str) -> Named:
    """Group (name, entry) pairs of backends by name, noting unusable and repeated ones.

    Names are taken as equal where `fold` makes them so.
    """
    groups: dict[str, dict[str, list[Part]]] = {}
    for part in pairs:
        name, entry = part.value
        if name is None or not is_object(entry):
            found = _fault(entry) if name is None else f"{name} is {_fault(entry)}"
            place.note("entry-unusable", (part.backend,), found=found)
            continue
        group = groups.setdefault(fold(name), {})
        group.setdefault(part.backend, []).append(Part(part.backend, entry))
    return {name: _once(group, place.inside(name)) for name, group in groups.items()}


def _once(group: Mapping[str, list[Part]], place: Place) -> list[Part]:
    """The first entry of each backend."""
    for backend, entries in group.items():
        if len(entries) > 1:
            place.note("entry-repeated", (backend,), times=len(entries))
    return [entries[0] for entries in group.values()]


def _name(item: object, key: str) -> str | None:
    name = item.get(key) if is_object(item) else None
    return name if is_text(name) else None


def _fault(value: object) -> str:
    """Say in words what a value is that is not what it should be."""
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return f"the value {value}"
    if isinstance(value, str):
        return f"the text {value[:80]!r}"
    if not is_nested_within(value, MAX_DEPTH):
        return f"nested more than {MAX_DEPTH} levels deep"
    if is_object(value):
        return "an object without a usable name" if value else "an empty object"
    return "an array"


def mark(document: dict[str, Any], backends: Iterable[str]) -> dict[str, Any]:
    """State in the document, which is changed and returned, who has it."""
    document[BACKENDS] = list(backends)
    return document


def merged_groups(
    groups: Named, place: Place, rule: Rule, partial: str | None = "part-partial"
) -> dict[str, Any]:
    """Merge each group of objects, marking those that only some of the place's backends have.

    ``partial`` is the code of the note on such a one; without a code nothing is marked.
    """
    merged: dict[str, Any] = {}
    for name, parts in groups.items():
        backends = backends_of(parts)
        inside = place.inside(name, backends)
        entry = rule(parts, inside)
        if entry is ABSENT:
            continue
        if partial and set(backends) != set(place.offered_by):
            inside.note(partial, backends)
            mark(entry, backends)
        merged[name] = entry
    return merged


def objects_by_name(rules: Mapping[str, Rule], *, partial: str | None = "part-partial") -> Rule:
    """Rule for an object of objects, united by name.

    A member that only some backends have says who does. A backend that lacks the whole
    object is taken not to tell.
    """
    entry = object_of(rules)

    def rule(parts: Parts, place: Place) -> Any:
        good = usable(parts, place, is_object, "an object")
        if not good:
            return ABSENT
        known = _among(place, good)
        return merged_groups(members_by_name(good, known), known, entry, partial)

    return Shortcut(rule, lambda value: members_fit(value, entry))


def members_fit(value: object, entry: Rule) -> bool:
    """Say whether an object's members would each be given as they are."""
    return isinstance(value, dict) and all(fits(entry, member) for member in value.values())


def array_by_name(
    rules: Mapping[str, Rule], *, key: str = "name", partial: str | None = "part-partial"
) -> Rule:
    """Rule for an array of objects that are named by a key, united by that name."""
    entry = object_of(rules)

    def rule(parts: Parts, place: Place) -> Any:
        good = usable(parts, place, is_array, "an array of objects")
        if not good:
            return ABSENT
        known = _among(place, good)
        groups = entries_by_name(good, known, key)
        return list(merged_groups(groups, known, entry, partial).values())

    def each_once(value: object) -> bool:
        if not isinstance(value, list) or not all(fits(entry, item) for item in value):
            return False
        names = [item.get(key) for item in value]
        return all(map(is_text, names)) and len(set(names)) == len(names)

    return Shortcut(rule, each_once)


def _among(place: Place, parts: Parts) -> Place:
    return place.among(backends_of(parts))


def spelling(names: Sequence[tuple[str, str]], official: Mapping[str, str], place: Place) -> str:
    """Choose between spellings of a name, given as (backend, name) in configured order.

    The official one if a backend uses it, otherwise the first; notes that they differ.
    """
    used = [name for _, name in names]
    standard = official.get(used[0].casefold(), used[0])
    chosen = standard if standard in used else used[0]
    if len(set(used)) > 1:
        backends = tuple(dict.fromkeys(backend for backend, _ in names))
        place.note("name-case-differs", backends, by_backend=dict(names), chosen=chosen)
    return chosen


def merge_named(
    parts: Parts, place: Place, official: Mapping[str, str], rule: Rule
) -> dict[str, Any]:
    """Merge objects of objects whose names are the same in any case.

    Each says who has it: all of its group, unless the rule has already stated otherwise.
    """
    good = usable(parts, place, is_object, "an object")
    pairs = [Part(part.backend, pair) for part in good for pair in part.value.items()]
    spellings: dict[str, list[tuple[str, str]]] = {}
    for backend, (name, _) in pairs:
        spellings.setdefault(name.casefold(), []).append((backend, name))
    merged: dict[str, Any] = {}
    for folded, group in grouped(pairs, place, str.casefold).items():
        backends = backends_of(group)
        name = spelling(spellings[folded], official, place.inside(spellings[folded][0][1]))
        entry = rule(group, place.inside(name, backends))
        merged[name] = entry if BACKENDS in entry else mark(entry, backends)
    return merged
