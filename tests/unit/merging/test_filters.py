"""Allow and deny lists, by id or pattern, for all or one backend."""

from __future__ import annotations

import pytest

from aggregator.merging.filters import EVERYTHING, Lists, Selection


def test_without_lists_everything_is_offered() -> None:
    assert EVERYTHING.admits_collection("terra", {"id": "X"})
    assert EVERYTHING.admits_process("terra", "ndvi")


@pytest.mark.parametrize(
    ("lists", "admitted"),
    [
        (Lists(allow=("A", "B")), ["A", "B"]),
        (Lists(allow=("A*",)), ["A", "AB"]),
        (Lists(deny=("A*",)), ["B", "C.D", "b"]),
        (Lists(allow=("*",), deny=("B",)), ["A", "AB", "C.D", "b"]),
        (Lists(allow=("A*",), deny=("?B",)), ["A"]),
        (Lists(allow=("[AB]",)), ["A", "B"]),
        (Lists(allow=("C.D", "X")), ["C.D"]),
        (Lists(allow=("C?D",)), ["C.D"]),
        (Lists(allow=()), []),
    ],
)
def test_what_is_allowed_and_not_denied_is_offered(lists: Lists, admitted: list[str]) -> None:
    names = ["A", "AB", "B", "C.D", "b"]
    assert [name for name in names if lists.admit(name)] == admitted


def test_a_dot_in_an_id_is_no_pattern() -> None:
    assert not Lists(allow=("C.D", "Z*")).admit("CxD")


def test_lists_for_all_and_for_one_backend_both_hold() -> None:
    selection = Selection(
        processes=Lists(deny=("run_udf",)),
        processes_of={"terra": Lists(allow=("nd*", "run_udf"))},
    )
    assert selection.admits_process("terra", "ndvi")
    assert not selection.admits_process("terra", "add")
    assert not selection.admits_process("terra", "run_udf")
    assert selection.admits_process("aurora", "add")
    assert not selection.admits_process("aurora", "run_udf")


def test_a_collection_matches_by_its_id_or_its_common_name() -> None:
    s2 = {"id": "S2_AURORA", "common_name": "SENTINEL2_L2A"}
    for name in ("S2_AURORA", "SENTINEL2_L2A"):
        assert Selection(collections=Lists(allow=(name,))).admits_collection("aurora", s2)
        assert not Selection(collections=Lists(deny=(name,))).admits_collection("aurora", s2)
    allowed_there = Selection(collections_of={"aurora": Lists(allow=("OTHER",))})
    assert not allowed_there.admits_collection("aurora", s2)
    assert allowed_there.admits_collection("terra", s2)
