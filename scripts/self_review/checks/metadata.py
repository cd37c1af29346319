"""Whether metadata lead somewhere, and how rich they are: partial evidence for statements."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.self_review import stac
from scripts.self_review.backend import Backend, Entry, objects, spread
from scripts.self_review.checks.collections import name
from scripts.self_review.findings import Evidence, Outcome, passed, some, warned
from scripts.self_review.probe.addresses import parts
from scripts.self_review.probe.client import NoAnswerError
from scripts.self_review.registry import check

OPTIONAL = ("title", "keywords", "providers", "summaries", "assets", "item_assets", "sci:doi")
GONE = frozenset({404, 410})
PATIENCE = 5.0


@check("collections-5")
def metadata_lead_somewhere(backend: Backend) -> Outcome:
    links = sorted(set(_links(backend)))
    followed = spread(links, backend.options.links)
    dead: list[str] = []
    unknown: list[str] = []
    for url in followed:
        said = _followed(backend, url)
        (dead if said == "dead" else unknown if said else []).append(url)
    shown = Evidence("HEAD of links of collections", f"{len(followed)} of {len(links)} followed")
    looked_at = f"{len(followed)} of {len(links)} links, {backend.looked_at()}"
    if dead:
        return warned(f"These links lead nowhere: {some(dead)}", shown, looked_at=looked_at)
    says = f"{len(followed) - len(unknown)} links resolve, {len(unknown)} could not be followed."
    return passed(f"{says} {_richness(backend)}", shown, looked_at=looked_at)


def _links(backend: Backend) -> Iterator[str]:
    for collection in backend.full_collections():
        for one in objects(collection.get("links")):
            href = str(one.get("href", ""))
            if parts(href).scheme in {"http", "https"} and one.get("rel") != "self":
                yield href


def _followed(backend: Backend, url: str) -> str:
    """Nothing where a link resolves, `dead` where it does not, else why that is not known."""
    try:
        answer = backend.probe.ask("HEAD", url, seconds=PATIENCE)
    except NoAnswerError as error:
        return error.reason
    return "dead" if answer.status in GONE else ""


def _richness(backend: Backend) -> str:
    """How many of the optional fields are there on average."""
    collections = backend.full_collections()
    share = sum(map(_share, collections)) / len(collections)
    poorest = min(collections, key=_share)
    return f"On average {share:.0%} of the optional fields are there, least in {name(poorest)}."


def _share(collection: Entry) -> float:
    described = bool(stac.bands(collection)) and any(len(b) > 1 for b in stac.bands(collection))
    there = sum(bool(collection.get(key)) for key in OPTIONAL) + described
    return there / (len(OPTIONAL) + 1)
