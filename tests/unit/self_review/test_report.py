"""A report in each of its forms."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from scripts.self_review.catalogue import load
from scripts.self_review.findings import Finding, failed, not_applicable, passed
from scripts.self_review.report import Report, document
from scripts.self_review.reports import FORMS
from scripts.self_review.runner import Answers
from scripts.self_review.verdicts import score
from tests.unit.self_review.reviewing import reviewed

HOSTILE = "<script>alert(1)</script> | `x` \x07 [red]"
CAPABILITIES: dict[str, Any] = {
    "api_version": "1.3.0",
    "backend_version": "1",
    "stac_version": "1.0.0",
    "id": "x",
    "title": HOSTILE,
    "description": "A backend.",
    "endpoints": [],
}


@pytest.fixture(scope="module")
def report() -> Report:
    said = Answers({"governance-1": HOSTILE}, {"api-1": "Agreed."})
    return reviewed({"GET /": CAPABILITIES}, said=said)


def test_the_json_form_meets_its_schema(report: Report) -> None:
    text = files("scripts.self_review").joinpath("data", "report.schema.json").read_text("utf-8")
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(FORMS["json"](report)), schema)


def test_a_finding_has_verdict_evidence_what_is_wanted_a_hint_and_a_source(report: Report) -> None:
    (one,) = [f for f in document(report)["findings"] if f["id"] == "api-30"]
    assert one["verdict"] == "fail"
    assert one["says"].startswith("links is missing")
    assert one["evidence"][0]["request"] == "GET http://backend.test/openeo/1.3/"
    assert one["evidence"][0]["answer"].startswith("200 has api_version, backend_version")
    assert one["wants"].startswith("Anonymous capabilities document is valid")
    assert one["source"] == "openEO API profiles (api.md), L1 #30"


def test_the_answer_is_one_line_and_a_status(report: Report) -> None:
    assert report.answer.status == 1
    assert report.answer.line.startswith("meets the federation minimum: no, ")


def test_html_shows_hostile_text_as_text(report: Report) -> None:
    page = FORMS["html"](report)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_junit_is_xml_with_a_case_for_each_requirement(report: Report) -> None:
    root = ElementTree.fromstring(FORMS["junit"](report))
    assert len(root.findall(".//testcase")) == 684
    failures = {case.get("name") for case in root.iterfind(".//testcase[failure]")}
    assert any(str(name).startswith("api-30: ") for name in failures)


def test_markdown_lets_no_text_of_the_backend_become_markup(report: Report) -> None:
    page = FORMS["markdown"](report)
    assert "<script>" not in page
    assert "| governance-1 |" in page


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_what_is_read_in_a_terminal_does_not_steer_it(report: Report, form: str) -> None:
    assert "\x07" not in FORMS[form](report)
    assert "\ufffd" in FORMS[form](report)


def test_text_names_what_fails_with_its_source(report: Report) -> None:
    page = FORMS["text"](report)
    assert "api-30" in page
    assert "Source: openEO API profiles (api.md), L1 #30" in page
    assert page.strip().endswith(report.answer.line[-20:])


def test_statements_are_attested_and_waivers_waived_and_neither_is_a_pass(report: Report) -> None:
    found = {one.id: one for one in report.findings}
    assert found["governance-1"].verdict == "attested"
    assert found["governance-1"].reason == HOSTILE
    assert found["api-1"].verdict in {"waived", "pass"}


def test_text_says_what_could_not_be_told_and_why(report: Report) -> None:
    page = " ".join(FORMS["text"](report).split())
    assert "Could not tell" in page
    assert "GET http://backend.test/openeo/1.3/processes answered 404 (judged by api-200)." in page


def test_every_form_says_what_was_left_behind(report: Report) -> None:
    left = replace(report, left_behind=["/jobs/made-1 (500)"])
    assert document(left)["left_behind"] == ["/jobs/made-1 (500)"]
    assert all("/jobs/made-1 (500)" in FORMS[form](left) for form in FORMS)


def test_a_profile_is_scored_by_the_share_of_what_applies() -> None:
    found = [Finding(load()["api-30"], one) for one in (passed("Good."), failed("Bad."))]
    found += [Finding(load()["api-30"], not_applicable("It is not offered."))]
    assert (score("api-L1", found).met, score("api-L1", found).percent) == (1, 50.0)
    assert score("api-L1", found[2:]).percent is None
