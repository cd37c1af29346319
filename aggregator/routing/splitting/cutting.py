"""Where a graph is cut: a backend for each node, so that little is handed on in few parts.

The users of a node are decided before the node itself, so that the parts are known while backends
are being chosen: a node joins the part of its users if all are of one part on its own backend, and
otherwise it ends a part, whose result is handed on. So each part has one exit, and parts never wait
for each other in a circle, since nodes do not.

The search goes depth first, cheapest choice first, and leaves a way as soon as it cannot become
cheaper than the best that was found. What lies ahead is judged from below, exactly where the graph
is a tree. So trees are decided at once and for good; other graphs too, as long as the number of
steps allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from aggregator.routing.splitting.improving import (
    IMPOSSIBLE,
    LAST,
    Draft,
    beginnings,
    improved,
)
from aggregator.routing.splitting.problem import Problem

STEPS = 20_000
"""How many choices are tried at most, beside a few for each node."""

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
    search = _Search(problem)
    proven = search.run(steps)
    if not proven:
        return _improved(problem, search.best)
    return None if search.best is None else replace(search.best, proven=True)


def _improved(problem: Problem, best: Cut | None) -> Cut | None:
    """What can be made of the best cut that the search came to, or of others if it found none."""
    drafts = beginnings(problem) if best is None else [Draft(problem, best.backends)]
    found = min((improved(draft) for draft in drafts), key=lambda draft: draft.cost)
    if found.cost >= IMPOSSIBLE:
        return None
    return Cut(found.backends, found.exits, found.cost, proven=False)


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

    def run(self, steps: int) -> bool:
        """Whether the best cut was found, or that there is none: all ways were looked at."""
        first = next(iter(self.flow.last))
        starts = sorted((self.ahead.start(b), b) for b in self.problem.able[first])
        few = 2 * len(self.open) + 100
        for bound, backend in starts:
            self.steps = 0
            self._descend(bound, backend, few, once=True)
        self.steps = 0
        looked = [self._descend(bound, backend, steps) for bound, backend in starts]
        return all(looked)

    def _descend(self, bound: int, backend: str, steps: int, *, once: bool = False) -> bool:
        """Whether everything was looked at that has the last part on this backend."""
        if bound >= self.limit:
            return True
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
        backends = [self.backends[user] for user in users]
        there, ahead = frozenset(backends), self.ahead
        before = bound - ahead.of(node, backends)
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

    `below` has, by node and backend, what everything costs that the node depends on. The cost of a
    node with several users is divided among them: each would have to pay it if it were alone, so
    that together they never count more than it comes to.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem, self.flow = problem, problem.flow
        self.below: dict[str, dict[str, int]] = {}
        self.shares: dict[str, dict[str, int]] = {}
        for node in self.flow.order:
            wanted = {b for user in self.flow.users[node] for b in problem.able[user]}
            self.below[node] = self._below(node)
            self.shares[node] = {backend: self._share(node, backend) for backend in wanted}

    def _below(self, node: str) -> dict[str, int]:
        sources = self.flow.sources[node]
        return {
            backend: min(_NEVER, sum(self.shares[source][backend] for source in sources))
            for backend in self.problem.able[node]
        }

    def _share(self, node: str, backend: str) -> int:
        """What one user on this backend has to pay for the result of the node."""
        below, there = self.below[node], frozenset({backend})
        cost = below.get(backend, _NEVER)
        if node not in self.flow.last:
            for other in below.keys() - there:
                more = below[other] + self.problem.handed[node] + self.problem.part[other]
                if more < cost and self.problem.format_for(node, other, there):
                    cost = more
        return _NEVER if cost >= _NEVER else cost // len(self.flow.users[node])

    def of(self, node: str, backends: Iterable[str]) -> int:
        """What was counted for a node; `backends` are those of its users, one for each."""
        return sum(self.shares[node][backend] for backend in backends)

    def start(self, backend: str) -> int:
        """What all costs at least if the last part is on this backend."""
        ends = [node for node, users in self.flow.users.items() if not users]
        below = sum(self.below[node][backend] for node in ends)
        return min(self.problem.part[backend] + self.problem.tie[backend] + below, _NEVER)
