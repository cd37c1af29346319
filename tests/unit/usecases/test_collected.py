"""The listing of collections, merged collection by collection."""

from __future__ import annotations

from typing import Any

import orjson

from aggregator.merging.filters import EVERYTHING
from aggregator.usecases.collected import Collector
from aggregator.usecases.views import whole
from tests.web.site import collection

VIEW = whole("https://federation.example")


def test_only_what_has_changed_is_merged_again() -> None:
    collector = Collector(VIEW, ("terra", "aurora"), EVERYTHING)
    first = collector.collect({"terra": [collection("A"), collection("B")], "aurora": []})
    changed = collection("B", title="Another")
    second = collector.collect({"terra": [collection("A"), changed], "aurora": []})
    assert second.items["A"] is first.items["A"]
    assert b"Another" in second.items["B"]


def test_a_collection_that_another_backend_joins_or_leaves_is_merged_again() -> None:
    collector = Collector(VIEW, ("terra", "aurora"), EVERYTHING)
    alone = collector.collect({"terra": [collection("A")], "aurora": []})
    both = collector.collect({"terra": [collection("A")], "aurora": [collection("A")]})
    assert b'"federation:backends":["terra","aurora"]' in both.items["A"]
    again = collector.collect({"terra": [collection("A")], "aurora": []})
    assert again.items == alone.items


def test_entries_that_are_none_and_listings_that_are_none_cost_nothing_else() -> None:
    collector = Collector(VIEW, ("terra", "aurora"), EVERYTHING)
    found = collector.collect({"terra": [3, None, {"id": 5}, collection("A")], "aurora": "odd"})
    assert list(found.items) == ["A"]
    assert found.notes


def test_of_an_entry_that_comes_twice_the_one_that_can_be_used_is_shown() -> None:
    deep: Any = []
    for _ in range(150):
        deep = [deep]
    twice = [collection("A", deep=deep), collection("A", title="Usable")]
    found = Collector(VIEW, ("terra",), EVERYTHING).collect({"terra": twice})
    assert orjson.loads(found.items["A"])["title"] == "Usable"
    assert [note.code for note in found.notes] == ["entry-unusable"]
