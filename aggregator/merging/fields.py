"""Merging objects field by field: the rules of which every other module makes its tables.

The same field of several backends is a sequence of :class:`Part`, in configured order.
A :data:`Rule` makes one value of them, or :data:`ABSENT` where nothing of them is usable,
and takes notes at its :class:`Place`. :func:`unite` applies a table of rules to objects.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin, urlsplit

from aggregator.documents import JsonObject, identity, is_array, is_flag, is_object, is_text, same
from aggregator.merging.notes import Notebook

ABSENT: Final = object()
"""What a rule gives when the merged object shall not have the field."""

BACKENDS: Final = "federation:backends"
_FEDERATION: Final = (BACKENDS, "federation:missing")
_UPSTREAM_RELATIONS: Final = frozenset(
    {"self", "root", "parent", "child", "collection"}
    | {"next", "prev", "previous", "first", "last"}
)


class Part(NamedTuple):
    """What one backend gives for something."""

    backend: str
    value: Any


class Place(NamedTuple):
    """Where merging is at: the path in the merged document, and the backends concerned."""

    notebook: Notebook
    path: tuple[str, ...]
    offered_by: tuple[str, ...]

    def inside(self, step: str, offered_by: tuple[str, ...] | None = None) -> "Place":
        """One step deeper, by default for the same backends."""
        deeper = self.offered_by if offered_by is None else offered_by
        return Place(self.notebook, (*self.path, step), deeper)

    def among(self, offered_by: Iterable[str]) -> "Place":
        """The same place for other backends."""
        return Place(self.notebook, self.path, tuple(offered_by))

    def note(self, code: str, backends: Iterable[str], **values: Any) -> None:
        """Take a note on this place."""
        self.notebook.add(code, "/".join(self.path), backends, **values)

    def unusable(self, part: Part, expected: str) -> None:
        """Note that a backend's value cannot be used, since it is not what was expected."""
        self.note("value-unusable", (part.backend,), found=part.value, expected=expected)

    def differs(self, parts: Sequence[Part], chosen: Any, code: str = "value-differs") -> None:
        """Note what each backend gives and what is shown."""
        self.note(code, backends_of(parts), by_backend=by_backend(parts), chosen=chosen)


Parts = Sequence[Part]
Rule = Callable[[Parts, Place], Any]
Check = Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A rule, and a check whether it would give a lone value as it is, without a note.

    Most collections are of one backend only, and valid: for them the check is all there is to do.
    """

    rule: Rule
    fits: Check

    def __call__(self, parts: Parts, place: Place) -> Any:
        """What the rule makes of the parts."""
        return self.rule(parts, place)


def fits(rule: Rule, value: object) -> bool:
    """Say whether a rule would give a lone value as it is; no is always a safe answer."""
    return isinstance(rule, Shortcut) and rule.fits(value)


def backends_of(parts: Parts) -> tuple[str, ...]:
    """The backends of the parts, each once, in configured order."""
    if len(parts) == 1:
        return (parts[0].backend,)
    return tuple(dict.fromkeys(part.backend for part in parts))


def by_backend(parts: Parts) -> dict[str, Any]:
    """The parts as a mapping from backend to value."""
    return {part.backend: part.value for part in parts}


def unite(
    parts: Parts,
    place: Place,
    rules: Mapping[str, Rule] = {},
    default: Rule | None = None,
) -> dict[str, Any]:
    """Merge objects field by field, by the rule of each field or else the default rule.

    Fields come in the order in which they are first seen. Unknown fields are kept; the
    default rule takes the first value and notes where others differ.
    """
    merged: dict[str, Any] = {}
    otherwise = default or first
    for key, holders in _holders(parts).items():
        rule = rules.get(key, otherwise)
        if len(holders) == 1 and key not in _FEDERATION and fits(rule, holders[0].value):
            merged[key] = holders[0].value
            continue
        value = _field(key, holders, place.inside(key), rule)
        if value is not ABSENT:
            merged[key] = value
    return merged


def fitting(value: object, rules: Mapping[str, Rule], default: Rule | None = None) -> bool:
    """Say whether :func:`unite` would give a lone object as it is."""
    if not isinstance(value, dict) or not value.keys().isdisjoint(_FEDERATION):
        return False
    otherwise = default or first
    return all(fits(rules.get(key, otherwise), item) for key, item in value.items())


def _holders(parts: Parts) -> dict[str, list[Part]]:
    """For each field the backends' values."""
    holders: dict[str, list[Part]] = {}
    for backend, document in parts:
        for key, value in document.items():
            if key in holders:
                holders[key].append(Part(backend, value))
            else:
                holders[key] = [Part(backend, value)]
    return holders


