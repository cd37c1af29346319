"""The aggregator in front of two scripted backends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.site import Site, backend


@pytest.fixture
def site(tmp_path: Path) -> Site:
    terra = backend("terra", ("S2", "LAND"), ("ndvi",))
    aurora = backend("aurora", ("S2", "S1"), ("radar_mask",))
    return Site({"terra": terra, "aurora": aurora}, tmp_path)
