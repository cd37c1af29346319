"""What the tests of the provider's HTTP side share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.identity.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A provider with users and clients of every kind."""
    return Site(tmp_path / "identity")