def _field(key: str, holders: Parts, place: Place, rule: Rule) -> Any:
    if key not in _FEDERATION:
        return rule(holders, place)
    for part in holders:
        place.note("nested-federation", (part.backend,), found=part.value)
    return ABSENT


def usable(parts: Parts, place: Place, check: Check, expected: str) -> list[Part]:
    """The parts that pass the check; a note is taken of each other one."""
    kept = []
    for part in parts:
        if check(part.value):
            kept.append(part)
        else:
            place.unusable(part, expected)
    return kept


def missing(stand_in: Any, place: Place) -> Any:
    """The value to state of a required field that no backend gives; a note is taken."""
    place.note("value-missing", place.offered_by, chosen=stand_in)
    return stand_in


def anything(_: object) -> bool:
    """Check that every value passes."""
    return True


def _first(parts: Parts, place: Place) -> Any:
    if differ(parts):
        place.differs(parts, parts[0].value)
    return parts[0].value


first = Shortcut(_first, anything)
"""Rule: the first backend's value, of whatever type; notes where others differ."""


def first_that(check: Check, expected: str, code: str = "value-differs") -> Rule:
    """Rule: the first value that passes the check; notes where others differ."""

    def rule(parts: Parts, place: Place) -> Any:
        good = usable(parts, place, check, expected)
        if not good:
            return ABSENT
        if differ(good):
            place.differs(good, good[0].value, code)
        return good[0].value

    return Shortcut(rule, check)


def first_usable(check: Check, expected: str) -> Rule:
    """Rule: the first value that passes the check; whoever uses it notes where others differ."""

    def rule(parts: Parts, place: Place) -> Any:
        good = usable(parts, place, check, expected)
        return good[0].value if good else ABSENT

    return rule


def differ(parts: Parts) -> bool:
    """Say whether the parts have different values."""
    return len(parts) > 1 and any(not same(parts[0].value, part.value) for part in parts[1:])


word = first_that(is_text, "text")
"""Rule for text that means something to programs, such as a media type."""


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def _wording(parts: Parts, place: Place) -> Any:
    good = usable(parts, place, _is_string, "text")
    if not good:
        return ABSENT
    chosen = next((part for part in good if part.value), good[0])
    if differ(good):
        place.note(
            "text-differs", backends_of(good), by_backend=by_backend(good), chosen=chosen.backend
        )
    return chosen.value


wording = Shortcut(_wording, _is_string)
"""Rule for text that people read; empty text is allowed and loses to any other."""


def flag_of_all(parts: Parts, place: Place) -> Any:
    """Rule for `experimental` and `deprecated`: true where all that offer the thing say so.

    As long as one backend offers it without reservation, the federation does. A backend
    that says nothing says false, the specification's default.
    """
    good = usable(parts, place, is_flag, "true or false")
    if not good:
        return ABSENT
    said = dict.fromkeys(place.offered_by, False) | by_backend(good)
    agreed = all(said.values())
    if not agreed and any(said.values()):
        place.note("flag-differs", said, by_backend=said, chosen=agreed)
    return agreed


