"""Names of collections: the federation's and each backend's own.

A provider may keep its own id and add a ``common_name``. The collection is then listed
under the common name, together with other backends' collections of that name, and stays
reachable under the provider's id.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aggregator.documents import JsonObject, text
from aggregator.merging.fields import Part, Place
from aggregator.merging.filters import EVERYTHING, Selection
from aggregator.merging.named import Named, lists_in, outer_entries_by_name
from aggregator.merging.notes import Merged, Notebook

OwnIds = Mapping[str, str]
"""From backend to the id that the backend itself uses."""

_NOBODY: OwnIds = {}


@dataclass(frozen=True)
class CollectionNames:
    """Which collections of which backends stand behind each federated id.

    ``listed`` holds the ids of the federation's listing, ``aliases`` the further ones under
    which a collection is reachable. Both map to the backends' own ids.
    """

    listed: Mapping[str, OwnIds] = field(default_factory=dict)
    aliases: Mapping[str, OwnIds] = field(default_factory=dict)

    def resolve(self, collection_id: str) -> OwnIds:
        """The backends that have a collection, each with its own id for it; maybe none."""
        return self.listed.get(collection_id) or self.aliases.get(collection_id) or _NOBODY

    def own_ids_at(self, backend: str) -> dict[str, str]:
        """Every federated id that a backend can serve, with the backend's own id."""
        reachable = {**self.aliases, **self.listed}
        return {name: own[backend] for name, own in reachable.items() if backend in own}


def grouped_collections(
    by_backend: Mapping[str, Sequence[JsonObject]],
    *,
    order: Sequence[str],
    selection: Selection = EVERYTHING,
) -> Merged[tuple[CollectionNames, Named]]:
    """Read the names from the backends' listings of collections.

    Beside them, the entries that stand behind each id of the federation's listing. Every admitted
    collection of every backend is one of these. Their order is that of the backends and, within a
    backend, that of its listing.
    """
    notebook = Notebook()
    place = Place(notebook, ("collections",), ())
    offered = outer_entries_by_name(lists_in(by_backend, order, notebook, "collections"), place)
    claims: dict[str, dict[str, list[JsonObject]]] = {}
    for part in (part for parts in offered.values() for part in parts):
        if selection.admits_collection(*part):
            claim = claims.setdefault(_federated_id(part.value), {})
            claim.setdefault(part.backend, []).append(part.value)
    groups, aliases = _settled(claims, order, place)
    listed = {name: _own_ids(parts) for name, parts in groups.items()}
    return Merged((CollectionNames(listed, aliases), groups), notebook.notes)


def _own_ids(parts: Iterable[Part]) -> dict[str, str]:
    """What each backend calls its collection."""
    return {part.backend: text(part.value, "id") for part in parts}


def _federated_id(collection: JsonObject) -> str:
    return text(collection, "common_name") or text(collection, "id")


def _settled(
    claims: Mapping[str, Mapping[str, list[JsonObject]]], order: Sequence[str], place: Place
) -> tuple[Named, dict[str, dict[str, str]]]:
    """Give each federated id one collection per backend; the rest keep their own ids."""
    groups: dict[str, dict[str, JsonObject]] = {}
    ousted: list[Part] = []
    for name, claim in claims.items():
        for backend, rivals in claim.items():
            winner, *others = _rivals_in_order(name, rivals)
            groups.setdefault(name, {})[backend] = winner
            if others:
                _note_rivals(place.inside(name), backend, winner, others)
            ousted.extend(Part(backend, other) for other in others)
    for backend, collection in ousted:
        group = groups.setdefault(collection["id"], {})
        winner = group.setdefault(backend, collection)
        if winner is not collection:
            _note_rivals(place.inside(collection["id"]), backend, winner, [collection])
    return _in_order(groups, order), _aliases(groups, place)


def _rivals_in_order(name: str, rivals: Sequence[JsonObject]) -> list[JsonObject]:
    return sorted(rivals, key=lambda rival: (rival["id"] != name, rival["id"]))


def _note_rivals(
    place: Place, backend: str, winner: JsonObject, others: Sequence[JsonObject]
) -> None:
    candidates = [winner["id"], *(other["id"] for other in others)]
    place.note("common-name-conflict", (backend,), candidates=candidates, chosen=winner["id"])


def _in_order(groups: Mapping[str, Mapping[str, JsonObject]], order: Sequence[str]) -> Named:
    """Sort each group's backends into configured order again."""
    rank = {backend: number for number, backend in enumerate(order)}
    unknown = len(rank)
    return {
        name: [
            Part(backend, group[backend])
            for backend in sorted(group, key=lambda one: (rank.get(one, unknown), one))
        ]
        for name, group in groups.items()
    }


def _aliases(
    groups: Mapping[str, Mapping[str, JsonObject]], place: Place
) -> dict[str, dict[str, str]]:
    aliases: dict[str, dict[str, str]] = {}
    for name, group in groups.items():
        for backend, collection in group.items():
            own = collection["id"]
            if own == name:
                continue
            place.inside(own).note("common-name", (backend,), common_name=name)
            if own in groups:
                others = sorted(groups[own])
                place.inside(own).note(
                    "common-name-shadowed", (backend,), common_name=name, others=others
                )
            else:
                aliases.setdefault(own, {})[backend] = own
    return aliases
