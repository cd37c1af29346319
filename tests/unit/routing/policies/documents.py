"""Rankings by policies, for their tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.routing import POLICIES, decide
from aggregator.routing.policies import Facts
from tests.unit.routing.documents import backend, load, needs

ABLE = ("terra", "aurora", "boreal")


def ranked(policy: str, able: Sequence[str] = ABLE, **known: Any) -> dict[str, str]:
    """The backends in the order in which the policy ranks them, each with its reason."""
    routing = decide(
        needs(a=load()),
        [backend(name) for name in able],
        policy=POLICIES[policy],
        facts=Facts(**known),
    )
    return {entry.backend: entry.why for entry in routing.ranking}


def in_order(ranking: Mapping[str, str]) -> list[tuple[str, str]]:
    """The same as a list, since equal mappings may be in different orders."""
    return [*ranking.items()]
