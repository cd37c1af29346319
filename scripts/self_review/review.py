"""One review from its URL to its report: the order of steps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from requests.adapters import BaseAdapter

from scripts.self_review.account import Account
from scripts.self_review.backend import Backend, Options, find_root
from scripts.self_review.catalogue import AUTHENTICATED, Catalogue, Requirement
from scripts.self_review.comparison import changes
from scripts.self_review.findings import NotJudgedError
from scripts.self_review.notices import login_problem, notices
from scripts.self_review.probe.client import NoAnswerError, Probe
from scripts.self_review.probe.pace import ExhaustedError, Limits
from scripts.self_review.report import Report
from scripts.self_review.runner import Answers, Progress, Runner
from scripts.self_review.snapshot import snapshot
from scripts.self_review.statements import StatementError

RESULTS_BESIDE, ROWS_A_RESULT, MOST_JOBS = 40, 2, 30
"""Bounds of what the checks compute: so many results, one more for so many rows, so many jobs.

A backend that offers every process needs about two thirds of it. Nothing beyond is started.
"""
MOST_OF_A_TITLE = 200


@dataclass
class Review:
    """What is reviewed, how, and with whose help."""

    url: str
    catalogue: Catalogue
    wanted: Sequence[Requirement]
    limits: Limits = field(default_factory=Limits)
    options: Options = field(default_factory=Options)
    answers: Answers = field(default_factory=Answers)
    account: Account | None = None
    penniless: Account | None = None
    """Another user, who has no credits."""
    login: str = "none"
    selection: str = "all requirements"
    verify: bool = True
    earlier: dict[str, Any] | None = None
    transport: BaseAdapter | None = None
    federation: str | None = None
    """The address of the federation that the backend would join."""

    @cached_property
    def backend(self) -> Backend:
        """The examined backend; its address is looked for now. Raises StatementError."""
        probe = Probe(self.limits, transport=self.transport, verify=self.verify)
        root = self._root(probe)
        backend = Backend(probe, root, self.options, self.account, self.penniless)
        backend.options = self._options(probe, backend)
        return backend

    def log_in(self) -> str:
        """Logs in now, as far as there is a login; what went wrong, or nothing.

        Raises StatementError.
        """
        if self.account is None:
            return ""
        with suppress(NotJudgedError, NoAnswerError, ExhaustedError):
            self.account.token(self.backend)
        return login_problem("The login", self.account)

    def run(self, progress: Progress | None = None) -> Report:
        """The report. What the review made at the backend is removed again, even at Ctrl-C."""
        started, clock = datetime.now(UTC), time.monotonic()
        backend = self.backend
        try:
            findings = Runner(backend, self.catalogue, self.answers).run(self.wanted, progress)
            taken = snapshot(backend)
            told = notices(self.url, backend, findings)
        finally:
            backend.clean_up()
            backend.probe.close()
        return Report(
            url=self.url,
            root=backend.root,
            started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            seconds=time.monotonic() - clock,
            requests=backend.probe.pace.begun,
            findings=findings,
            catalogue=self.catalogue,
            title=backend.probe.secrets.hidden(title(backend)),
            selection=self.selection,
            login=self.login,
            snapshot=taken,
            notices=[backend.probe.secrets.hidden(one) for one in told],
            left_behind=backend.left_behind,
            changes=None if self.earlier is None else changes(self.earlier, findings),
        )

    @property
    def left_behind(self) -> list[str]:
        """What it made at the backend and could not remove, also where it was stopped."""
        backend = vars(self).get("backend")
        return backend.left_behind if isinstance(backend, Backend) else []

    def _options(self, probe: Probe, backend: Backend) -> Options:
        """The options, with what the federation offers, and whether this is an aggregator."""
        return replace(
            self.options,
            federation=read_federation(probe, self.federation)
            if self.federation
            else self.options.federation,
            aggregator=self.options.aggregator or is_aggregator(backend),
            computations=sum(most(self.wanted)),
        )

    def _root(self, probe: Probe) -> str:
        try:
            return find_root(probe, self.url)
        except ExhaustedError:
            return self.url


def costs(review: Review) -> str:
    """What the review makes and costs at most, in a sentence or two."""
    results, jobs = most(review.wanted)
    credits_ = (results + jobs) * review.options.budget
    return (
        f"With this login the review computes at most {results} small results and {jobs} small "
        f"batch jobs, each with a budget of {review.options.budget:g} where the backend bills: "
        f"{credits_:g} at most; --budget and --profile minimum make it less. It stores a few "
        "processes and files. All are named openeo-self-review-… and removed at the end."
    )


def most(rows: Sequence[Requirement]) -> tuple[int, int]:
    """How many results and batch jobs the checks of these requirements compute at most."""
    made = [row for row in rows if row.method == AUTHENTICATED or row.process]
    jobs = any(row.area in {"jobs", "results"} or row.family == "file_formats" for row in made)
    return RESULTS_BESIDE + len(made) // ROWS_A_RESULT, MOST_JOBS if jobs else 0


def is_aggregator(backend: Backend) -> bool:
    """Whether the capabilities name several backends."""
    try:
        return isinstance(backend.capabilities.get("federation"), dict)
    except (NotJudgedError, NoAnswerError, ExhaustedError):
        return False


def read_federation(probe: Probe, url: str) -> dict[str, Any]:
    """The collections and file formats of a federation; raises StatementError if unreadable."""
    federation = Backend(probe, find_root(probe, url))
    try:
        listed = federation.collections
        formats = federation.file_formats
    except (NotJudgedError, NoAnswerError) as error:
        raise StatementError(f"The federation at {url} cannot be read: {error}") from error
    return {"collections": {str(c.get("id")): c for c in listed}, "file_formats": formats}


def title(backend: Backend) -> str:
    """What the backend calls itself, in not too many letters; empty if it does not say."""
    try:
        found = backend.capabilities.get("title")
    except (NotJudgedError, NoAnswerError, ExhaustedError):
        return ""
    return found[:MOST_OF_A_TITLE] if isinstance(found, str) else ""
