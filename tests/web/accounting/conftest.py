"""The federation whose accounting is tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.accounting.site import accounting
from tests.web.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return accounting(tmp_path)
