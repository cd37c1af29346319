"""Estimates: what a graph tells of its costs, and what it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends.errors import OpenEOError
from backends.jobs.budgets import estimate
from backends.profile_reading import load_profile

TERRA = load_profile(Path(__file__).parents[4] / "config" / "backends" / "terra.yaml")
KNOWN: dict[str, Any] = {
    "process_id": "load_collection",
    "arguments": {
        "id": "SENTINEL2_L2A",
        "spatial_extent": {"west": 7.0, "south": 51.0, "east": 7.01, "north": 51.01},
        "temporal_extent": ["2024-06-01", "2024-06-11"],
        "bands": ["B04"],
    },
}


def test_samples_are_pixels_times_dates_times_bands() -> None:
    # 0.01 degrees at 51 degrees north are about 70 x 111 pixels of 10 m; two dates.
    found = estimate({"process_graph": {"load": KNOWN}}, TERRA)
    assert found.samples == pytest.approx(2 * 70 * 111.3, rel=0.01)


def test_a_dearer_plan_costs_more() -> None:
    process = {"process_graph": {"load": KNOWN}}
    usual, dear = (estimate(process, TERRA, plan).costs for plan in ("trial", "priority"))
    assert dear > usual > 0


@pytest.mark.parametrize("process_id", ["load_stac", "load_url", "load_uploaded_files"])
def test_data_from_elsewhere_cannot_be_estimated(process_id: str) -> None:
    node = {"process_id": process_id, "arguments": {"url": "https://example.org/x"}}
    with pytest.raises(OpenEOError, match=process_id) as caught:
        estimate({"process_graph": {"load": KNOWN, "more": node}}, TERRA)
    assert caught.value.code == "EstimateComplexity"
