"""What the tests of workspaces share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.buckets import ObjectStorage, object_storage


@pytest.fixture(scope="session")
def storage() -> Iterator[ObjectStorage]:
    """Object storage that judges signatures; each test takes buckets of its own."""
    with object_storage() as found:
        yield found
