"""Splitting: a process that no single backend can run, as parts on several.

`split` looks at each node of the outermost graph by itself (callbacks and user-defined functions
are never torn), finds out who can run it and how large its result is, and cuts the graph where
little is handed on in few parts. What comes out is a `Plan`, every part of which the ordinary rules
have approved, or an `Unsplittable` that says why there is none.

Pure, deterministic, and bounded: see `NODES` and `cutting.STEPS`.

What is known::

    asking       the request around the process
    flow         the nodes of the outermost graph, and how their results flow
    facts        what metadata say of the cubes that are loaded
    areas        how large a place is, in whatever way it is given
    cubes        what is known of a cube before it is made
    loading      how large cubes are as they are loaded
    effects      what processes do to their size and dimensions
    measuring    the cube that each node gives
    handing      who can hand a result on to whom, and in which format
    survey       all this of each node, before a graph is cut

and what is made of it::

    problem      what has to be decided, and what handing on costs
    cutting      a backend for each node, so that little is handed on
    improving    a cut made better step by step, where not everything could be tried
    parts        from a cut to a plan
    checks       the last word: every part is judged as whole processes are
    obstacles    why a process cannot be run in parts, cause by cause
    diagnosis    which of them stand in the way where there is no plan
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aggregator.documents import JsonObject
from aggregator.routing.abilities import Abilities
from aggregator.routing.graphs import valid_graph
from aggregator.routing.plans import PART_ADDRESS, Plan
from aggregator.routing.reading import read_requirements
from aggregator.routing.splitting.asking import Asking
from aggregator.routing.splitting.checks import objections
from aggregator.routing.splitting.cutting import cut
from aggregator.routing.splitting.diagnosis import obstacles_in
from aggregator.routing.splitting.facts import CollectionFacts, facts_of
from aggregator.routing.splitting.flow import flow_of
from aggregator.routing.splitting.measuring import KnownFacts
from aggregator.routing.splitting.obstacles import Obstacle, Unsplittable
from aggregator.routing.splitting.parts import plan_of
from aggregator.routing.splitting.problem import problem_of
from aggregator.routing.splitting.survey import survey
from aggregator.routing.suggestions import shortened

NODES = 2_000
"""How many nodes the outermost graph of a process has at most that is split."""

__all__ = [
    "NODES",
    "Asking",
    "CollectionFacts",
    "KnownFacts",
    "Obstacle",
    "Unsplittable",
    "facts_of",
    "split",
]


def split(
    process: JsonObject,
    abilities: Sequence[Abilities],
    asking: Asking | None = None,
    facts: KnownFacts | None = None,
) -> Plan | Unsplittable:
    """A plan to run the process on several backends (or one, if one can), or why there is none.

    `abilities` are in configured order; `facts` tell how large collections are, and what is not in
    them is not known. The process is not changed. Raises like `read_requirements` for one that is
    not valid. The time is about linear in the size of the process, and in the backends.
    """
    asking, facts = asking or Asking(), facts or {}
    graph = valid_graph(process)[0].graph
    refusal = _refusal(graph, asking)
    if refusal is not None:
        return Unsplittable((refusal,))
    found = _split(process, graph, abilities, asking, facts)
    away = [one.backend for one in abilities if not one.online]
    if isinstance(found, Plan) or not away:
        return found
    later = _split(process, graph, [replace(a, online=True) for a in abilities], asking, facts)
    needed = later.backends if isinstance(later, Plan) else ()
    return replace(found, awaited=tuple(backend for backend in needed if backend in away))


def _split(
    process: JsonObject,
    graph: Mapping[str, JsonObject],
    abilities: Sequence[Abilities],
    asking: Asking,
    facts: KnownFacts,
) -> Plan | Unsplittable:
    known = survey(process, flow_of(graph), abilities, asking, facts)
    if isinstance(known, Unsplittable):
        return known
    ranked = asking.ranked(read_requirements(process), abilities)
    found = cut(problem_of(known, ranked, asking.unpaid(abilities)))
    if found is None:
        return Unsplittable(obstacles_in(known))
    plan = plan_of(process, known, found)
    against = objections(plan, abilities, asking)
    return Unsplittable(against) if against else plan


def _refusal(graph: Mapping[str, JsonObject], asking: Asking) -> Obstacle | None:
    """Why a process is not split, whatever it needs."""
    if asking.explicit is not None:
        named = shortened(asking.explicit, 50)
        said = f"the request asks for backend '{named}', which is to run all of it"
        return Obstacle("explicit", said)
    if len(graph) > NODES:
        said = f"it has {len(graph)} nodes, and processes of at most {NODES} are split"
        return Obstacle("too-large", said)
    for node, content in graph.items():
        url = content["arguments"].get("url")
        if isinstance(url, str) and url.startswith(PART_ADDRESS):
            where = f"node '{shortened(node, 100)}' reads '{shortened(url, 100)}'"
            return Obstacle("address", f"{where}, which is no address")
    return None
