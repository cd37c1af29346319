"""Which bands a collection names, and which backends have them."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.merging.bands import band_names, who_has
from aggregator.merging.fields import Part


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({"cube:dimensions": {"b": {"type": "bands", "values": ["B04", "B02"]}}}, ["B04", "B02"]),
        ({"cube:dimensions": {"t": {"type": "temporal", "values": ["2024-01-01"]}}}, []),
        ({"bands": [{"name": "B04"}, {"description": "nameless"}, 3]}, ["B04"]),
        ({"summaries": {"eo:bands": [{"name": "B02"}]}}, ["B02"]),
        (
            {
                "summaries": {"bands": [{"name": "B04"}, {"name": "B02"}]},
                "cube:dimensions": {"b": {"type": "bands", "values": ["B02"]}},
            },
            ["B02", "B04"],
        ),
        ({"cube:dimensions": 3, "bands": "B04", "summaries": []}, []),
    ],
)
def test_bands_are_named_by_dimensions_by_the_collection_and_by_its_summaries(
    document: dict[str, Any], names: list[str]
) -> None:
    assert band_names(document) == names


def test_a_band_is_partial_if_a_backend_that_names_bands_has_it_not() -> None:
    def part(backend: str, *names: str) -> Part:
        return Part(backend, {"bands": [{"name": name} for name in names]})

    terra, aurora, silent = part("terra", "B02", "B04"), part("aurora", "B04"), part("boreal")
    assert who_has([terra, aurora, silent]) == {"B02": ("terra",)}
    assert who_has([terra, aurora]) == {"B02": ("terra",)}
    assert who_has([terra, silent]) == {}
    assert who_has([terra]) == {}
