"""Search for scenes over all collections (STAC API 1.0.0, Item Search), by GET and by POST."""

import json
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Response, request

from backends.errors import OpenEOError
from backends.searches import Footprint, Found, search
from backends.web.backend import backend
from backends.web.documents import (
    json_object,
    json_response,
    limit_parameter,
    link,
    next_link,
    number_parameter,
)
from backends.web.items import GEOJSON, MOST, USUAL, box_of, box_parameter, linked, spec_of

searches = Blueprint("searches", __name__)

PARAMETERS: Final = ("collections", "ids", "bbox", "datetime", "intersects", "limit", "offset")
NAMES: Final = 1000


@searches.get("/search")
def search_items() -> Response:
    """The scenes that the query asks for, page by page."""
    given = request.args.to_dict()
    asked: dict[str, Any] = {
        name: [part for part in given[name].split(",") if part]
        for name in ("collections", "ids")
        if name in given
    }
    if given.get("intersects"):
        try:
            asked["intersects"] = json.loads(given["intersects"])
        except ValueError:
            raise OpenEOError("RequestInvalid", "The parameter 'intersects' is no JSON.") from None
    found = _found(
        given | asked | {"limit": limit_parameter(), "offset": number_parameter("offset")},
        box_parameter(),
    )
    links = [link("root", "/")]
    if found.following is not None:
        following = next_link("/search", **{**given, "offset": found.following})
        links.append({**following, "type": GEOJSON, "method": "GET"})
    return _answer(found, links)


@searches.post("/search")
def search_items_by_body() -> Response:
    """The scenes that the body asks for, page by page."""
    given = {name: value for name, value in json_object().items() if value is not None}
    box = given.get("bbox")
    found = _found(given, None if box is None else box_of(_numbers(box)))
    links: list[dict[str, Any]] = [link("root", "/")]
    if found.following is not None:
        following: dict[str, Any] = link("next", "/search", "next page", GEOJSON)
        body = {**given, "offset": found.following}
        links.append({**following, "method": "POST", "body": body})
    return _answer(found, links)


def _found(given: Mapping[str, Any], box: tuple[float, float, float, float] | None) -> Found:
    for name in given:
        if name not in PARAMETERS:
            known = ", ".join(PARAMETERS)
            raise OpenEOError(
                "RequestInvalid", f"There is no parameter '{name[:50]}'; there are {known}."
            )
    geometry, moments = given.get("intersects"), given.get("datetime")
    if geometry and box:
        raise OpenEOError("RequestInvalid", "Only one of 'bbox' and 'intersects' can be given.")
    if moments is not None and not isinstance(moments, str):
        raise OpenEOError("RequestInvalid", "The parameter 'datetime' must be text.")
    names = _names(given, "collections")
    profile = backend().profile
    return search(
        [spec_of(name) for name in dict.fromkeys(names)] if names else profile.collections,
        ids=_names(given, "ids"),
        bbox=box,
        datetime=moments,
        footprint=Footprint(geometry) if geometry else None,
        limit=min(_number(given, "limit", least=1) or USUAL, MOST),
        offset=_number(given, "offset") or 0,
    )


def _names(given: Mapping[str, Any], parameter: str) -> list[str]:
    found = given.get(parameter, [])
    if (
        not isinstance(found, list)
        or len(found) > NAMES
        or not all(isinstance(one, str) and one for one in found)
    ):
        raise OpenEOError(
            "RequestInvalid", f"The parameter '{parameter}' must be a list of at most {NAMES} ids."
        )
    return found


def _numbers(value: object) -> list[float]:
    if not isinstance(value, list):
        return []
    numbers = [n for n in value if isinstance(n, int | float) and not isinstance(n, bool)]
    return [float(n) for n in numbers] if len(numbers) == len(value) else []


def _number(given: Mapping[str, Any], name: str, *, least: int = 0) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 10**15:
        raise OpenEOError(
            "RequestInvalid", f"The parameter '{name}' must be a whole number of at least {least}."
        )
    return value


def _answer(found: Found, links: list[dict[str, Any]]) -> Response:
    matched = {} if found.matched is None else {"numberMatched": found.matched}
    document: dict[str, Any] = {
        "type": "FeatureCollection",
        "features": [linked(one) for one in found.items],
        "links": links,
        "numberReturned": len(found.items),
        **matched,
    }
    return json_response(document, media_type=GEOJSON)
