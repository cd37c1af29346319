"""The board as numbers for monitoring systems.

No users and no ids of jobs: only the federation's members, and how many jobs it has in parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric, StateSetMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from aggregator.health.standing import STANDINGS
from aggregator.health.uptime import Uptime, uptime_of
from aggregator.usecases.availability import MemberHealth
from aggregator.usecases.boards import Board

OWN = "openeo_federation"


def exposed(board: Board, accept: str, jobs: Mapping[str, int]) -> tuple[bytes, str]:
    """The metrics in the format that is accepted, and its media type.

    `jobs` is how many federated jobs there are of each status.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Members(board))
    registry.register(_Jobs(jobs))
    encode, kind = choose_encoder(accept)
    content: bytes = encode(registry)
    return content, kind


class _Jobs(Collector):
    def __init__(self, jobs: Mapping[str, int]) -> None:
        self._jobs = jobs

    def collect(self) -> Iterable[Metric]:
        found = GaugeMetricFamily(
            f"{OWN}_federated_jobs",
            "Batch jobs whose parts run at several backends.",
            labels=["status"],
        )
        for status, number in sorted(self._jobs.items()):
            found.add_metric([status], number)
        yield found


class _Members(Collector):
    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterable[Metric]:
        members = self._board.overview.members
        info = {"members": str(len(members))}
        yield InfoMetricFamily(OWN, "The federation.", value=info)
        yield _gauge(
            "record_readable", "Whether the record of availability can be read.", [("", self._read)]
        )
        yield _gauge(
            "backend_up",
            "Whether requests go to the backend.",
            ((m.backend, float(m.online)) for m in members),
        )
        yield self._standings()
        yield from self._measured(members)
        if self._board.credits is not None:
            yield _gauge(
                "backend_credits_month",
                "Credits used at the backend in the current month.",
                ((m.backend, self._board.credits.get(m.backend, 0.0)) for m in members),
            )

    @property
    def _read(self) -> float:
        return float(self._board.complete)

    def _standings(self) -> Metric:
        found = StateSetMetricFamily(
            f"{OWN}_backend_standing", "How the backend stands by the contract.", labels=["backend"]
        )
        for member in self._board.overview.members:
            states = {name: name == member.standing.standing for name in STANDINGS}
            found.add_metric([member.backend], states)
        return found

    def _measured(self, members: Iterable[MemberHealth]) -> Iterator[Metric]:
        yield _gauge(
            "backend_probe_duration_seconds",
            "How long the last probe took.",
            (
                (member.backend, last.duration / 1000)
                for member in members
                if (last := member.status.last) is not None
            ),
        )
        yield _gauge(
            "backend_last_probe_timestamp_seconds",
            "When the last probe began.",
            (
                (member.backend, last.at / 1000)
                for member in members
                if (last := member.status.last) is not None
            ),
        )
        yield _gauge(
            "backend_error_budget_left_probes",
            "How many more probes of this month may fail for it to be stable.",
            ((member.backend, float(member.budget.left)) for member in members),
        )
        yield _ratios(members)


def _ratios(members: Iterable[MemberHealth]) -> Metric:
    found = GaugeMetricFamily(
        f"{OWN}_backend_uptime_ratio",
        "Successful probes of those that count, without announced maintenance.",
        labels=["backend", "window"],
    )
    for member in members:
        windows: dict[str, Uptime] = {
            "30d": member.uptime,
            "90d": uptime_of(member.days),
            "month": member.month_uptime,
        }
        for window, uptime in windows.items():
            if uptime.counted:
                found.add_metric([member.backend, window], uptime.up / uptime.counted)
    return found


def _gauge(name: str, said: str, values: Iterable[tuple[str, float]]) -> Metric:
    labelled = list(values)
    labels = ["backend"] if any(backend for backend, _ in labelled) else []
    found = GaugeMetricFamily(f"{OWN}_{name}", said, labels=labels)
    for backend, value in labelled:
        found.add_metric([backend] if labels else [], value)
    return found
