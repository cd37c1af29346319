"""Search for items over all collections (STAC API, Item Search), by GET and by POST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from aggregator.documents import is_nested_within, is_number, is_object, is_text
from aggregator.routing.searches import Footprint, FootprintError, Search
from aggregator.usecases.items import GEOJSON
from aggregator.web.context import MOST as LARGEST
from aggregator.web.context import NESTING, body, federation, limit, parameters, parsed, view
from aggregator.web.errors import RequestInvalid
from aggregator.web.items import MOST, USUAL, box_in, check_box, check_datetime
from aggregator.web.responses import document

blueprint = Blueprint("searches", __name__)

PARAMETERS = ("collections", "ids", "bbox", "datetime", "intersects", "limit", "next")
NAMES = 1000


@blueprint.get("/search")
def search() -> Response:
    """One page of the items that the query asks for."""
    given = parameters()
    _check_names(given)
    wanted = Search(
        collections=_names("collections", _parts(given.get("collections"))),
        ids=_names("ids", _parts(given.get("ids"))),
        bbox=box_in(given["bbox"]) if given.get("bbox") else (),
        datetime=_moments(given.get("datetime") or ""),
        footprint=_footprint(parsed("intersects", given["intersects"]))
        if given.get("intersects")
        else None,
    )
    page, following = _page(wanted, limit(), given.get("next") or None)
    if following is not None:
        href = view().link("search", query={**given, "next": following})
        page["links"].append({"rel": "next", "href": href, "type": GEOJSON, "method": "GET"})
    return document(page, headers={"Content-Type": GEOJSON})


@blueprint.post("/search")
def search_by_body() -> Response:
    """One page of the items that the body asks for."""
    given = {name: value for name, value in body().items() if value is not None}
    _check_names(given)
    wanted = Search(
        collections=_names("collections", given.get("collections", [])),
        ids=_names("ids", given.get("ids", [])),
        bbox=_box(given["bbox"]) if "bbox" in given else (),
        datetime=_moments(given.get("datetime", "")),
        footprint=_footprint(given["intersects"]) if "intersects" in given else None,
    )
    page, following = _page(wanted, _limit(given.get("limit")), _cursor(given.get("next")))
    if following is not None:
        link = {"href": view().link("search"), "type": GEOJSON, "method": "POST"}
        page["links"].append({"rel": "next", **link, "body": {**given, "next": following}})
    return document(page, headers={"Content-Type": GEOJSON})


def _page(
    wanted: Search, size: int | None, cursor: str | None
) -> tuple[dict[str, Any], str | None]:
    if wanted.bbox and wanted.footprint:
        raise RequestInvalid("Only one of 'bbox' and 'intersects' can be given.")
    return federation().searches.page(wanted, min(size or USUAL, MOST), cursor, view())


def _check_names(given: Mapping[str, Any]) -> None:
    """What is silently ignored gives wrong data."""
    for name in given:
        if name not in PARAMETERS:
            raise RequestInvalid(
                f"There is no parameter '{name[:50]}' of searches; there are "
                f"{', '.join(PARAMETERS)}."
            )


def _parts(value: str | None) -> list[str]:
    return [part for part in (value or "").split(",") if part]


def _names(parameter: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(map(is_text, value)) or len(value) > NAMES:
        raise RequestInvalid(f"The parameter '{parameter}' must be a list of at most {NAMES} ids.")
    return tuple(value)


def _box(value: object) -> tuple[float, ...]:
    numbers = value if isinstance(value, list) and all(map(is_number, value)) else []
    return check_box(numbers, "in an array")


def _moments(value: object) -> str:
    if not isinstance(value, str):
        raise RequestInvalid("The parameter 'datetime' must be text.")
    check_datetime(value or "..")
    return value


def _footprint(value: object) -> Footprint:
    if not is_object(value) or not is_nested_within(value, NESTING):
        raise RequestInvalid("The parameter 'intersects' must be a GeoJSON geometry.")
    try:
        return Footprint(value)
    except FootprintError as error:
        raise RequestInvalid(f"The parameter 'intersects' must be {error}.") from error


def _limit(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST:
        raise RequestInvalid(f"The parameter 'limit' must be a whole number, from 1 to {LARGEST}.")
    return value


def _cursor(value: object) -> str | None:
    if value is not None and not is_text(value):
        raise RequestInvalid("The parameter 'next' must be what a link to the next page holds.")
    return value
