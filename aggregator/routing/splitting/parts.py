"""From a cut to a plan: the graph of each part, with what it reads and what it hands on."""

from __future__ import annotations

from collections.abc import Collection
from heapq import heappop, heappush
from typing import Any

from aggregator.documents import JsonObject
from aggregator.routing.plans import Exchange, Part, Plan
from aggregator.routing.splitting.cutting import Cut
from aggregator.routing.splitting.handing import reader, writer
from aggregator.routing.splitting.improving import LAST
from aggregator.routing.splitting.survey import Survey
from aggregator.routing.suggestions import enumerated, shortened

_SAVED = "save_result"


def plan_of(process: JsonObject, known: Survey, cut: Cut) -> Plan:
    """The plan; the process is not changed, and nodes that stay the same are shared."""
    return _Parts(process, known, cut).plan()


class _Parts:
    """The parts by their exits, with the exits that each reads and the ids that they get."""

    def __init__(self, process: JsonObject, known: Survey, cut: Cut) -> None:
        self.process, self.known, self.flow, self.cut = process, known, known.flow, cut
        self.members: dict[str, list[str]] = {}
        for node in self.flow.graph:
            self.members.setdefault(cut.exits[node], []).append(node)
        self.reads = {exit_: self._reads(exit_) for exit_ in self.members}
        self.readers: dict[str, list[str]] = {exit_: [] for exit_ in self.members}
        for exit_, found in self.reads.items():
            for source in found:
                self.readers[source].append(exit_)
        self.ids = {exit_: f"part{n}" for n, exit_ in enumerate(self._in_order(), 1)}

    def plan(self) -> Plan:
        """All of them."""
        parts = tuple(self._part(exit_) for exit_ in self.ids)
        exchanges = (self._exchange(exit_) for exit_ in self.ids if exit_ != LAST)
        return Plan(parts, tuple(exchanges))

    def _reads(self, exit_: str) -> list[str]:
        """The results of other parts that a part needs, in the order of the graph."""
        exits = self.cut.exits
        sources = {s for node in self.members[exit_] for s in self.flow.sources[node]}
        return [node for node in self.flow.graph if node in sources and exits[node] != exit_]

    def _in_order(self) -> list[str]:
        """The exits, each after those that it reads, otherwise as their parts begin."""
        place = {exit_: number for number, exit_ in enumerate(self.members)}
        missing = {exit_: len(found) for exit_, found in self.reads.items()}
        ready = [(place[exit_], exit_) for exit_, count in missing.items() if not count]
        ordered: list[str] = []
        while ready:
            _, exit_ = heappop(ready)
            ordered.append(exit_)
            for other in self.readers[exit_]:
                missing[other] -= 1
                if not missing[other]:
                    heappush(ready, (place[other], other))
        return ordered

    def _backend(self, exit_: str) -> str:
        return self.cut.backends[self.members[exit_][0]]

    def _format(self, exit_: str) -> str:
        there = frozenset(self._backend(reader_) for reader_ in self.readers[exit_])
        return self.known.format_for(exit_, self._backend(exit_), there) or ""

    def _exchange(self, exit_: str) -> Exchange:
        readers = sorted(self.readers[exit_], key=list(self.ids).index)
        return Exchange(
            node=exit_,
            producer=self.ids[exit_],
            consumers=tuple(self.ids[reader_] for reader_ in readers),
            format=self._format(exit_),
            size=self.known.cubes[exit_].size,
        )

    def _part(self, exit_: str) -> Part:
        reads = self.reads[exit_]
        return Part(
            id=self.ids[exit_],
            backend=self._backend(exit_),
            nodes=tuple(self.members[exit_]),
            process=self._process(exit_),
            needs=tuple(part for other, part in self.ids.items() if other in reads),
            why=_why(self.known, self.members[exit_]),
        )

    def _process(self, exit_: str) -> dict[str, Any]:
        """The part's process; what it reads stands under the id of the node that gave it."""
        own, reads = set(self.members[exit_]), set(self.reads[exit_])
        graph = {
            node: content if node in own else reader(self.ids[node])
            for node, content in self.flow.graph.items()
            if node in own or node in reads
        }
        if exit_ == LAST:
            return {**self.process, "process_graph": graph}
        saved = _SAVED
        while saved in self.flow.graph:
            saved += "_"
        graph[saved] = writer(exit_, self._format(exit_))
        known = {key: self.process[key] for key in ("parameters",) if key in self.process}
        return {**known, "process_graph": graph}


def _why(known: Survey, nodes: Collection[str]) -> str:
    able, graph = known.able, known.flow.graph
    only = [node for node in nodes if len(able[node]) == 1]
    if only:
        names = enumerated([_named(node, graph[node]) for node in only], most=5)
        return f"nowhere else can run {names}"
    common = set.intersection(*(set(able[node]) for node in nodes))
    if len(common) == 1:
        return "nowhere else can run all of this"
    return f"one of {len(common)} backends that can run this, and little is handed on so"


def _named(node: str, content: JsonObject) -> str:
    collection = content["arguments"].get("id")
    name = f"'{shortened(node, 50)}'"
    if content["process_id"] == "load_collection" and isinstance(collection, str):
        return f"{name} (collection '{shortened(collection, 100)}')"
    return f"{name} ({shortened(content['process_id'], 50)})"
