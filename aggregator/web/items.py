"""What stands below a collection: items (OGC API Features, STAC) and queryables."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from flask import Blueprint, Response, request

from aggregator.usecases.items import GEOJSON
from aggregator.web.context import VALUE_LENGTH, federation, limit, view
from aggregator.web.errors import RequestInvalid
from aggregator.web.responses import document

blueprint = Blueprint("items", __name__)

USUAL, MOST = 10, 1000
PARAMETERS = ("bbox", "datetime", "limit", "next")
_MOMENT = r"\d{4}-\d{2}-\d{2}([Tt ][\d:.]+([Zz]|[+-]\d{2}:\d{2})?)?"
_DATETIME = re.compile(rf"{_MOMENT}|({_MOMENT}|\.\.|)/({_MOMENT}|\.\.|)")


@blueprint.get("/collections/<path:collection_id>/items")
def list_items(collection_id: str) -> Response:
    """One page of a collection's items."""
    collection = collection_id.rstrip("/")
    filters, size = _filters(collection), min(limit() or USUAL, MOST)
    cursor = request.args.get("next") or None
    page = federation().items.page(collection, filters, size, cursor, view())
    return document(page, headers={"Content-Type": GEOJSON})


@blueprint.get("/collections/<path:collection_id>/items/<item_id>")
def item(collection_id: str, item_id: str) -> Response:
    """One item."""
    found = federation().items.item(collection_id.rstrip("/"), item_id, view())
    return document(found, headers={"Content-Type": GEOJSON})


@blueprint.get("/collections/<path:collection_id>/queryables")
def queryables(collection_id: str) -> Response:
    """By which properties a collection's data can be selected."""
    found = federation().items.queryables(collection_id.rstrip("/"), view())
    return document(found, headers={"Content-Type": "application/schema+json"})


def _filters(collection_id: str) -> dict[str, str]:
    """The filters of the query; an error for those that are not known or cannot be read.

    Clients of STAC searches name the collection once more, in `collections`.
    """
    for name, value in request.args.items():
        if name not in PARAMETERS and (name, value) != ("collections", collection_id):
            raise RequestInvalid(
                f"There is no query parameter '{name[:50]}'; there are {', '.join(PARAMETERS)}."
            )
    found = {name: request.args[name] for name in ("bbox", "datetime") if request.args.get(name)}
    if "bbox" in found:
        box_in(found["bbox"])
    check_datetime(found.get("datetime", ".."))
    return found


def box_in(value: str) -> tuple[float, ...]:
    """The numbers of a query parameter `bbox`."""
    try:
        numbers = tuple(float(part) for part in value[:VALUE_LENGTH].split(","))
    except ValueError:
        numbers = ()
    return check_box(numbers, "separated by commas")


def check_box(numbers: Sequence[float], form: str) -> tuple[float, ...]:
    """The numbers, if they are a box."""
    if len(numbers) not in (4, 6) or not all(map(math.isfinite, numbers)):
        raise RequestInvalid(
            "The parameter 'bbox' must be four numbers (west, south, east, north), or six with "
            f"heights, {form}."
        )
    return tuple(numbers)


def check_datetime(value: str) -> None:
    """An error for what is no moment and no interval."""
    if value != ".." and not _DATETIME.fullmatch(value):
        raise RequestInvalid(
            "The parameter 'datetime' must be a date-time such as 2026-01-31T00:00:00Z, or two "
            "with a slash between them, '..' for an open end."
        )
