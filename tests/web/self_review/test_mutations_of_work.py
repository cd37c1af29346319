"""Each rule about the work of users, broken by itself, is caught, and nothing unrelated."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.self_review.catalogue import load
from scripts.self_review.properties import PROPERTIES
from tests.web.self_review.answering_wrongly import WRONG
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


def test_every_property_has_a_mutation() -> None:
    assert set(WRONG) == set(PROPERTIES)


def test_the_properties_hold_where_everything_is_computed_rightly(table: Table) -> None:
    assert table.bad_before(properties=True) == set()
