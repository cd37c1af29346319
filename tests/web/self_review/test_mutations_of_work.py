"""Each rule about the work of users, broken by itself, is caught, and nothing unrelated."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.self_review.catalogue import load
from tests.web.self_review.mutations import Mutation, Table, computed_mutations, mutations

# Resampling reprojects arrays in memory, of which rasterio says that they are nowhere.
pytestmark = pytest.mark.filterwarnings("ignore:Dataset has no geotransform")
HERE = [one for one in mutations(load()) if one.user]


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


@pytest.mark.parametrize("mutation", computed_mutations(), ids=lambda one: one.name)
def test_what_is_computed_wrongly_is_caught(table: Table, mutation: Mutation) -> None:
    caught = table.spoiled(mutation)
    assert caught.missed == set()
    assert caught.unrelated == set()
