"""What has to be decided to cut a graph: who can run each node, and what handing on costs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from aggregator.routing.splitting.flow import Flow
from aggregator.routing.splitting.handing import Handing
from aggregator.routing.splitting.survey import Survey

PART = 100_000_000
"""One part more is worth as many bytes: each is a job that waits, costs and may fail."""

UNSEEN = 10**12
"""Bytes that a result of unknown size is taken for, so that it is handed on only if it must be."""

MOST = 10**15
_BYTE = 10**6
_UNPAID = 10**40

FormatFor = Callable[[str, str, frozenset[str]], str | None]


@dataclass(frozen=True)
class Problem:
    """Nodes, the backends that can run each (in order of preference), and costs.

    Costs are whole numbers of no unit. First come the parts that the user cannot pay for, then
    bytes and parts (see `PART`), and between equals the order of the backends decides. `handed`
    is the cost of handing the result of a node on once, `part` that of a part on a backend, `tie`
    that of having the last part there.
    """

    flow: Flow
    able: Mapping[str, tuple[str, ...]]
    handed: Mapping[str, int]
    part: Mapping[str, int]
    tie: Mapping[str, int]
    format_for: FormatFor

    @property
    def hopeless(self) -> bool:
        """Whether there is a node that no backend is left for."""
        return not all(self.able.values())


def problem_of(known: Survey, ranked: Sequence[str], unpaid: Collection[str]) -> Problem:
    """The problem; `ranked` are all backends in order of preference."""
    part = {
        backend: PART * _BYTE + place + (_UNPAID if backend in unpaid else 0)
        for place, backend in enumerate(ranked)
    }
    kept = _undominated(ranked, known, part)
    return narrowed(
        Problem(
            flow=known.flow,
            able={node: _of(kept, able) for node, able in known.able.items()},
            handed={node: _bytes(cube.size) * _BYTE for node, cube in known.cubes.items()},
            part=part,
            tie={backend: place for place, backend in enumerate(ranked)},
            format_for=known.format_for,
        )
    )


def _bytes(size: int | None) -> int:
    return UNSEEN if size is None else min(size, MOST)


def _undominated(ranked: Sequence[str], known: Survey, part: Mapping[str, int]) -> tuple[str, ...]:
    """The backends without those in whose place a preferred one could stand in every plan.

    Taking one backend for another never makes more parts, and never more to be handed on.
    """
    runs = dict.fromkeys(ranked, 0)
    for place, backends in enumerate(known.able.values()):
        for backend in backends:
            runs[backend] |= 1 << place
    kept: list[str] = []
    for backend in ranked:
        if runs[backend] and not any(
            runs[backend] & ~runs[other] == 0
            and part[other] <= part[backend]
            and _hands_on_as_well(known.handing, other, backend)
            for other in kept
        ):
            kept.append(backend)
    return tuple(kept)


def _hands_on_as_well(handing: Handing, other: str, backend: str) -> bool:
    more, less = handing.hands[other], handing.hands[backend]
    return all(
        {w.format for w in less.writes.get(kind, ())}
        <= {w.format for w in more.writes.get(kind, ())}
        and frozenset(less.reads.get(kind, ())) <= frozenset(more.reads.get(kind, ()))
        for kind in ("raster", "vector")
    )


def narrowed(problem: Problem) -> Problem:
    """The problem without the choices that no choice at a neighbour goes with."""
    flow, able = problem.flow, dict(problem.able)
    last = [node for node in flow.order if node in flow.last]
    able |= dict.fromkeys(last, _of(able[last[0]], set.intersection(*(set(able[n]) for n in last))))
    waiting = dict.fromkeys(flow.order)
    while waiting:
        node = next(iter(waiting))
        del waiting[node]
        for user in flow.users[node]:
            found = _fitting(problem, node, able[node], able[user])
            for changed, left in zip((node, user), found, strict=True):
                if len(left) < len(able[changed]):
                    alike = last if changed in flow.last else [changed]
                    able |= dict.fromkeys(alike, left)
                    waiting |= dict.fromkeys(alike)
                    waiting |= dict.fromkeys(s for one in alike for s in flow.sources[one])
    return replace(problem, able=able)


def _fitting(
    problem: Problem, node: str, makers: tuple[str, ...], readers: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if makers == readers:
        return makers, readers
    pairs = [
        (maker, reader)
        for maker in makers
        for reader in readers
        if maker == reader or problem.format_for(node, maker, frozenset({reader}))
    ]
    made, read = {maker for maker, _ in pairs}, {reader for _, reader in pairs}
    return _of(makers, made), _of(readers, read)


def _of(backends: Iterable[str], kept: Collection[str]) -> tuple[str, ...]:
    return tuple(backend for backend in backends if backend in kept)
