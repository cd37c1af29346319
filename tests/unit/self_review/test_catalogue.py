"""The catalogue carries every requirement with its id and source."""

from __future__ import annotations

from collections import Counter

from scripts.self_review.catalogue import load


def test_it_has_684_requirements_of_which_317_need_no_login() -> None:
    methods = Counter(row.method for row in load())
    assert methods == {"automatic": 317, "authenticated": 291, "manual": 76}


def test_every_requirement_says_what_it_wants_and_where_that_is_written() -> None:
    assert all(row.wants and row.source and row.profiles for row in load())


def test_parents_and_conflicts_and_better_rows_exist() -> None:
    catalogue = load()
    for row in catalogue:
        for other in (row.parent, row.same_process_as, row.superseded_by):
            assert other is None or other in catalogue.requirements, row.id
        assert row.conflict is None or row.conflict in catalogue.conflicts, row.id


def test_all_18_conflicts_have_a_reading_and_a_requirement_that_it_is_applied_to() -> None:
    catalogue = load()
    assert len(catalogue.conflicts) == 18
    assert {row.conflict for row in catalogue} - {None} == set(catalogue.conflicts)


def test_the_minimum_is_the_profiles_and_pages_that_the_contract_names() -> None:
    pages = {"contract", "collections", "file_formats", "federation"}
    profiles = {"api-L1", "api-L1A", "api-L1B", "api-L2", "api-LP"}
    profiles |= {"processes-L1", "processes-L2", "processes-L2P", "processes-L2A"}
    assert load().minimum == pages | profiles
    assert Counter(row.method for row in load() if load().in_minimum(row)) == {
        "automatic": 200,
        "authenticated": 120,
        "manual": 59,
    }


def test_the_minimum_needs_97_different_processes() -> None:
    catalogue = load()
    rows = [row for row in catalogue if catalogue.in_minimum(row) and row.process]
    assert len({row.process for row in rows}) == 97


def test_a_row_repeated_in_another_profile_counts_in_both() -> None:
    assert load()["api-710"].profiles == ("api-L1B", "api-L2")
    assert load()["naming-1"].profiles == ("collections",)
