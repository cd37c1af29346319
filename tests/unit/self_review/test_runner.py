"""The runner: parents, statements, waivers, and mistakes of a check itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests

from scripts.self_review.backend import Backend
from scripts.self_review.catalogue import Requirement
from scripts.self_review.findings import Outcome, passed
from scripts.self_review.registry import CHECKS, load_checks
from scripts.self_review.runner import Answers
from tests.fakes.transports import FailingAdapter
from tests.unit.self_review.reviewing import QUICK, reviewed, verdict


def test_a_backend_that_refuses_connections_could_not_be_judged() -> None:
    adapter = FailingAdapter(requests.ConnectionError(ConnectionRefusedError("refused")))
    report = reviewed({}, only=("api-30",), transport=adapter)
    (finding,) = report.findings
    assert (finding.verdict, finding.outcome.cause) == ("could not tell", "unreachable")
    assert finding.outcome.says.endswith("the connection failed (refused).")
    assert report.answer.status == 2


def test_a_check_that_fails_itself_costs_one_verdict_and_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_backend: Backend, _row: object) -> Outcome:
        raise ZeroDivisionError("division by zero")

    load_checks()
    monkeypatch.setitem(CHECKS, "api-30", broken)
    said, why = verdict({}, "api-30")
    assert said == "could not tell"
    assert why.startswith("The check itself failed (ZeroDivisionError: division by zero)")


def test_a_statement_does_not_hide_a_failure() -> None:
    said, _ = verdict({"GET /": {}}, "api-30", said=Answers({"api-30": "We do."}))
    assert said == "fail"


def test_a_waived_failure_says_why_and_what_it_was() -> None:
    said = Answers(waived={"api-30": "Agreed until May."})
    (finding,) = reviewed({"GET /": {}}, only=("api-30",), said=said).findings
    assert (finding.verdict, finding.was, finding.reason) == ("waived", "fail", "Agreed until May.")


def test_rules_for_aggregators_do_not_apply_to_a_backend() -> None:
    assert verdict({}, "federation-1")[0] == "not applicable"


def test_the_minimum_is_judged_first_and_told_in_the_order_of_the_catalogue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load_checks()
    begun: list[str] = []

    def noted(_backend: Backend, row: Requirement) -> Outcome:
        begun.append(row.id)
        return passed("Seen.")

    optional, required = "api-60", "api-90"
    for one in (optional, required):
        monkeypatch.setitem(CHECKS, one, noted)
    one_at_a_time = replace(QUICK, at_once=1)
    report = reviewed({}, only=(optional, required), limits=one_at_a_time)
    assert begun == [required, optional]
    assert [finding.id for finding in report.findings] == [optional, required]
