"""What the tests of workspaces share."""

from __future__ import annotations

import pytest

from tests.fakes.buckets import ObjectStorage, object_storage


@pytest.fixture
def storage() -> ObjectStorage:
    """Object storage that judges signatures; each test takes buckets of its own."""
    return object_storage()
