"""Each rule that is seen without a login, broken by itself, is caught, and nothing unrelated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.self_review.catalogue import load
from tests.web.self_review.mutations import (
    Caught,
    Mutation,
    Table,
    computed_mutations,
    mutations,
    page,
)

PAGE = Path(__file__).parents[3] / "docs" / "self_review_mutations.md"
HERE = [one for one in mutations(load()) if not one.user]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    made = Table(tmp_path_factory.mktemp("table"))
    yield made
    made.close()


@pytest.mark.parametrize("mutation", HERE, ids=lambda one: one.name)
def test_a_broken_rule_is_caught_and_nothing_unrelated(table: Table, mutation: Mutation) -> None:
    caught = table.caught(mutation)
    assert caught.missed == set()
    assert caught.unrelated == set()


def test_the_page_has_every_mutation_and_the_totals() -> None:
    every = [*mutations(load()), *computed_mutations()]
    found = [Caught(one, one.caught_by) for one in every]
    assert page(found, load()) == PAGE.read_text(encoding="utf-8")
