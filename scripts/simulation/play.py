"""A scenario is played, day after day, with the federation's own code and a clock of its own.

Availability goes through the record (roll-ups, incidents, verdicts), jobs through routing with its
policies and the credits checked before work, usage through the ledger. Only members are made up.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from aggregator.errors import OpenEOError
from aggregator.health.observations import Observation
from aggregator.health.standing import DECLINE, Standing, standing_of
from aggregator.ledger.orders import Order
from aggregator.ledger.reports import read_resources
from aggregator.moments import DAY, HOUR, month_bounds, month_of, rfc3339
from aggregator.routing import (
    Abilities,
    Facts,
    Policy,
    Requirements,
    abilities_of,
    decide,
    read_requirements,
)
from aggregator.routing.policies import ORDER, Probes
from aggregator.settings import Accounting, Settings, read
from aggregator.storage.database import Database
from aggregator.storage.ledger import Ledger
from aggregator.storage.reporting import Incoming, record
from aggregator.storage.tariffs import load_tariffs
from aggregator.storage.verdicts import read_steps
from aggregator.usecases.accounts import Access
from aggregator.usecases.contract import policy_of
from aggregator.usecases.credits import BATCH, Credits, Reservation
from aggregator.usecases.gathering import Gathering
from aggregator.usecases.operations import Operations
from aggregator.usecases.record import Record
from aggregator.usecases.turns import Turns
from aggregator.usecases.wallets import Wallets
from scripts.simulation.queues import Queue
from scripts.simulation.scenario import Member, Scenario
from scripts.simulation.weather import Weather, weather_of
from scripts.simulation.workload import Job, jobs_of, process_of

KEEP_PROBES = 8 * DAY
CPU_PER_HOUR = 3600
BY = "operator of the simulation"

Progress = Callable[[float], None]
"""Told how much of the whole has been played, from 0 to 1."""


@dataclass
class Tally:
    """What became of the jobs: by member, and why the others were refused."""

    served: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    by_month: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By month and `served`, `failed` or `refused`."""
    waits: list[int] = field(default_factory=list)
    """From coming to beginning of each job that was taken, in milliseconds until the end."""
    worked: Counter[str] = field(default_factory=Counter)
    """The milliseconds that one of speed 1 would have needed for what each member did in time."""
    unfinished: Counter[str] = field(default_factory=Counter)
    """Of the `served` and the `failed`: those that had not ended at the end."""


class Clock:
    """The time that the federation's code is told, in seconds since 1970."""

    def __init__(self, moment: int) -> None:
        self.moment = moment

    def __call__(self) -> float:
        return self.moment / 1000


