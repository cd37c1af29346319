"""The self-review of the other members; a module of its own, so that two processes share them."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Federation
from tests.scenarios.reviews import assert_meets_the_minimum


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["aurora", "boreal"])
def test_each_other_backend_meets_the_minimum(federation: Federation, name: str) -> None:
    assert_meets_the_minimum(federation.backend_url(name))
