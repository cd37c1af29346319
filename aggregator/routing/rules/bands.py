"""A collection must have the bands that are asked for, where its bands are published."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities
from aggregator.routing.requirements import Requirements
from aggregator.routing.suggestions import enumerated, shortened
from aggregator.routing.verdicts import Asked, Reason


def concerns(needs: Requirements, _asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return any(need.bands for need in needs.collections)


def judge(needs: Requirements, backend: Abilities, _asked: Asked) -> Iterator[Reason]:
    """Judge by names and common names of bands."""
    for need in needs.collections:
        if not need.bands:
            continue
        collection = (backend.collections or {}).get(need.id)
        if collection is None or collection.bands is None:
            continue
        missing = [band for band in dict.fromkeys(need.bands) if band not in collection.bands]
        if missing:
            names = enumerated([f"'{shortened(band, 50)}'" for band in missing])
            text = f"has collection '{need.id}' without {_counted(missing)} {names}"
            yield Reason("bands", text, need.path)


def _counted(bands: list[str]) -> str:
    return "band" if len(bands) == 1 else "bands"
