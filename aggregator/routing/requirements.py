"""What a process needs from whoever runs it; each need says which node needs it.

Equal needs are one need, with the path of the first node that has it, so that judging a backend
costs as much as there are different needs, however many nodes there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from aggregator.routing.choices import BackendSet
from aggregator.routing.extents import Box, Interval
from aggregator.routing.graphs import Scope

ReferenceKind = Literal["result", "model", "stac", "file", "workspace"]


@dataclass(frozen=True)
class CollectionNeed:
    """Data of a collection; what is None or empty is not restricted."""

    id: str
    path: str
    bands: tuple[str, ...] = ()
    box: Box | None = None
    interval: Interval | None = None


@dataclass(frozen=True)
class ProcessNeed:
    """A process; `arguments` maps each argument that is not null to the node that passes it."""

    id: str
    namespace: str | None
    path: str
    arguments: Mapping[str, str]


@dataclass(frozen=True)
class FormatNeed:
    """A file format, to be written or read."""

    format: str
    path: str


@dataclass(frozen=True)
class UdfNeed:
    """A runtime for user-defined functions; no version means the backend's default."""

    runtime: str
    version: str | None
    path: str


@dataclass(frozen=True)
class ReferenceNeed:
    """A job, result, model, uploaded file or workspace somewhere in the federation.

    It is `binding` if only the backend that holds it can use it: a job id, the path of a file, the
    id of a workspace, or the address of results without a signature. Other addresses can be read
    from anywhere, though best nearby.
    """

    reference: str
    kind: ReferenceKind
    binding: bool
    path: str


@dataclass(frozen=True)
class ExplicitNeed:
    """A condition on `federation:backends`, by which the process itself chooses."""

    backends: BackendSet
    path: str


@dataclass(frozen=True)
class Requirements:
    """All needs of one process, in the order in which they stand in it.

    `scopes` are the graphs that they were read from, which need not be looked for again.
    """

    nodes: int
    collections: tuple[CollectionNeed, ...] = ()
    processes: tuple[ProcessNeed, ...] = ()
    output_formats: tuple[FormatNeed, ...] = ()
    input_formats: tuple[FormatNeed, ...] = ()
    udfs: tuple[UdfNeed, ...] = ()
    references: tuple[ReferenceNeed, ...] = ()
    explicit: tuple[ExplicitNeed, ...] = ()
    scopes: Sequence[Scope] = field(default=(), repr=False, compare=False)

    @cached_property
    def foreign(self) -> tuple[ProcessNeed, ...]:
        """Processes in a namespace other than the predefined one, in which backends differ."""
        return tuple(p for p in self.processes if p.namespace not in (None, "backend"))

    @cached_property
    def predefined(self) -> tuple[ProcessNeed, ...]:
        """The processes that a backend itself must offer."""
        return tuple(p for p in self.processes if p.namespace in (None, "backend"))

    @cached_property
    def called(self) -> tuple[tuple[str, ProcessNeed, str], ...]:
        """All predefined processes and what is passed to them: sign (see `sign`), need, argument.

        The argument is empty where the process itself is meant.
        """
        return tuple(
            (sign(need.id, name), need, name)
            for need in self.predefined
            for name in ("", *need.arguments)
        )

    @cached_property
    def calls(self) -> frozenset[str]:
        """Their signs alone."""
        return frozenset(call for call, _, _ in self.called)


def sign(process: str, parameter: str = "") -> str:
    """A text that stands for a process, or for one parameter of it.

    Sets of these are compared much faster than what they stand for.
    """
    return f"{process}({parameter}"