class Play:
    """One run of a scenario in a database, which must not have a record of availability yet."""

    def __init__(
        self, scenario: Scenario, database: Database, folder: Path, policy: Policy = ORDER
    ) -> None:
        self.scenario, self.database, self.policy = scenario, database, policy
        self.clock, self.tally = Clock(scenario.start), Tally()
        self.settings = _settings(scenario)
        self.record = Record(
            database,
            policy_of(scenario.availability),
            joined={member.id: member.joined for member in scenario.members},
        )
        self.weather = {member.id: weather_of(member, scenario) for member in scenario.members}
        self._operations = Operations(self.record, self.settings.order, self.clock)
        accounting = Accounting(pricing=_pricing(scenario, folder))
        self.ledger = Ledger(database, load_tariffs(accounting.pricing))
        wallets = Wallets(self.ledger, accounting, self.clock)
        accounted = replace(self.settings, accounting=accounting)
        self._credits = Credits(self.ledger, wallets, accounted, self.clock)
        self._gathering = Gathering(
            self.settings, database, frozenset(), self.clock, timer=self.clock
        )
        self._turns, self._weights = Turns(), {m.id: m.weight for m in scenario.members}
        self._costs = self._credits.rates(BATCH)
        self._members = {member.id: member for member in scenario.members}
        self._queues = {member.id: Queue(member.capacity) for member in scenario.members}
        self._abilities = {member.id: _abilities(member) for member in scenario.members}
        self._needs: dict[str, Requirements] = {}
        self._standings: dict[str, Standing] = {}
        self._proposed: dict[str, int] = {}
        self._reports: list[Incoming] = []
        self._probing = {
            member.id: random.Random(f"{scenario.seed}/{member.id}/probes")  # noqa: S311
            for member in scenario.members
        }

    def run(self, progress: Progress) -> None:
        """Play to the end."""
        jobs, following = jobs_of(self.scenario), None
        start, end = self.scenario.start, self.scenario.end
        for day in range(start, end, DAY):
            until = min(day + DAY, end)
            self._announce(until)
            self._probe(day, until)
            following = self._work(jobs, following, until)
            self._at(until)
            self._report()
            self._decide(until)
            self._close(until)
            progress((until - start) / (end - start))

    def _at(self, moment: int) -> None:
        self.clock.moment = max(self.clock.moment, moment)

    def _announce(self, until: int) -> None:
        """Maintenance that becomes known on this day."""
        first = self.scenario.start
        for member in self.scenario.members:
            for work in member.maintenance:
                known = max(work.announced, first)
                if until - DAY <= known < until:
                    self._at(known)
                    self._operations.announce_maintenance(
                        backend=member.id,
                        starts=rfc3339(work.starts),
                        ends=rfc3339(work.ends),
                        announced=rfc3339(work.announced),
                        text=work.text,
                        by=BY,
                    )

    def _probe(self, start: int, end: int) -> None:
        """All probes of a day, in one transaction."""
        self._gathering.refresh()  # so that policies know what was until yesterday
        step = self.record.policy.probe_interval
        seen = [
            observation
            for member in self.scenario.members
            for observation in _probes(
                member.id,
                range(max(start, _first(member.joined, start, step)), end, step),
                self.weather[member.id],
                self._probing[member.id],
            )
        ]
        if seen:
            self.record.observe(seen, raw_since=self.scenario.end - KEEP_PROBES)

    def _work(self, jobs: Iterator[Job], following: Job | None, until: int) -> Job | None:
        """The day's jobs; the first one of a later day, if there is any."""
        job = following or next(jobs, None)
        while job is not None and job.at < until:
            self._at(job.at)
            self._run(job)
            job = next(jobs, None)
        return job

    def _run(self, job: Job) -> None:
        access, order = Access(job.user, {}), Order(BATCH)
        payer = self._credits.payer(access, order)
        routing = decide(
            self._needs_of(job.collection),
            self._now_able(job.at),
            operation="POST /jobs",
            policy=self.policy,
            facts=self._facts(job.at),
            billing=self._credits.billing(payer, order),
        )
        if routing.chosen is None:
            return self._refuse(job, routing.rejection())
        try:
            reservation = self._credits.put_aside(payer, order, routing.chosen)
        except OpenEOError as error:
            return self._refuse(job, error)
        return self._runs_at(routing.chosen, job, reservation)

    def _facts(self, moment: int) -> Facts:
        """What is known to policies: as in the aggregator, but for queues, which are exact."""
        uptimes = self._gathering.uptimes()
        return Facts(
            costs=self._costs,
            queues={name: queue.length(moment) for name, queue in self._queues.items()},
            probes={name: Probes(found.up, found.counted) for name, found in uptimes.items()},
            weights=self._weights,
            turn=self._turns.take,
        )

    def _runs_at(self, backend: str, job: Job, reservation: Reservation) -> None:
        reservation.answered(f"job-{job.number}")
        weather, queue = self.weather[backend], self._queues[backend]
        begin = weather.up_from(queue.next_place(job.at))
        speed = self._members[backend].speed
        end = begin + int(job.duration / speed)
        down = weather.next_down(begin, end)
        end = end if down is None else down
        queue.take(end)
        kind = "served" if down is None else "failed"
        last = self.scenario.end
        self.tally.waits.append(min(begin, last) - job.at)
        self.tally.worked[backend] += int((min(end, last) - min(begin, last)) * speed)
        self.tally.unfinished[kind] += end > last
        getattr(self.tally, kind)[backend] += 1
        self.tally.by_month[month_of(job.at), kind] += 1
        report = read_resources(_usage(backend, job, (begin, end), failed=down is not None))
        tariff = self.ledger.tariffs.reported_by(backend, backend)
        self._reports.append(Incoming(report, tariff, backend, end))

    def _refuse(self, job: Job, error: OpenEOError) -> None:
        self.tally.refused[error.code] += 1
        self.tally.examples.setdefault(error.code, f"{rfc3339(job.at)}: {error.message}")
        self.tally.by_month[month_of(job.at), "refused"] += 1

    def _report(self) -> None:
        """What members report of jobs that have ended, all together."""
        now = self.clock.moment
        due = [replace(one, received=now) for one in self._reports if one.received <= now]
        self._reports = [one for one in self._reports if one.received > now]
        if due:
            for outcome in record(self.database, self.ledger.tariffs, due):
                if isinstance(outcome, Exception):
                    raise outcome

    def _decide(self, until: int) -> None:
        """The operator's decisions of this day, and those that follow proposals."""
        for decision in self.scenario.decisions:
            if until - DAY <= decision.at < until:
                self._decided(decision.backend, decision.decision, decision.reason)
        patience = self.scenario.follows_proposals_after_days
        for backend, standing in self._standings.items():
            if not standing.proposal:
                self._proposed.pop(backend, None)
            elif patience >= 0:
                since = self._proposed.setdefault(backend, until)
                if until - since >= patience * DAY:
                    self._decided(backend, standing.proposal, "As the verdict proposes.")

    def _decided(self, backend: str, kind: str, reason: str) -> None:
        standing = self._standings.get(backend, Standing(backend))
        wanted = {"exclude": not standing.excluded, "readmit": standing.excluded}
        if wanted.get(kind, kind == DECLINE and bool(standing.proposal)):
            self._operations.decide(backend, kind, reason, by=BY)
            self._look()

    def _close(self, until: int) -> None:
        """Months that have ended an hour ago: verdicts, and settlements."""
        month = month_of(until - DAY)
        if until != month_bounds(month)[1]:
            return
        self._at(until + HOUR)
        self.record.close_months(self.clock.moment)
        self.ledger.expire(self.clock.moment)
        for member in self.scenario.members:
            self.ledger.close_month(member.id, month, self.clock.moment)
        self._look()

    def _look(self) -> None:
        with self.database.read() as connection:
            steps = read_steps(connection)
        self._standings = {name: standing_of(name, found) for name, found in steps.items()}

    def _needs_of(self, collection: str) -> Requirements:
        if collection not in self._needs:
            self._needs[collection] = read_requirements(process_of(collection))
        return self._needs[collection]

    def _now_able(self, moment: int) -> list[Abilities]:
        """The members that are there, as routing sees them."""
        return [
            replace(
                self._abilities[member.id],
                online=not self.weather[member.id].down_at(moment),
                excluded=self._excluded(member.id),
            )
            for member in self.scenario.members
            if member.joined <= moment
        ]

    def _excluded(self, backend: str) -> str:
        standing = self._standings.get(backend)
        return standing.as_text() if standing is not None and standing.excluded else ""


