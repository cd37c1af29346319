"""The aggregator in front of two scripted backends, and a browser to look at its pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.browsers import opened
from tests.web.site import Site, backend


@pytest.fixture
def site(tmp_path: Path) -> Site:
    terra = backend("terra", ("S2", "LAND"), ("ndvi",))
    aurora = backend("aurora", ("S2", "S1"), ("radar_mask",))
    return Site({"terra": terra, "aurora": aurora}, tmp_path)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    with opened() as found:
        yield found
