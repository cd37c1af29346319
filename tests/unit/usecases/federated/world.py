"""A federated job of three parts, the backends, and the programs that drive it in turn."""

from __future__ import annotations

from typing import Any, cast

from aggregator.federated import changes
from aggregator.federated.states import JobState, Limits, new_parts
from aggregator.routing.plans import PART_ADDRESS, Exchange, Part, Plan
from aggregator.storage.federated_jobs import FederatedJob, Owner
from aggregator.usecases.accounts import Access
from aggregator.usecases.federated.driver import Driver
from aggregator.usecases.federated.errands import Errands
from aggregator.usecases.federated.keyring import Keyring
from aggregator.usecases.federated.money import Money
from aggregator.usecases.federated.tools import Tools
from tests.fakes.clock import Clock
from tests.fakes.federated import HeldLease, Leases, MemoryMembers, MemoryStore, Points, at_once

NAME = f"federation-{7:032x}"
LIMITS = Limits(settling=3000)
NODE = {"process_id": "load_stac", "arguments": {"url": f"{PART_ADDRESS}part1"}, "result": True}
EMPTY = {"process_graph": {"one": {"process_id": "one", "arguments": {}, "result": True}}}
PLAN = Plan(
    (
        Part("part1", "terra", ("a",), EMPTY),
        Part("part2", "aurora", ("b",), EMPTY),
        Part("part3", "terra", ("c",), {"process_graph": {"c": NODE}}, ("part1", "part2")),
    ),
    (Exchange("a", "part1", ("part3",), "netCDF"), Exchange("b", "part2", ("part3",), "netCDF")),
)
ALICE = Access("alice", {"terra": "Bearer t-alice", "aurora": "Bearer a-alice"})


class Everybody:
    """Lets everybody in."""

    def admit(self, _access: Access) -> None:
        """Everybody may."""


class World:
    """What outlives a program: the backends' jobs, what is recorded, and time."""

    def __init__(self, points: Points | None = None) -> None:
        self.points = points or Points()
        self.clock = Clock()
        self.keyring = Keyring("key", 3600.0, self.clock)
        self.store = MemoryStore(self.points)
        self.members = MemoryMembers(self.points)
        self.leases = Leases()
        state = JobState(NAME, new_parts([(p.id, p.backend, p.needs) for p in PLAN.parts], 1))
        state = changes.asked_to_start(state, self.now)
        owner, sealed = Owner("", "alice"), self.keyring.seal(ALICE, PLAN.backends)
        self.store.jobs[NAME] = FederatedJob(
            state, owner, {"title": "Fields"}, EMPTY, PLAN, 0, 0, sealed, self.now
        )

    @property
    def now(self) -> int:
        return int(self.clock() * 1000)

    @property
    def state(self) -> JobState:
        return self.store.jobs[NAME].state

    def driver(self, holder: str = "one", **more: Any) -> Driver:
        """A program that drives federated jobs."""
        store, lease = cast("Any", self.store), cast("Any", HeldLease(self.leases, holder))
        members = cast("Any", self.members)
        errands = Errands(
            Tools(store, members, self.keyring, Money(None, None), self.clock),
            cast("Any", Everybody()),
            fence=lease,
            fenced_seconds=10.0,
            limits=LIMITS,
            **more,
        )
        return Driver(store, errands, lease, 10.0, LIMITS, clock=self.clock, begin=at_once)

    def ask(self, change: Any) -> None:
        """What the user asks for is recorded, by whichever program."""
        found = self.store.jobs.get(NAME)
        if found is not None:
            self.store.change(NAME, lambda state: change(state, self.now), self.now)

    def drive(self, driver: Driver, steps: int = 400) -> JobState | None:
        """Go on until nothing is left to do; None if the job is forgotten then."""
        for _ in range(steps):
            found = self.store.jobs.get(NAME)
            if found is None or not found.state.busy:
                return None if found is None else found.state
            driver.step()
            self.clock.advance(0.5)
        raise AssertionError(f"something is left to do: {self.state}")

    @property
    def said(self) -> list[str]:
        return [line.message for line in self.store.logs.get(NAME, [])]