def _first(joined: int, start: int, step: int) -> int:
    """The first probe of a day that is not before the member joined."""
    return start if joined <= start else start + -(-(joined - start) // step) * step


def _probes(
    backend: str, moments: range, weather: Weather, source: random.Random
) -> Iterator[Observation]:
    noise, down_at = source.random, weather.down_at
    for at in moments:
        if down_at(at):
            yield Observation(backend, at, False, 3000, None, "connection", "is down")
        else:
            yield Observation(backend, at, True, int(60 + 80 * noise()), 200)


def _abilities(member: Member) -> Abilities:
    listed = [{"id": name} for name in ("load_collection", "save_result")]
    return abilities_of(
        member.id,
        collections=[{"id": collection} for collection in member.collections],
        processes=listed,
    )


def _usage(backend: str, job: Job, ran: tuple[int, int], *, failed: bool) -> dict[str, object]:
    """What a member reports of a job, as the contract's interface has it."""
    begin, end = ran
    hours = (end - begin) / HOUR
    identifier = f"job-{job.number}"
    return {
        "jobId": identifier,
        "executionId": identifier,
        "userId": job.user,
        "sourceId": backend,
        "orchestrator": "openeo",
        "jobStart": begin,
        "jobFinish": end,
        "idempotencyKey": identifier,
        "state": "FAILED" if failed else "FINISHED",
        "status": "FAILED" if failed else "SUCCEEDED",
        "metrics": {"cpu": {"value": int(hours * CPU_PER_HOUR), "unit": "cpu-seconds"}},
    }


def _settings(scenario: Scenario) -> Settings:
    """The settings of a federation with these members."""
    return read(
        {
            "backends": {
                member.id: {"url": f"http://{member.id}.invalid", "title": member.title}
                for member in scenario.members
            },
            # Probes come in once a day.
            "routing": {"uptime_interval": DAY / 2000},
        }
    )


def _pricing(scenario: Scenario, folder: Path) -> Path:
    """The folder with the members' prices."""
    pricing = folder / "pricing"
    pricing.mkdir(parents=True, exist_ok=True)
    for member in scenario.members:
        (pricing / f"{member.id}.yaml").write_text(yaml.safe_dump(_tariff(member, scenario)))
    return pricing


def _tariff(member: Member, scenario: Scenario) -> dict[str, object]:
    return {
        "provider": member.id,
        "title": member.title,
        "sources": [member.id],
        "reporters": [member.id],
        "rates": {"cpu-seconds": {"credits": member.credits_per_hour, "per": 3600}},
        "defaults": {
            "batch": {"cpu-seconds": int(scenario.load.hours / member.speed * CPU_PER_HOUR)}
        },
        **(
            {"free_credits_per_month": {"general": member.free_credits}}
            if member.free_credits
            else {}
        ),
    }
