"""A plan: one process as parts on several backends, which hand their results on to each other.

A part's graph reads the result of another by `load_stac` from a placeholder, since its address is
known only when that part has run; `filled` puts the address in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from aggregator.documents import JsonObject, mapping, objects, text, texts
from aggregator.routing.suggestions import enumerated, shortened

PART_ADDRESS = "federation:part:"
"""Followed by a part's id: the address of that part's result, until the real one is known."""

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True)
class Exchange:
    """A partial result that is handed on: the result of `node`, a node of the whole graph.

    `producer` is the id of the part that makes it, `consumers` those of the parts that read it,
    `format` the name of the file format as the producer knows it, and `size` the estimated number
    of bytes, None if it cannot be told.
    """

    node: str
    producer: str
    consumers: tuple[str, ...]
    format: str
    size: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The exchange as data."""
        return {
            "node": self.node,
            "producer": self.producer,
            "consumers": list(self.consumers),
            "format": self.format,
            "size": self.size,
        }


@dataclass(frozen=True)
class Part:
    """What one backend runs: some nodes of the whole graph, with one result.

    `nodes` are the ids of nodes of the whole graph; `process` has them, with a `load_stac` of
    `PART_ADDRESS` for each part in `needs` and a `save_result` for what is handed on, all in the
    names of the federation (see `rewrite_for`). `why` says why it runs there.
    """

    id: str
    backend: str
    nodes: tuple[str, ...]
    process: JsonObject
    needs: tuple[str, ...] = ()
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """The part as data."""
        return {
            "id": self.id,
            "backend": self.backend,
            "nodes": list(self.nodes),
            "process": self.process,
            "needs": list(self.needs),
            "why": self.why,
        }


@dataclass(frozen=True)
class Plan:
    """All parts, each after those it needs, and what they exchange.

    The last part gives the result of the whole, or all parts in `ends` do together. ValueError for
    parts in another order, for one that needs a part that there is not, for an exchange that no
    part reads, and for an end that is no part or is read by one.
    """

    parts: tuple[Part, ...]
    exchanges: tuple[Exchange, ...] = ()
    ends: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given: set[str] = set()
        for part in self.parts:
            if part.id in given:
                raise ValueError(f"two parts have the id {part.id!r}")
            if not given.issuperset(part.needs):
                raise ValueError(f"part {part.id!r} comes before a part that it needs")
            given.add(part.id)
        needs = {(need, part.id) for part in self.parts for need in part.needs}
        handed = {(e.producer, consumer) for e in self.exchanges for consumer in e.consumers}
        if not self.parts or needs != handed:
            raise ValueError("a plan has parts, and they need exactly what is exchanged")
        if not given.issuperset(self.ends) or {need for need, _ in needs}.intersection(self.ends):
            raise ValueError("the ends of a plan are parts that no other one reads")

    @property
    def last(self) -> Part:
        """The part whose result is that of the whole."""
        return self.parts[-1]

    @property
    def resulting(self) -> tuple[str, ...]:
        """The ids of the parts whose results are those of the whole."""
        return self.ends or (self.last.id,)

    @property
    def backends(self) -> tuple[str, ...]:
        """The backends that take part, each once, in the order of the parts."""
        return tuple(dict.fromkeys(part.backend for part in self.parts))

    @property
    def size(self) -> int | None:
        """The estimated bytes that are handed on in all; None if one of the sizes is not known."""
        sizes = [exchange.size for exchange in self.exchanges for _ in exchange.consumers]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    @cached_property
    def by_id(self) -> Mapping[str, Part]:
        """The parts by their ids."""
        return {part.id: part for part in self.parts}

    def explain(self) -> str:
        """The plan as text of several lines, for people at a terminal and in logs."""
        parts, backends = _counted(len(self.parts), "part"), enumerated(self.backends)
        lines = [f"This process runs in {parts} on {backends}; {_handed_on(self)}.", ""]
        width = max(len(part.id) for part in self.parts)
        for part in self.parts:
            where, *more = self._about(part)
            lines.append(f"  {part.id:<{width}}  {where}")
            lines += [f"  {'':<{width}}    - {line}" for line in more]
        return "\n".join(lines)

    def _about(self, part: Part) -> Iterator[str]:
        names = enumerated([shortened(node, 50) for node in part.nodes])
        yield f"on {part.backend}: {names}"
        if part.why:
            yield part.why
        if part.needs:
            yield f"reads the results of {enumerated(part.needs)}"
        for exchange in self.exchanges:
            if exchange.producer == part.id:
                node, to = shortened(exchange.node, 50), enumerated(exchange.consumers)
                size = amount(exchange.size)
                yield f"hands on the result of '{node}' as {exchange.format}, {size}, to {to}"

    def as_json(self) -> dict[str, Any]:
        """The plan as data; `plan_from_json` reads it again."""
        return {
            "parts": [part.as_json() for part in self.parts],
            "exchanges": [exchange.as_json() for exchange in self.exchanges],
            "size": self.size,
            **({"ends": list(self.ends)} if self.ends else {}),
        }


