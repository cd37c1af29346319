"""Making a cut better step by step, where the search could not try everything.

The backend is changed of one node, of a node with what its part does before it, or of a part. A
change stays if the cut gets cheaper. A result that cannot be handed on costs very much here, so
that a cut that is not possible may become so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from aggregator.routing.splitting.problem import Problem

LAST = ""
"""Stands for the exit of the last part."""

IMPOSSIBLE = 10**50
"""More than any possible cut costs."""

LOOKED_AT = 60_000
"""How many nodes are looked at, at most, while changes are tried."""


class Draft:
    """A backend for each node, the exits of the parts that follow from it, and what it costs."""

    def __init__(self, problem: Problem, backends: Mapping[str, str]) -> None:
        self.problem, self.flow = problem, problem.flow
        self.backends = dict(backends)
        self.exits: dict[str, str] = {}
        self.cost = self._counted()

    def _counted(self) -> int:
        """The cost, and the exits on the way: the users of a node come before the node."""
        problem, backends, exits = self.problem, self.backends, self.exits
        last = backends[next(iter(self.flow.last))]
        cost = problem.part[last] + problem.tie[last]
        for node in reversed(self.flow.order):
            if node in self.flow.last:
                exits[node] = LAST
                continue
            users, backend = self.flow.users[node], backends[node]
            parts = {exits[user] for user in users}
            there = frozenset(backends[user] for user in users)
            if len(parts) == 1 and there == {backend}:
                exits[node] = exits[users[0]]
                continue
            exits[node] = node
            cost += problem.part[backend] + problem.handed[node] * len(parts)
            if not problem.format_for(node, backend, there):
                cost += IMPOSSIBLE
        return cost

    def changes(self, node: str) -> Iterator[Draft]:
        """The drafts with another backend for a node, for what goes before it, for its part."""
        groups = [[node] if node not in self.flow.last else list(self.flow.last)]
        groups.append([*groups[0], *self._before(groups[0])])
        if self.exits[node] == node:
            groups.append([other for other, exit_ in self.exits.items() if exit_ == node])
        for backend in self.problem.able[node]:
            if backend != self.backends[node]:
                for group in groups:
                    yield self._with(group, backend)

    def _with(self, nodes: Iterable[str], backend: str) -> Draft:
        """The same with another backend for those of these nodes that can run there."""
        able = self.problem.able
        changed = {node: backend for node in nodes if backend in able[node]}
        return Draft(self.problem, {**self.backends, **changed})

    def _before(self, nodes: Collection[str]) -> list[str]:
        """What nodes of one part depend on within it."""
        found: dict[str, None] = {}
        pending = list(nodes)
        while pending:
            node = pending.pop()
            for source in self.flow.sources[node]:
                if self.exits[source] == self.exits[node] and source not in found:
                    found[source] = None
                    pending.append(source)
        return list(found)


def improved(draft: Draft, looked_at: int = LOOKED_AT) -> Draft:
    """The draft, or a cheaper one; its cost is below `IMPOSSIBLE` if it can be carried out."""
    order = [n for n in draft.flow.order if n not in draft.flow.last]
    order.append(next(iter(sorted(draft.flow.last))))
    left, unchanged, place = looked_at // len(draft.flow.order), 0, 0
    while unchanged < len(order) and left > 0:
        best = draft
        for found in draft.changes(order[place]):
            left -= 1
            best = min(best, found, key=lambda one: one.cost)
        unchanged = unchanged + 1 if best is draft else 0
        draft, place = best, (place + 1) % len(order)
    return draft


def beginnings(problem: Problem) -> Iterator[Draft]:
    """Drafts to begin with: for each backend, all that it can run, and the rest near its users."""
    flow = problem.flow
    first = min(flow.last)
    for wanted in dict.fromkeys(b for able in problem.able.values() for b in able):
        end = wanted if wanted in problem.able[first] else problem.able[first][0]
        backends = dict.fromkeys(flow.last, end)
        for node in reversed(flow.order):
            if node not in flow.last:
                able = problem.able[node]
                near = [backends[user] for user in flow.users[node]]
                choices = [b for b in (wanted, *near) if b in able]
                backends[node] = (*choices, able[0])[0]
        yield Draft(problem, backends)
