"""What is reported of a run: a batch job's, a synchronous request's, a tile's of a service.

Source: the reporting API of the accounting service, ``POST /resources``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from backends.billing import Billing
from backends.jobs.records import Job, Usage

Ending = Literal["finished", "error", "canceled"]
Kind = Literal["batch", "sync", "tile"]

STATES: Final[Mapping[Ending, tuple[str, str]]] = {
    "finished": ("FINISHED", "SUCCEEDED"),
    "error": ("FAILED", "FAILED"),
    "canceled": ("KILLED", "KILLED"),
}
ACTIVITIES: Final[Mapping[Kind, str]] = {
    "batch": "batch",
    "sync": "synchronous",
    "tile": "service",
}

LONGEST_NAME: Final = 1000
"""Characters: no report is so long that it is refused."""


@dataclass(frozen=True)
class Report:
    """A report under its idempotency key, which is the id of the run: the same however often it
    is sent. ``subject`` is the job or service that it is about, ``attempt`` the run of a job.
    """

    key: str
    kind: Kind
    subject: str
    attempt: int
    user: str
    document: Mapping[str, Any]
    expected: float
    """The costs that the backend's own prices give, until the accounting tells them."""


class Reports:
    """Writes the reports of one backend, whose ``sourceId`` is ``source``."""

    def __init__(self, source: str, billing: Billing) -> None:
        self._source = source
        self._billing = billing

    def of_job(
        self, job: Job, usage: Usage, ending: Ending, now: datetime, *, costs: float, fee: bool
    ) -> Report:
        """The report of a run of a batch job or of a synchronous request.

        ``fee`` says whether the run is charged what each batch job costs.
        """
        batch = job.kind == "batch"
        execution = f"{job.id}.{job.attempt}" if batch else job.id
        document = {
            **self._common(execution, job.id, job.user, ending),
            "jobName": _name(job.title),
            "activity": ACTIVITIES[job.kind],
            "jobStart": _milliseconds(job.started) if batch else None,
            # A clock that was set back meanwhile does not make a report that nobody takes.
            "jobFinish": _milliseconds(max(now, job.started or now)) if batch else None,
            "metrics": self._metrics(usage, job.plan, batch=fee),
            **_organisation(job.extra),
        }
        return Report(execution, job.kind, job.id, job.attempt, job.user, document, costs)

    def of_tile(
        self,
        execution: str,
        usage: Usage,
        ending: Ending,
        *,
        service: str,
        user: str,
        title: str | None,
        plan: str,
        costs: float,
    ) -> Report:
        """The report of a tile that was drawn for a service."""
        document = {
            **self._common(execution, service, user, ending),
            "jobName": _name(title),
            "activity": ACTIVITIES["tile"],
            "jobStart": None,
            "jobFinish": None,
            "metrics": self._metrics(usage, plan, batch=False),
        }
        return Report(execution, "tile", service, 0, user, document, costs)

    def _common(self, execution: str, subject: str, user: str, ending: Ending) -> dict[str, Any]:
        state, status = STATES[ending]
        return {
            "jobId": subject,
            "executionId": execution,
            "userId": user,
            "sourceId": self._source,
            "orchestrator": "openeo",
            "idempotencyKey": execution,
            "state": state,
            "status": status,
        }

    def _metrics(self, usage: Usage, plan: str | None, *, batch: bool) -> dict[str, Any]:
        """What is counted. In a plan with a factor so many times the amounts are reported."""
        factor = self._billing.factor(plan)
        fee = self._billing.per_job * factor if batch else 0.0
        metrics = {
            "cpu": _amount(usage.cpu * factor, "cpu-seconds"),
            "memory": _amount(usage.memory * factor, "mb-seconds"),
            "time": _amount(usage.duration * 1000 * factor, "milliseconds"),
        }
        return {**metrics, "processing": _amount(fee, "credits")} if fee else metrics


def _name(title: str | None) -> str | None:
    """A title as far as it can be reported: usage is counted whatever users call their jobs."""
    if title is None:
        return None
    return "".join(sign if sign.isprintable() else " " for sign in title[:LONGEST_NAME])


def _amount(value: float, unit: str) -> dict[str, Any]:
    return {"value": round(max(value, 0.0), 3), "unit": unit}


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def _organisation(extra: Mapping[str, Any]) -> dict[str, Any]:
    """The organisation whose credits pay, if the user named one among the job's options."""
    options = extra.get("job_options")
    given = options.get("etl_organization_id") if isinstance(options, Mapping) else None
    return {"orgId": given} if type(given) is int and 0 <= given < 2**63 else {}
