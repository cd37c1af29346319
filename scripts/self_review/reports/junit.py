"""The report as JUnit XML: a suite per profile of first mention, a case per requirement."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from scripts.self_review.findings import Finding, Verdict
from scripts.self_review.report import Report

SKIPPED = frozenset({Verdict.NOT_APPLICABLE, Verdict.COULD_NOT_TELL, Verdict.WAIVED})
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    root = Element("testsuites", name=f"openEO self-review of {report.root}")
    suites: dict[str, list[Finding]] = {}
    for finding in report.findings:
        suites.setdefault(finding.requirement.profiles[0], []).append(finding)
    for profile, findings in suites.items():
        _suite(root, profile, findings, report)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, profile: str, findings: list[Finding], report: Report) -> None:
    failures = sum(one.verdict is Verdict.FAIL for one in findings)
    skipped = sum(one.verdict in SKIPPED for one in findings)
    counts = {"tests": len(findings), "failures": failures, "errors": 0, "skipped": skipped}
    attributes = {"name": profile, "timestamp": report.started.removesuffix("Z")}
    attributes |= {key: str(value) for key, value in counts.items()}
    suite = SubElement(root, "testsuite", attributes)
    _properties(suite, report)
    for finding in findings:
        _case(suite, profile, finding, report)


def _properties(suite: Element, report: Report) -> None:
    """What is known of the review as a whole; the form has no place for it above the suites."""
    said = [("url", report.url), ("root", report.root), ("login", report.login)]
    said += [("reviewed", report.selection), ("answer", report.answer.line)]
    said += [("notice", one) for one in report.notices]
    said += [("left behind", one) for one in report.left_behind]
    within = SubElement(suite, "properties")
    for name, value in said:
        SubElement(within, "property", name=name, value=xml_text(value))


def _case(suite: Element, profile: str, finding: Finding, report: Report) -> None:
    name = f"{finding.id}: {finding.requirement.wants}"
    case = SubElement(suite, "testcase", classname=profile, name=xml_text(name), time="0")
    says = xml_text(finding.outcome.says)
    if finding.verdict is Verdict.FAIL:
        kind = report.weight(finding)
        failure = SubElement(case, "failure", message=says, type=kind)
        failure.text = xml_text(_details(finding))
    elif finding.verdict in SKIPPED:
        SubElement(
            case, "skipped", message=xml_text(f"{finding.verdict}: {finding.reason or says}")
        )
    else:
        SubElement(case, "system-out").text = xml_text(_details(finding))


def _details(finding: Finding) -> str:
    lines = [f"{finding.verdict}: {finding.outcome.says}"]
    lines += [f"{one.request} -> {one.answer}" for one in finding.outcome.evidence]
    lines += [f"Hint: {finding.outcome.hint}"] if finding.outcome.hint else []
    return "\n".join([*lines, f"Source: {finding.requirement.source}"])


def xml_text(text: str) -> str:
    """The text without characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
