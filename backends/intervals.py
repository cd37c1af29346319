"""Which days a request means, judged before anything is loaded. Light."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any, Final

from backends.errors import OpenEOError, parameter_invalid
from backends.loading import LoadRequest
from backends.products import Product

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def days_of(product: Product, request: LoadRequest) -> range:
    """Days since 1970-01-01 in the temporal extent and the product's interval.

    Raises `ProcessParameterInvalid` or `TemporalExtentEmpty` for a wrong extent and
    `NoDataAvailable` for one outside of the collection's.
    """
    start, end = read_interval(request.temporal_extent)
    first, last = (dt.datetime.fromisoformat(text) for text in product.interval)
    after = max(first, start) if start else first
    until = min(last, end - dt.timedelta(seconds=1)) if end else last
    days = range(_whole_days(after), (until - _EPOCH).days + 1)
    if after > until:
        raise nothing_then(product)
    return days


def nothing_then(product: Product) -> OpenEOError:
    """The error for a temporal extent without a date."""
    step = f", every {product.step}" if product.step else ""
    return OpenEOError(
        "NoDataAvailable",
        "There are no data in the temporal extent; the collection has dates from "
        f"{product.interval[0]} to {product.interval[1]}{step}.",
    )


def _whole_days(moment: dt.datetime) -> int:
    return math.ceil((moment - _EPOCH) / dt.timedelta(days=1))


def read_interval(
    extent: Sequence[str | None] | None,
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Start (included) and end (not included) of a `temporal_extent`, in UTC."""
    if extent is None:
        return None, None
    if len(extent) != 2:
        raise _temporal_error("it must be a list of two: start and end, one of them may be null.")
    start, end = (None if text is None else _moment(text) for text in extent)
    if start and end and start >= end:
        raise OpenEOError(
            "TemporalExtentEmpty",
            f"The temporal extent is empty: its end ({extent[1]}) must be later than its start "
            f"({extent[0]}), since the end itself does not belong to it.",
        )
    return start, end


def _moment(text: Any) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(str(text).strip())
    except ValueError as error:
        raise _temporal_error(
            f"{text!r} is no date; write 2021-07-01 or 2021-07-01T00:00:00Z."
        ) from error
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def _temporal_error(reason: str) -> OpenEOError:
    return parameter_invalid("load_collection", "temporal_extent", reason)


def fewest_dates(product: Product, days: range) -> int:
    """How many dates there are at least, told without judging every single day."""
    # The longest gap between dates is six days, eleven or a year.
    return max(1, len(days) // ({"years": 366, "dekads": 11, "days": 6}[product.calendar]))
