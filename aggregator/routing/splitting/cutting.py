"""Where a graph is cut: a backend for each node, so that little is handed on in few parts.

The users of a node are decided before the node itself, so that the parts are known while backends
are being chosen: a node joins the part of its users if all are of one part on its own backend, and
otherwise it ends a part, whose result is handed on. So each part has one exit, and parts never wait
for each other in a circle, since nodes do not.

The search goes depth first, cheapest choice first, and leaves a way as soon as it cannot become
cheaper than the best that was found. What lies ahead is judged from below, by a sum over the trees
in the graph, in which it is exact. So trees are decided at once and for good; other graphs too, as
long as the number of steps allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aggregator.routing.splitting.problem import Problem

STEPS = 20_000
"""How many choices are tried at most, beside a few for each node."""

LAST = ""
"""Stands for the exit of the last part."""

_NEVER: int = 10**60


@dataclass(frozen=True)
class Cut:
    """The backend of each node, the exit of its part, and what it costs (see `Problem`).

    `proven` says whether there is no cheaper cut.
    """

    backends: Mapping[str, str]
    exits: Mapping[str, str]
    cost: int
    proven: bool


def cut(problem: Problem, steps: int = STEPS) -> Cut | None:
    """The cheapest cut that is found in so many steps; None if none is."""
    if problem.hopeless:
        return None
    return _Search(problem).run(steps)


class _Search:
    """The state of a search: the choices on the present way, and the best cut so far."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.flow = problem, problem.flow
        self.open = [n for n in reversed(self.flow.order) if n not in self.flow.last]
        self.ahead = _Ahead(problem)
        self.backends: dict[str, str] = {}
        self.exits = dict.fromkeys(self.flow.last, LAST)
        self.best: Cut | None = None
        self.limit = _NEVER
        self.steps = 0

    def run(self, steps: int) -> Cut | None:
        """Look once from each backend for the last part, then thoroughly."""
        first = next(iter(self.flow.last))
        starts = sorted((self.ahead.start(b), b) for b in self.problem.able[first])
        few = 2 * len(self.open) + 100
        for bound, backend in starts:
            self._descend(bound, backend, few, once=True)
        self.steps = 0
        looked = [self._descend(bound, backend, steps) for bound, backend in starts]
        if self.best is None:
            return None
        return Cut(self.best.backends, self.best.exits, self.best.cost, proven=all(looked))

    def _descend(self, bound: int, backend: str, steps: int, *, once: bool = False) -> bool:
        """Whether everything was looked at that has the last part on this backend."""
        if bound >= self.limit:
            return True
        if once:
            self.steps = 0
        self.backends.update(dict.fromkeys(self.flow.last, backend))
        if not self.open:
            self._keep(bound)
            return True
        ways = [self._choices(0, bound)]
        while ways:
            choice = next(ways[-1], None)
            if choice is None or choice[0] >= self.limit:
                ways.pop()
                continue
            self.steps += 1
            if self.steps > steps:
                return False
            node = self.open[len(ways) - 1]
            bound, self.backends[node], self.exits[node] = choice
            if len(ways) < len(self.open):
                ways.append(self._choices(len(ways), bound))
                continue
            self._keep(bound)
            if once:
                return False
        return True

    def _keep(self, cost: int) -> None:
        self.limit = cost
        self.best = Cut(dict(self.backends), dict(self.exits), cost, proven=False)

    def _choices(self, depth: int, bound: int) -> Iterator[tuple[int, str, str]]:
        """What the whole costs at least, the backend, and the exit of the part; cheapest first."""
        node = self.open[depth]
        users = self.flow.users[node]
        parts = {self.exits[user] for user in users}
        there = frozenset(self.backends[user] for user in users)
        ahead = self.ahead
        before = bound - ahead.of(node, self.backends[users[0]])
        handed = self.problem.handed[node] * len(parts)
        found = []
        for backend in self.problem.able[node]:
            more = ahead.below[node][backend]
            if len(parts) == 1 and there == {backend}:
                found.append((before + more, backend, next(iter(parts))))
            elif self.problem.format_for(node, backend, there):
                cost = handed + self.problem.part[backend]
                found.append((before + more + cost, backend, node))
        # Between equals a node ends a part: sizes are upper limits, and more may be left out yet.
        return iter(sorted(found, key=lambda choice: (choice[0], choice[2] != node)))


class _Ahead:
    """What the nodes that are still to be decided cost at least.

    `below` has, by node and backend, what the sources of the node cost that no other node uses, and
    their sources likewise. A node with several users counts for itself, wherever it is cheapest.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem, self.flow = problem, problem.flow
        self.below: dict[str, dict[str, int]] = {}
        self.through: dict[str, dict[str, int]] = {}
        for node in self.flow.order:
            self._look_below(node)
        self.anywhere = {node: min(below.values()) for node, below in self.below.items()}

    def _look_below(self, node: str) -> None:
        trees = [s for s in self.flow.sources[node] if len(self.flow.users[s]) == 1]
        self.below[node] = {
            backend: min(_NEVER, sum(self._reached(s, node, backend) for s in trees))
            for backend in self.problem.able[node]
        }

    def _reached(self, source: str, user: str, backend: str) -> int:
        """What it costs to have the result of a source at the backend of its only user."""
        known = self.through.setdefault(source, {})
        if backend not in known:
            below = self.below[source]
            known[backend] = below.get(backend, _NEVER)
            if user in self.flow.last and source in self.flow.last:
                return known[backend]
            there = frozenset({backend})
            for other in below.keys() - there:
                cost = below[other] + self.problem.handed[source] + self.problem.part[other]
                if cost < known[backend] and self.problem.format_for(source, other, there):
                    known[backend] = cost
        return known[backend]

    def of(self, node: str, backend: str) -> int:
        """What was counted for a node; `backend` is that of its first user."""
        if len(self.flow.users[node]) == 1:
            return self.through[node][backend]
        return self.anywhere[node]

    def start(self, backend: str) -> int:
        """What all costs at least if the last part is on this backend."""
        cost = self.problem.part[backend] + self.problem.tie[backend]
        for node in self.flow.order:
            if len(self.flow.users[node]) == 1:
                continue
            if node in self.flow.last:
                cost += self.below[node][backend]
            else:
                cost += self.anywhere[node]
        return min(cost, _NEVER)
