"""What the tests of a backend's HTTP side share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.backends.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A backend that speaks API 1.3.0."""
    made = Site(tmp_path / "data")
    yield made
    made.close()
