"""Providers of OpenID Connect, matched by issuer, and the backends' ids for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aggregator.documents import JsonObject, is_array, is_nested_within, is_text, text
from aggregator.merging.fields import (
    ABSENT,
    Part,
    Parts,
    Place,
    Rule,
    backends_of,
    differ,
    links,
    object_of,
    unite,
    word,
    wording,
    words,
)
from aggregator.merging.named import MAX_DEPTH, Named, array_by_name, documents_in, ranked
from aggregator.merging.notes import Merged, Notebook

RULES = ("common", "union")
"""Common: the providers that all backends with OpenID Connect know, whose tokens are
accepted everywhere; where there is none, since one has changed its issuer perhaps, those that
most know. Union: those that any backend knows."""

ID_LENGTH = 20
"""Longest id of a provider that the specification allows."""


@dataclass(frozen=True)
class OidcMapping:
    """Federated provider id to backend to the backend's own id for the same provider."""

    own_ids: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def merge_oidc_providers(
    by_backend: Mapping[str, JsonObject],
    *,
    order: Sequence[str],
    rule: str = "common",
    trusted: Sequence[str] = (),
) -> Merged[dict[str, Any]]:
    """Merge the backends' lists of providers into one list, the default provider first.

    Scopes are united, since a token must serve every backend; so are the default clients.
    Providers of other issuers than the ``trusted`` ones are left out; if it is empty, none is.
    Raises ValueError for an unknown rule.
    """
    notebook = Notebook()
    groups = _known_providers(by_backend, order, rule, trusted, notebook)
    providers = [
        _provider(name, parts, Place(notebook, ("oidc", name), backends_of(parts)))
        for name, parts in groups.items()
    ]
    return Merged({"providers": providers}, notebook.notes)


def oidc_mapping(
    by_backend: Mapping[str, JsonObject],
    *,
    order: Sequence[str],
    rule: str = "common",
    trusted: Sequence[str] = (),
) -> OidcMapping:
    """Map the ids in the merged list of providers to the backends' own; see there."""
    groups = _known_providers(by_backend, order, rule, trusted, Notebook())
    return OidcMapping(
        {
            name: {part.backend: text(part.value, "id") for part in parts}
            for name, parts in groups.items()
        }
    )


def _known_providers(
    by_backend: Mapping[str, JsonObject],
    order: Sequence[str],
    rule: str,
    trusted: Sequence[str],
    notebook: Notebook,
) -> Named:
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}, not {rule!r}")
    place = Place(notebook, ("oidc",), ())
    documents = documents_in(by_backend, order, notebook, "oidc")
    admitted = {issuer_of({"issuer": issuer}) for issuer in trusted}
    groups = {
        issuer: parts
        for issuer, parts in _by_issuer(documents, place).items()
        if not admitted or issuer in admitted
    }
    everyone = ranked({part.backend for parts in groups.values() for part in parts}, order)
    most = max((len(parts) for parts in groups.values()), default=0)
    named: Named = {}
    for issuer, parts in groups.items():
        backends = backends_of(parts)
        if rule == "common" and len(backends) < most:
            place.inside(issuer).note("provider-left-out", backends)
            continue
        if rule == "common" and most < len(everyone):
            others = [backend for backend in everyone if backend not in backends]
            place.inside(issuer).note("provider-not-common", others, known_to=list(backends))
        named[_unique_id(issuer, parts, named, place)] = parts
    return named


def _by_issuer(documents: Parts, place: Place) -> Named:
    groups: dict[str, dict[str, Part]] = {}
    for part in documents:
        providers = part.value.get("providers")
        if not is_array(providers):
            place.note("document-unusable", (part.backend,), found="no array of providers")
            continue
        for provider in providers:
            issuer = issuer_of(provider)
            if not issuer or not text(provider, "id") or not is_nested_within(provider, MAX_DEPTH):
                place.note("entry-unusable", (part.backend,), found="no usable id and issuer")
            elif part.backend in groups.setdefault(issuer, {}):
                place.inside(issuer).note("entry-repeated", (part.backend,), times=2)
            else:
                groups[issuer][part.backend] = Part(part.backend, provider)
    return {issuer: list(group.values()) for issuer, group in groups.items()}


def issuer_of(provider: object) -> str:
    """The issuer of a provider, as it is compared: without a slash at its end, scheme and
    host in lower case. No text where there is none."""
    issuer = text(provider, "issuer").rstrip("/")
    try:
        parts = urlsplit(issuer)
    except ValueError:
        return ""
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl()


def _unique_id(issuer: str, parts: Parts, taken: Named, place: Place) -> str:
    """The first backend's id, with a number where another provider has it already."""
    ids = [Part(part.backend, text(part.value, "id")) for part in parts]
    wanted = chosen = str(ids[0].value)
    number = 2
    while chosen in taken:
        chosen = wanted[: ID_LENGTH - len(str(number))] + str(number)
        number += 1
    if chosen != wanted:
        place.inside(issuer).note(
            "provider-id-conflict", backends_of(parts), wanted=wanted, chosen=chosen
        )
    if differ(ids):
        place.inside(issuer).differs(ids, chosen, "provider-id-differs")
    return chosen


def _provider(name: str, parts: Parts, place: Place) -> dict[str, Any]:
    united = unite(parts, place, _FIELDS)
    united["id"] = name
    united["issuer"] = issuer_of(parts[0].value)
    united.setdefault("title", name)
    return united


def _scopes(parts: Parts, place: Place) -> Any:
    united = words(parts, place)
    if united is ABSENT:
        return ABSENT
    sets = [
        Part(part.backend, sorted({scope for scope in part.value if is_text(scope)}))
        for part in parts
        if is_array(part.value)
    ]
    if differ(sets):
        place.differs(sets, united, "scopes-differ")
    return united if not united or "openid" in united else ["openid", *united]


def _silent(parts: Parts, _: Place) -> Any:
    return parts[0].value


_CLIENTS: Rule = array_by_name(
    {"id": word, "grant_types": words, "redirect_urls": words}, key="id", partial=None
)

_FIELDS: dict[str, Rule] = {
    "id": _silent,
    "issuer": _silent,
    "title": wording,
    "description": wording,
    "scopes": _scopes,
    "default_clients": _CLIENTS,
    "authorization_parameters": object_of({}),
    "links": links,
}
