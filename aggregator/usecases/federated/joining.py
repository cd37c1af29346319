"""The results of several parts, asked for at their backends and joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from aggregator.documents import JsonObject
from aggregator.errors import (
    BackendError,
    BackendTimeout,
    JobNotFinished,
    JobNotFound,
    JobNotStarted,
    OpenEOError,
)
from aggregator.federated.results import Given, available_until, joined
from aggregator.federated.states import FINISHED, PartState
from aggregator.federated.troubles import LOST, trouble_of
from aggregator.ids import federate
from aggregator.storage.federated_jobs import FederatedJob
from aggregator.usecases.accounts import Access
from aggregator.usecases.federated.asking import ask_at_once
from aggregator.usecases.federated.sharing import Sharing
from aggregator.usecases.jobs import Jobs
from aggregator.usecases.resources import Reply
from aggregator.usecases.views import View

_NOT_YET = frozenset({JobNotFinished.code, JobNotStarted.code})


class Joining:
    """Joins results; all of a job's must be there within `seconds`."""

    def __init__(self, jobs: Jobs, sharing: Sharing, seconds: float) -> None:
        self._jobs, self._sharing, self._seconds = jobs, sharing, seconds

    def results(
        self,
        job: FederatedJob,
        ends: Sequence[PartState],
        query: Mapping[str, str],
        *,
        access: Access,
        view: View,
    ) -> Reply:
        """One STAC Collection of what all `ends` give; if it is `partial`, of what they have yet.

        Backends that do not answer are in `federation:missing`. Where all is there they have a
        signed link. Raises the error of one of the backends if none answers, JobNotFound if the
        job of a part was deleted there, and of partial results JobNotFinished if there are none
        yet.
        """
        unfinished = query.get("partial") == "true"
        asked = [end for end in ends if end.job and (unfinished or end.stage == FINISHED)]
        given, failures = self._asked(asked, query, access, view)
        for part, error in [] if unfinished else failures:
            if isinstance(error, BackendError) and trouble_of(error) == LOST:
                raise JobNotFound(federate(part.backend, part.job), _gone(part, job)) from error
        if failures and not given:
            raise failures[0][1]
        if unfinished and not given:
            raise JobNotFinished
        about = {key: job.request[key] for key in ("title", "description") if key in job.request}
        document = joined(job.state.id, given, about)
        document["federation:backends"] = list(dict.fromkeys(one.backend for one in given))
        finished = job.state.status == "finished"
        if finished and len(given) == len(ends):
            document = self._sharing.shared(job, document, available_until(given), view)
        own = view.link("jobs", job.state.id, "results")
        document["links"].insert(0, {"rel": "self", "href": own, "type": "application/json"})
        if unfinished:
            document["openeo:status"] = "finished" if finished else "running"
        missing = sorted({part.backend for part, _ in failures})
        return Reply(200, {**document, **({"federation:missing": missing} if missing else {})})

    def _asked(
        self, parts: Sequence[PartState], query: Mapping[str, str], access: Access, view: View
    ) -> tuple[list[Given], list[tuple[PartState, OpenEOError]]]:
        """The results of each part in order, and the errors of those that could not be had."""

        def ask(part: PartState) -> JsonObject:
            local = federate(part.backend, part.job)
            try:
                reply = self._jobs.results(local, query, "application/json", access, view)
            except OpenEOError as error:
                if query.get("partial") == "true" and has_none_yet(error):
                    return {}
                raise
            return reply.document or {} if reply.status == 200 else {}

        questions = {part.id: (part.backend, partial(ask, part)) for part in parts}
        answers = ask_at_once(questions, self._seconds)
        given: list[Given] = []
        failures: list[tuple[PartState, OpenEOError]] = []
        for part in parts:
            future = answers[part.id]
            if not future.done() or future.cancelled():
                failures.append((part, BackendTimeout(part.backend, self._seconds)))
                continue
            error = future.exception()
            if isinstance(error, OpenEOError):
                failures.append((part, error))
            elif error is not None:
                raise error
            elif future.result():
                given.append(Given(part.id, part.backend, future.result()))
        return given, failures


def none_yet(ends: Sequence[PartState]) -> bool:
    """Whether there is nothing of any of them that could be shown as partial results."""
    return not any(end.job for end in ends)


def has_none_yet(error: OpenEOError) -> bool:
    """Whether a backend says that a job of its has no results so far, not even partial ones."""
    return error.code in _NOT_YET


def _gone(part: PartState, job: FederatedJob) -> str:
    return (
        f"It was {part.id} of job '{job.state.id}', whose results have gone with it. Start that "
        "job again for new ones, or ask with 'partial=true' for those of the others."
    )
