"""Billing: one currency where all agree, and the plans of all backends."""

from typing import Any

from aggregator.documents import is_flag, is_object, is_text, text
from aggregator.merging.fields import (
    ABSENT,
    Part,
    Parts,
    Place,
    Rule,
    backends_of,
    by_backend,
    differ,
    unite,
    usable,
    word,
    wording,
)
from aggregator.merging.named import grouped, merged_groups


def merge_billing(documents: Parts, place: Place) -> dict[str, Any]:
    """Merge `billing`; empty where no backend bills.

    The currency is stated where all that bill use the same; otherwise it is null, which
    tells clients that costs cannot be given. So is the default plan left out.
    """
    billing = [
        Part(part.backend, part.value["billing"])
        for part in documents
        if part.value.get("billing") is not None
    ]
    good = usable(billing, place, is_object, "an object")
    if not good:
        return {}
    known = place.among(backends_of(good))
    united = unite(good, known, _FIELDS)
    united.setdefault("currency", None)
    return united


def _currency(parts: Parts, place: Place) -> Any:
    stated = [part for part in parts if part.value is not None]
    good = usable(stated, place, is_text, "text or null")
    folded = [Part(part.backend, part.value.casefold()) for part in good]
    if not good:
        return None
    if differ(folded):
        place.note("currency-differs", backends_of(good), by_backend=by_backend(good))
        return None
    return good[0].value


def _default_plan(parts: Parts, place: Place) -> Any:
    """A default plan is stated only where all backends that bill have the same."""
    good = usable(parts, place, is_text, "text")
    folded = [Part(part.backend, part.value.casefold()) for part in good]
    if not good:
        return ABSENT
    if differ(folded):
        place.differs(good, None)
        return ABSENT
    return good[0].value


def _plans(parts: Parts, place: Place) -> Any:
    arrays = usable(
        parts, place, lambda value: isinstance(value, list | tuple), "an array of plans"
    )
    if not arrays:
        return ABSENT
    pairs = [
        Part(part.backend, (text(plan, "name") or None, plan))
        for part in arrays
        for plan in part.value
    ]
    groups = grouped(pairs, place, str.casefold)
    return list(merged_groups(groups, place, _plan).values())


def _plan(parts: Parts, place: Place) -> dict[str, Any]:
    united = unite(parts, place, _PLAN)
    united.setdefault("description", "")
    united.setdefault("paid", True)
    return united


def _name(parts: Parts, _: Place) -> Any:
    return parts[0].value


def _paid(parts: Parts, place: Place) -> Any:
    good = usable(parts, place, is_flag, "true or false")
    if differ(good):
        place.note("plan-differs", backends_of(good), by_backend=by_backend(good))
    return any(part.value for part in good) if good else ABSENT


_PLAN: dict[str, Rule] = {"name": _name, "description": wording, "paid": _paid, "url": word}

_FIELDS: dict[str, Rule] = {
    "currency": _currency,
    "default_plan": _default_plan,
    "plans": _plans,
}
