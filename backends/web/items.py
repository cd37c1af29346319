"""The scenes of a collection as STAC items (STAC API 1.0.0, OGC API Features 1.0)."""

from typing import Any, Final, cast

from flask import Blueprint, Response, request

from backends.errors import OpenEOError, collection_not_found
from backends.items import item, items
from backends.jobs.records import timestamp
from backends.profile import CollectionSpec
from backends.web.backend import backend
from backends.web.documents import (
    json_response,
    limit_parameter,
    link,
    next_link,
    number_parameter,
)

scenes = Blueprint("scenes", __name__)

GEOJSON: Final = "application/geo+json"
USUAL: Final = 10
MOST: Final = 1000


@scenes.get("/collections/<collection_id>/items")
def list_items(collection_id: str) -> Response:
    """A collection's scenes, page by page."""
    spec = spec_of(collection_id)
    path = f"/collections/{spec.id}/items"
    limit = min(limit_parameter() or USUAL, MOST)
    offset = number_parameter("offset") or 0
    page = items(
        spec,
        bbox=box_parameter(),
        datetime=request.args.get("datetime"),
        limit=limit,
        offset=offset,
    )
    links = [
        link("self", path, media_type=GEOJSON),
        link("collection", f"/collections/{spec.id}"),
        link("parent", f"/collections/{spec.id}"),
        link("root", "/"),
    ]
    if page.following is not None:
        kept = {name: request.args[name] for name in ("bbox", "datetime") if name in request.args}
        following = next_link(path, **kept, limit=limit, offset=page.following)
        links.append({**following, "type": GEOJSON})
    document: dict[str, Any] = {
        "type": "FeatureCollection",
        "features": [linked(one) for one in page.items],
        "links": links,
        "numberMatched": page.matched,
        "numberReturned": len(page.items),
        "timeStamp": timestamp(backend().clock()),
    }
    return json_response(document, media_type=GEOJSON)


@scenes.get("/collections/<collection_id>/items/<item_id>")
def describe_item(collection_id: str, item_id: str) -> Response:
    """One scene."""
    spec = spec_of(collection_id)
    found = item(spec, item_id)
    if found is None:
        raise OpenEOError("NotFound", f"The collection '{spec.id}' has no item '{item_id[:200]}'.")
    return json_response(linked(found), media_type=GEOJSON, revalidate=True)


def spec_of(collection_id: str) -> CollectionSpec:
    """The collection of that id; raises `CollectionNotFound`."""
    profile = backend().profile
    spec = profile.collection(collection_id)
    if spec is None:
        raise collection_not_found(collection_id, [one.id for one in profile.collections])
    return spec


def box_parameter() -> tuple[float, float, float, float] | None:
    """The query parameter `bbox`: west, south, east, north; None where it is left out."""
    text = request.args.get("bbox")
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    return box_of(numbers)


def box_of(numbers: list[float]) -> tuple[float, float, float, float]:
    """West, south, east, north of a box that may have heights, which nothing here has."""
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) != 4:
        message = "The parameter 'bbox' must be four numbers: west, south, east, north."
        raise OpenEOError("RequestInvalid", message)
    return cast(tuple[float, float, float, float], tuple(numbers))


def linked(found: dict[str, Any]) -> dict[str, Any]:
    """The item with its links."""
    path = f"/collections/{found['collection']}"
    links = [
        link("self", f"{path}/items/{found['id']}", media_type=GEOJSON),
        link("collection", path),
        link("parent", path),
        link("root", "/"),
    ]
    return {**found, "links": [*links, *found.get("links", [])]}
