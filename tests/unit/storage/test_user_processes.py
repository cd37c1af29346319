"""User-defined processes in the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from aggregator.errors import StorageQuotaExceeded
from aggregator.storage.database import Database
from aggregator.storage.processes import StoredProcess, StoredProcesses

NDVI = StoredProcess("alice", "my_ndvi", {"id": "my_ndvi", "process_graph": {}})


@pytest.fixture
def stored(url: str) -> Iterator[StoredProcesses]:
    database = Database(url)
    yield StoredProcesses(database)
    database.dispose()


def put(stored: StoredProcesses, process: StoredProcess, at_most: int = 10) -> None:
    stored.put(process, at=1_790_000_000_000, at_most=at_most)


def test_what_is_stored_is_read_again_by_its_owner_only(stored: StoredProcesses) -> None:
    put(stored, NDVI)
    assert stored.get("alice", "my_ndvi") == NDVI
    assert stored.get("bob", "my_ndvi") is None


def test_a_process_takes_the_place_of_the_one_of_its_id(stored: StoredProcesses) -> None:
    put(stored, NDVI)
    newer = replace(NDVI, document={"id": "my_ndvi", "summary": "newer"})
    put(stored, newer)
    assert stored.of_owner("alice") == [newer]


def test_a_listing_goes_on_after_an_id(stored: StoredProcesses) -> None:
    for name in ("c", "a", "b"):
        put(stored, replace(NDVI, id=name))
    assert [one.id for one in stored.of_owner("alice", limit=2)] == ["a", "b"]
    assert [one.id for one in stored.of_owner("alice", after="b")] == ["c"]
    assert stored.of_owner("bob") == []


def test_a_user_stores_no_more_than_allowed_but_can_replace(stored: StoredProcesses) -> None:
    put(stored, NDVI, at_most=1)
    put(stored, replace(NDVI, document={"summary": "newer"}), at_most=1)
    with pytest.raises(StorageQuotaExceeded, match="No more than 1 "):
        put(stored, replace(NDVI, id="another"), at_most=1)
    put(stored, replace(NDVI, owner="bob"), at_most=1)


def test_a_public_process_keeps_its_address_until_it_is_no_longer_public(
    stored: StoredProcesses,
) -> None:
    put(stored, replace(NDVI, key="first"))
    put(stored, replace(NDVI, key="second"))
    assert stored.shared("first") == replace(NDVI, key="first")
    put(stored, NDVI)
    assert stored.shared("first") is None
    put(stored, replace(NDVI, key="third"))
    assert stored.shared("third") == replace(NDVI, key="third")


def test_several_of_several_owners_are_found_at_once(stored: StoredProcesses) -> None:
    bobs = replace(NDVI, owner="bob")
    put(stored, NDVI)
    put(stored, bobs)
    wanted = {("alice", "my_ndvi"), ("bob", "my_ndvi"), ("alice", "other")}
    assert stored.some(wanted) == {("alice", "my_ndvi"): NDVI, ("bob", "my_ndvi"): bobs}
    assert stored.some(set()) == {}


def test_names_that_somebody_has_taken_are_known(stored: StoredProcesses) -> None:
    put(stored, NDVI)
    assert stored.named({"my_ndvi", "mean"}) == {"my_ndvi"}


def test_what_is_deleted_is_gone(stored: StoredProcesses) -> None:
    put(stored, NDVI)
    assert not stored.delete("bob", "my_ndvi")
    assert stored.delete("alice", "my_ndvi")
    assert not stored.delete("alice", "my_ndvi")
    assert stored.get("alice", "my_ndvi") is None
