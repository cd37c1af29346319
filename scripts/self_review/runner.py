"""Runs the checks: each once, parents before their details, several at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from scripts.self_review.backend import Backend
from scripts.self_review.catalogue import AGGREGATOR, MANUAL, Catalogue, Requirement
from scripts.self_review.findings import (
    Cause,
    Evidence,
    Finding,
    NotJudgedError,
    Outcome,
    Verdict,
    could_not_tell,
    not_applicable,
)
from scripts.self_review.hints import hint
from scripts.self_review.once import Once
from scripts.self_review.probe.client import NoAnswerError
from scripts.self_review.probe.pace import ExhaustedError
from scripts.self_review.registry import CHECKS, DERIVED, load_checks

log = logging.getLogger(__name__)

Progress = Callable[[Finding], None]
MOST_SAID = 2000
"""Letters of what is said of a requirement, most of which a backend may have chosen."""


@dataclass(frozen=True)
class Answers:
    """What people say beside the checks: statements and waivers, by requirement."""

    attested: Mapping[str, str] = field(default_factory=dict)
    waived: Mapping[str, str] = field(default_factory=dict)


class Runner:
    """One review of one backend."""

    def __init__(
        self, backend: Backend, catalogue: Catalogue, answers: Answers | None = None
    ) -> None:
        load_checks()
        self.backend = backend
        self.catalogue = catalogue
        self.answers = answers or Answers()
        self._once = Once()
        self._interrupted = threading.Event()

    def run(self, wanted: Iterable[Requirement], progress: Progress | None = None) -> list[Finding]:
        """The findings for these requirements, in their order.

        Others wait for those of the minimum, so that no limit of a review is spent on them first.
        Raises KeyboardInterrupt at Ctrl-C, after the requests that run have ended.
        """
        rows = list(wanted)
        with ThreadPoolExecutor(self.backend.probe.limits.at_once, "check") as pool:
            sought: dict[str, Future[Finding]] = {}
            try:
                for part in self._parts(rows):
                    begun = {row.id: pool.submit(self.finding, row.id) for row in part}
                    self._watch(begun.values(), progress)
                    sought |= begun
            except KeyboardInterrupt:
                self.backend.probe.pace.stop()
                pool.shutdown(cancel_futures=True)
                raise
        return [sought[row.id].result() for row in rows]

    def _parts(self, rows: list[Requirement]) -> Iterator[list[Requirement]]:
        for wanted in (True, False):
            yield [row for row in rows if self.catalogue.in_minimum(row) is wanted]

    def _watch(self, futures: Iterable[Future[Finding]], progress: Progress | None) -> None:
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            for one in done:
                finding = one.result()
                if progress is not None:
                    progress(finding)

    def finding(self, requirement: str) -> Finding:
        """The finding for a requirement; found now if it is not known yet."""
        return self._once.get(requirement, lambda: self._find(self.catalogue[requirement]))

    def _find(self, row: Requirement) -> Finding:
        finding = Finding(row, self._hidden(_with_hint(row, self._outcome(row))))
        statement = self.answers.attested.get(row.id)
        if finding.verdict is Verdict.COULD_NOT_TELL and statement:
            finding = finding.as_(Verdict.ATTESTED, statement)
        waiver = self.answers.waived.get(row.id)
        if waiver and finding.verdict in {Verdict.FAIL, Verdict.WARNING, Verdict.COULD_NOT_TELL}:
            finding = finding.as_(Verdict.WAIVED, waiver)
        return finding

    def _outcome(self, row: Requirement) -> Outcome:
        if row.applies_to == AGGREGATOR and not self.backend.options.aggregator:
            return not_applicable("This is a rule for aggregators.")
        if row.superseded_by:
            return not_applicable(f"Outdated here; {row.superseded_by} is judged instead.")
        if row.parent and (decided := self._by_parent(self.finding(row.parent))):
            return decided
        if row.id in DERIVED:
            return self._judged(row, lambda: DERIVED[row.id](self.finding, self.catalogue))
        found = self._checked(row)
        if row.method == MANUAL and found.verdict is Verdict.PASS:
            says = f"{found.says} The rest needs a statement by the provider."
            return replace(found, verdict=Verdict.COULD_NOT_TELL, says=says, cause=Cause.STATEMENT)
        return found

    def _by_parent(self, parent: Finding) -> Outcome | None:
        """What follows for a detail from the finding on the requirement that it details."""
        if parent.verdict in {Verdict.FAIL, Verdict.NOT_APPLICABLE} or parent.was is Verdict.FAIL:
            return not_applicable(f"It is a detail of {parent.id}: {parent.outcome.says}")
        if parent.verdict is Verdict.COULD_NOT_TELL:
            cause = parent.outcome.cause or Cause.UNUSABLE
            return could_not_tell(f"{parent.id} could not be told: {parent.outcome.says}", cause)
        return None

    def _checked(self, row: Requirement) -> Outcome:
        judge = CHECKS.get(row.id)
        if judge is not None:
            return self._judged(row, lambda: judge(self.backend, row))
        if row.method == MANUAL:
            return could_not_tell("Only the provider can say so.", Cause.STATEMENT)
        return could_not_tell("There is no check for it.", Cause.UNCHECKED)

    def _judged(self, row: Requirement, judge: Callable[[], Outcome]) -> Outcome:
        try:
            return judge()
        except NotJudgedError as stop:
            return stop.outcome
        except NoAnswerError as error:
            shown = Evidence(error.request, error.reason)
            return could_not_tell(f"{error.request}: {error.reason}.", Cause.UNREACHABLE, shown)
        except ExhaustedError as error:
            return could_not_tell(f"Not asked: {error}.", Cause.LIMIT)
        except Exception as error:  # a mistake of ours must not cost the rest of the report
            log.info("The check of %s failed", row.id, exc_info=True)
            name = type(error).__name__
            says = f"The check itself failed ({name}: {error}); this is no fault of the backend."
            return could_not_tell(says, Cause.INTERNAL)

    def _hidden(self, outcome: Outcome) -> Outcome:
        shown = self._shown
        evidence = tuple(Evidence(shown(e.request), shown(e.answer)) for e in outcome.evidence)
        return replace(outcome, says=shown(outcome.says), evidence=evidence)

    def _shown(self, text: str) -> str:
        """The text without secrets, and no longer than anybody reads."""
        hidden = self.backend.probe.secrets.hidden(text)
        return hidden if len(hidden) <= MOST_SAID else f"{hidden[:MOST_SAID]}…"


def _with_hint(row: Requirement, outcome: Outcome) -> Outcome:
    """The outcome; what fails always says what to do about it."""
    if outcome.hint or outcome.verdict not in {Verdict.FAIL, Verdict.WARNING}:
        return outcome
    return replace(outcome, hint=hint(row))