def plan_from_json(document: JsonObject) -> Plan:
    """The plan that `as_json` wrote. ValueError if it is none."""
    parts = (
        Part(
            text(part, "id"),
            text(part, "backend"),
            texts(part, "nodes"),
            mapping(part, "process"),
            texts(part, "needs"),
            text(part, "why"),
        )
        for part in objects(document, "parts")
    )
    exchanges = (
        Exchange(
            text(exchange, "node"),
            text(exchange, "producer"),
            texts(exchange, "consumers"),
            text(exchange, "format"),
            exchange.get("size"),
        )
        for exchange in objects(document, "exchanges")
    )
    return Plan(tuple(parts), tuple(exchanges), texts(document, "ends"))


def renamed(plan: Plan, prefix: str, why: str) -> Plan:
    """The plan with a prefix before the id of each part, so that it can stand beside others.

    `why` comes before what each part says of itself.
    """
    addresses = {
        f"{PART_ADDRESS}{part.id}": f"{PART_ADDRESS}{prefix}{part.id}" for part in plan.parts
    }
    parts = tuple(
        replace(
            part,
            id=f"{prefix}{part.id}",
            process=_with_addresses(part.process, addresses),
            needs=tuple(f"{prefix}{need}" for need in part.needs),
            why=f"{why}; {part.why}" if part.why else why,
        )
        for part in plan.parts
    )
    exchanges = tuple(
        replace(
            exchange,
            producer=f"{prefix}{exchange.producer}",
            consumers=tuple(f"{prefix}{consumer}" for consumer in exchange.consumers),
        )
        for exchange in plan.exchanges
    )
    return Plan(parts, exchanges, tuple(f"{prefix}{end}" for end in plan.ends))


def filled(part: Part, addresses: Mapping[str, str]) -> dict[str, Any]:
    """The part's process with the real address of each part that it needs, by the parts' ids.

    ValueError if an address is lacking. The part stays as it is; what does not change is shared.
    """
    lacking = [need for need in part.needs if not addresses.get(need)]
    if lacking:
        raise ValueError(f"part {part.id!r} needs the addresses of {', '.join(lacking)}")
    known = {f"{PART_ADDRESS}{need}": addresses[need] for need in part.needs}
    return _with_addresses(part.process, known)


def _with_addresses(process: JsonObject, known: Mapping[str, str]) -> dict[str, Any]:
    graph = {
        node_id: _with_address(content, known)
        for node_id, content in process["process_graph"].items()
    }
    return {**process, "process_graph": graph}


def _with_address(content: JsonObject, known: Mapping[str, str]) -> JsonObject:
    url = mapping(content, "arguments").get("url")
    if content.get("process_id") != "load_stac" or not isinstance(url, str) or url not in known:
        return content
    return {**content, "arguments": {**content["arguments"], "url": known[url]}}


def amount(size: int | None) -> str:
    """A size in words: `about 12 MB`, or that it is not known."""
    if size is None:
        return "of a size that is not known"
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"about {value:.3g} {_UNITS[unit]}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _handed_on(plan: Plan) -> str:
    if not plan.exchanges:
        return "nothing is handed on"
    results = _counted(len(plan.exchanges), "result")
    verb = "is" if len(plan.exchanges) == 1 else "are"
    return f"{results} {verb} handed on, {amount(plan.size)}"