def union_of(check: Check, expected: str) -> Shortcut:
    """Rule for arrays: every different value that passes the check, as first seen.

    A lone value that passes the check is read as an array of one.
    """

    def rule(parts: Parts, place: Place) -> Any:
        arrays = arrays_in(parts, place, check, f"an array of {expected}")
        if not arrays:
            return ABSENT
        seen: dict[object, Any] = {}
        for part in arrays:
            for item in part.value:
                if check(item):
                    seen.setdefault(identity(item), item)
                else:
                    place.unusable(Part(part.backend, item), expected)
        return list(seen.values())

    def each_once(value: object) -> bool:
        if not isinstance(value, list) or not all(map(check, value)):
            return False
        return len(value) < 2 or len(set(map(identity, value))) == len(value)

    return Shortcut(rule, each_once)


def arrays_in(parts: Parts, place: Place, alone: Check, expected: str) -> list[Part]:
    """The parts that are arrays, or stand for an array of one value that passes the check."""
    arrays = []
    for part in parts:
        if is_array(part.value):
            arrays.append(part)
        elif alone(part.value):
            place.note("value-repaired", (part.backend,), found=part.value, chosen=[part.value])
            arrays.append(Part(part.backend, [part.value]))
        else:
            place.unusable(part, expected)
    return arrays


words = union_of(is_text, "text")
"""Rule for arrays of text."""

values = union_of(lambda value: not is_object(value) and not is_array(value), "plain values")
"""Rule for arrays of plain values."""


def object_of(rules: Mapping[str, Rule], default: Rule | None = None) -> Rule:
    """Rule for an object that is merged field by field."""

    def rule(parts: Parts, place: Place) -> Any:
        good = usable(parts, place, is_object, "an object")
        return unite(good, place, rules, default) if good else ABSENT

    return Shortcut(rule, lambda value: fitting(value, rules, default))


def links(parts: Parts, place: Place) -> Any:
    """Rule for `links`: each different link once.

    Links on the upstream's own structure (self, root, paging …) are dropped, since they
    would lead out of the federation. A relative link is resolved against the backend's
    `self` link; without one it leads nowhere and is noted.
    """
    arrays = usable(parts, place, is_array, "an array of links")
    if not arrays:
        return ABSENT
    found: dict[object, Any] = {}
    for part in arrays:
        base = base_of(part.value)
        for link in part.value:
            resolved = _link(Part(part.backend, link), base, place)
            if resolved is not None:
                found.setdefault(identity(resolved), resolved)
    return list(found.values())


OFFERED: Final[Mapping[str, Rule]] = {
    "title": wording,
    "description": wording,
    "deprecated": flag_of_all,
    "experimental": flag_of_all,
    "links": links,
}
"""Rules for what openEO says alike of whatever a backend offers under a name."""


def base_of(links_: object) -> str:
    """The absolute URL in the `self` link of an array of links, or no text."""
    for link in links_ if is_array(links_) else ():
        if is_object(link) and link.get("rel") == "self" and is_absolute(link.get("href")):
            return str(link["href"])
    return ""


def _link(part: Part, base: str, place: Place) -> JsonObject | None:
    link = part.value
    if not is_object(link) or not is_text(link.get("rel")) or not is_text(link.get("href")):
        place.unusable(part, "a link with rel and href")
        return None
    if link["rel"] in _UPSTREAM_RELATIONS:
        return None
    href = absolute(link["href"], base)
    if href is None:
        place.unusable(part, "a link with an absolute href")
        return None
    return _described_in_words(part, place) | {"href": href}


def _described_in_words(part: Part, place: Place) -> dict[str, Any]:
    """The link without a type or title that is no text."""
    odd = [key for key in ("type", "title") if not isinstance(part.value.get(key, ""), str)]
    if odd:
        place.unusable(part, "a link whose type and title are text")
    return {key: value for key, value in part.value.items() if key not in odd}


def is_absolute(href: object) -> bool:
    """Say whether a text is a URL with a scheme (http, s3, mailto, data …)."""
    if not is_text(href):
        return False
    try:
        return bool(urlsplit(href).scheme)
    except ValueError:
        return False


def absolute(href: str, base: str) -> str | None:
    """Resolve a URL against a base; None where that gives no absolute URL."""
    if is_absolute(href):
        return href
    try:
        resolved = urljoin(base, href)
    except ValueError:
        return None
    return resolved if is_absolute(resolved) else None
