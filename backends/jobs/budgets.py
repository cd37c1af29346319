"""What a process will take at most, as far as its graph tells, and who may pay for it.

The estimate counts the samples (pixels x bands x dates) that the graph loads.
It is an upper limit for ordinary graphs, not a promise.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from backends.billing import Billing
from backends.errors import OpenEOError
from backends.jobs.records import Usage
from backends.jobs.store import Store
from backends.jobs.usage import most_costs_of
from backends.products import METRES_PER_DEGREE, Product, product
from backends.profile import Profile

SAMPLES_PER_SECOND: Final = 2_000_000.0
"""Samples that one CPU generates, computes and writes in a second, cautiously."""
START_SECONDS: Final = 1.0
MEGABYTES: Final = 500.0
"""Resident memory of a usual computation."""
BYTES_PER_SAMPLE: Final = 4

_ELSEWHERE: Final = ("load_stac", "load_uploaded_files", "load_url")
"""Processes that load data of which nothing is known beforehand."""

_DAYS: Final = {"P1D": 1.0, "P3D": 3.0, "P5D": 5.0, "P1Y": 365.25}


@dataclass(frozen=True)
class Estimate:
    """What a job takes at most: ``samples`` loaded, seconds of CPU, costs.

    How long it takes is another matter (`backends.jobs.pace`).
    """

    samples: float
    seconds: float
    costs: float

    def as_json(self, duration: float) -> dict[str, Any]:
        """A batch job estimate of the openEO API, for a job that takes so many seconds."""
        return {
            "costs": self.costs,
            "duration": f"PT{math.ceil(duration)}S",
            "size": math.ceil(self.samples * BYTES_PER_SAMPLE),
            "downloads_included": None,
        }


def estimate(process: Mapping[str, Any], profile: Profile, plan: str | None = None) -> Estimate:
    """Estimate from the extents in the graph; raises ``EstimateComplexity`` where they say
    too little: parameters without a value, data from elsewhere, no extent at all.
    """
    samples = sum(_samples(arguments, profile) for arguments in _loads(process))
    seconds = START_SECONDS + samples / SAMPLES_PER_SECOND
    return Estimate(samples, seconds, _costs(seconds, profile.billing, plan))


def check_budget(
    profile: Profile,
    store: Store,
    user: str,
    budget: float | None,
    process: Mapping[str, Any],
    *,
    plan: str | None = None,
) -> None:
    """Raise ``PaymentRequired`` if the user has nothing left, or if what is left or the
    request's own budget is below what it is known to take.
    """
    left = check_left(profile, store, user)
    try:
        expected = estimate(process, profile, plan).costs
    except OpenEOError:
        return
    currency = profile.billing.currency
    for amount, words in ((budget, "The budget given"), (left, "What is left of your budget")):
        if amount is not None and expected > amount:
            raise OpenEOError(
                "PaymentRequired",
                f"{words}, {amount:g} {currency}, is too low: the process is expected to cost "
                f"up to {expected:g}.",
            )


def check_left(profile: Profile, store: Store, user: str) -> float:
    """What the user has left to spend; raises ``PaymentRequired`` if that is nothing."""
    left = profile.budget(user) - store.spent(user)
    if left <= 0:
        raise OpenEOError("PaymentRequired", "The user's budget at this backend is used up.")
    return left


def _costs(seconds: float, billing: Billing, plan: str | None) -> float:
    usage = Usage(cpu=seconds, memory=MEGABYTES * seconds, duration=seconds)
    return most_costs_of(usage, billing, plan=plan)


def _loads(process: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    graph = process.get("process_graph")
    for node in graph.values() if isinstance(graph, dict) else ():
        process_id = node.get("process_id") if isinstance(node, dict) else None
        if process_id in _ELSEWHERE:
            raise _too_complex(f"how much '{process_id}' loads is not known beforehand")
        if process_id == "load_collection":
            yield node.get("arguments", {})


def _samples(arguments: Mapping[str, Any], profile: Profile) -> float:
    identifier = arguments.get("id")
    spec = profile.collection(identifier) if isinstance(identifier, str) else None
    if spec is None or spec.kind != "world":
        raise _too_complex("its data cannot be counted beforehand")
    found = product(spec.product, spec.options)
    pixels = _pixels(box_of(arguments.get("spatial_extent")), found)
    bands = arguments.get("bands")
    count = len(bands) if isinstance(bands, list) else len(found.bands)
    return pixels * _dates(arguments.get("temporal_extent"), found) * count


def box_of(extent: object) -> tuple[float, float, float, float, bool]:
    """West, south, east, north, and whether these are degrees.

    Raises ``EstimateComplexity`` for what is no literal extent.
    """
    if not isinstance(extent, dict):
        raise _too_complex("it has no spatial extent")
    if isinstance(extent.get("type"), str):
        places = list(_positions(extent))
        if not places:
            raise _too_complex("its spatial extent is empty")
        xs, ys = zip(*places, strict=True)
        return min(xs), min(ys), max(xs), max(ys), True
    sides = [extent.get(side) for side in ("west", "south", "east", "north")]
    numbers = [float(side) for side in sides if isinstance(side, int | float)]
    if len(numbers) != 4:
        raise _too_complex("its spatial extent has no numbers")
    degrees = str(extent.get("crs", "4326")).upper().removeprefix("EPSG:") == "4326"
    return numbers[0], numbers[1], numbers[2], numbers[3], degrees


def _positions(geometry: object) -> Iterator[tuple[float, float]]:
    waiting = [geometry]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [value.get(key) for key in _GEOJSON]
        elif isinstance(value, list):
            numbers = [item for item in value if isinstance(item, int | float)]
            if len(numbers) >= 2 and len(numbers) == len(value):
                yield numbers[0], numbers[1]
            else:
                waiting += value


_GEOJSON: Final = ("coordinates", "geometries", "geometry", "features")


def _pixels(box: tuple[float, float, float, float, bool], found: Product) -> float:
    west, south, east, north, degrees = box
    width, height = abs(east - west), abs(north - south)
    if degrees and found.utm:
        middle = math.radians((south + north) / 2)
        width *= METRES_PER_DEGREE * math.cos(middle)
        height *= METRES_PER_DEGREE
    size = found.degrees if degrees and not found.utm else found.metres
    return max(width / size, 1.0) * max(height / size, 1.0)


def _dates(extent: object, found: Product) -> float:
    if not found.dates:
        return 1.0
    first, last = (text[:10] for text in found.interval)
    if isinstance(extent, list) and len(extent) == 2:
        first = extent[0][:10] if isinstance(extent[0], str) else first
        last = extent[1][:10] if isinstance(extent[1], str) else last
    elif extent is not None:
        raise _too_complex("its temporal extent has no dates")
    try:
        days = (date.fromisoformat(last) - date.fromisoformat(first)).days
    except ValueError:
        raise _too_complex("its temporal extent has no dates") from None
    return max(1.0, math.ceil(days / _DAYS.get(found.step or "", 1.0)))


def _too_complex(reason: str) -> OpenEOError:
    return OpenEOError("EstimateComplexity", f"No estimate is possible for the process: {reason}.")
