"""A federation of three scripted backends, and a process that needs all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.federated.site import Trio


@pytest.fixture
def trio(tmp_path: Path) -> Trio:
    return Trio(tmp_path)
