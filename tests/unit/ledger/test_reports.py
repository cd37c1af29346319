"""Usage reports are read to the last field."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.ledger.errors import UsageReportInvalid
from aggregator.ledger.reports import Measure, read_added_value, read_resources
from tests.unit.ledger.documents import added_value, resources


def test_the_request_of_the_contract_is_read() -> None:
    report = read_resources(resources(orgId=7))
    assert report.measures == (
        Measure("cpu", "cpu-seconds", Fraction(7200)),
        Measure("memory", "mb-seconds", Fraction(14745600)),
        Measure("time", "milliseconds", Fraction(900000)),
        Measure("processing", "credits", Fraction(2)),
    )
    assert (report.key, report.job, report.user) == ("spark-7f3c21", "j-2603140910abcd", "alice")
    assert (report.organisation, report.activity, report.service) == (7, "batch", None)


def test_a_priced_service_is_read() -> None:
    report = read_added_value(added_value())
    assert report.service == "biopar"
    assert report.measures == (Measure("area", "square_meter", Fraction(2500000)),)


def test_of_what_was_used_the_numbers_are_kept_as_they_were_and_nothing_else() -> None:
    cpu = {"value": 7200.25, "unit": "cpu-seconds", "note": "x" * 100_000}
    shpu = {"value": 12, "unit": "shpu"}
    report = read_resources(resources(metrics={"processing": shpu, "cpu": cpu}))
    assert json.dumps(report.metrics) == (
        '{"cpu": {"value": 7200.25, "unit": "cpu-seconds"}, '
        '"processing": {"value": 12, "unit": "shpu"}}'
    )
    area = {"value": 2500000.5, "unit": "square_meter"}
    assert read_added_value(added_value(area=area | {"note": 1})).metrics == {"area": area}


def test_without_times_it_was_synchronous_and_a_service_says_so() -> None:
    assert read_resources(resources(jobStart=None, jobFinish=None)).activity == "synchronous"
    assert read_resources(resources(activity="service")).activity == "service"


def test_every_mistake_is_named() -> None:
    with pytest.raises(UsageReportInvalid) as error:
        read_resources({"metrics": {"cpu": {"value": -1, "unit": "cpu-seconds"}, "wind": 3}})
    said = "\n".join(error.value.mistakes)
    for name in ("jobId", "executionId", "userId", "sourceId", "idempotencyKey"):
        assert f"'{name}' must be text" in said
    assert "'metrics.cpu.value' must be a number from 0 to 10,000,000,000 cpu-seconds" in said
    assert "only, not wind" in said
    assert error.value.status == 400


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"jobId": ""}, "jobId"),
        ({"jobId": "   "}, "jobId"),
        ({"jobId": 7}, "jobId"),
        ({"jobId": "j" * 256}, "jobId"),
        ({"userId": "a\x00b"}, "userId"),
        ({"userId": "a\nb"}, "userId"),
        ({"userId": "\ud800"}, "userId"),
        ({"jobName": ["x"]}, "jobName"),
        ({"orgId": "7"}, "orgId"),
        ({"orgId": True}, "orgId"),
        ({"orgId": 2**63}, "orgId"),
        ({"state": "DONE"}, "state"),
        ({"state": ["FINISHED"]}, "state"),
        ({"status": 3}, "status"),
        ({"orchestrator": "airflow"}, "orchestrator"),
        ({"activity": "play"}, "activity"),
        ({"jobStart": -1}, "jobStart"),
        ({"jobStart": "today"}, "jobStart"),
        ({"jobFinish": 10**15}, "jobFinish"),
        ({"jobStart": 2, "jobFinish": 1}, "jobFinish"),
        ({"metrics": []}, "metrics"),
        ({"metrics": None}, "metrics"),
        ({"metrics": {"cpu": 3}}, "metrics.cpu"),
        ({"metrics": {"cpu": {"value": "3", "unit": "cpu-seconds"}}}, "metrics.cpu.value"),
        ({"metrics": {"cpu": {"value": True, "unit": "cpu-seconds"}}}, "metrics.cpu.value"),
        ({"metrics": {"cpu": {"value": 1e300, "unit": "cpu-seconds"}}}, "metrics.cpu.value"),
        ({"metrics": {"cpu": {"value": 10**5000, "unit": "cpu-seconds"}}}, "metrics.cpu.value"),
        ({"metrics": {"cpu": {"value": float("nan"), "unit": "cpu-seconds"}}}, "metrics.cpu.value"),
        ({"metrics": {"cpu": {"value": float("inf"), "unit": "cpu-seconds"}}}, "metrics.cpu.value"),
        ({"metrics": {"cpu": {"value": 1, "unit": "mb-seconds"}}}, "metrics.cpu.unit"),
        ({"metrics": {"cpu": {"value": 1, "unit": ["cpu-seconds"]}}}, "metrics.cpu.unit"),
        ({"metrics": {"cpu": {"value": 1}}}, "metrics.cpu.unit"),
        ({"metrics": {"processing": {"value": -2, "unit": "credits"}}}, "metrics.processing.value"),
    ],
)
def test_a_field_that_cannot_be_is_refused_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageReportInvalid) as error:
        read_resources(resources(**changes))
    assert [mistake.split("'")[1] for mistake in error.value.mistakes] == [named]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a\x00b\ud800c\udfff", "abc"),
        ("\x00", None),
        ("", None),
        (None, None),
        ("x" * 2000, "x" * 1000),
    ],
)
def test_no_name_of_a_job_keeps_its_usage_from_being_counted(name: str, kept: str | None) -> None:
    assert read_resources(resources(jobName=name)).title == kept


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": {"cpu": {"value": 0, "unit": "cpu-seconds"}}},
        {"metrics": {"cpu": {"value": 10**10, "unit": "cpu-seconds"}}},
        {"metrics": {}},
        {"jobStart": 0},
        {"jobStart": 1773479400000, "jobFinish": 1773479400000},
        {"jobFinish": 32_503_680_000_000},
        {"orgId": 0},
        {"jobId": "j" * 255},
    ],
)
def test_whatever_can_be_true_of_an_execution_is_read(changes: dict[str, Any]) -> None:
    assert read_resources(resources(**changes)).fingerprint


def test_what_is_no_part_of_a_report_of_its_kind_is_passed_over() -> None:
    assert read_resources(resources(service=["biopar"], area=3)).service is None
    report = read_added_value(added_value(state="DONE", status=3, metrics="none"))
    assert (report.state, report.status) == (None, None)


@pytest.mark.parametrize("service", [None, "", 7, "a\x00b"])
def test_a_service_without_a_name_is_refused(service: Any) -> None:
    with pytest.raises(UsageReportInvalid, match="'service' must be text"):
        read_added_value(added_value(service=service))


@pytest.mark.parametrize("area", [None, 5, {"value": -1, "unit": "square_meter"}, {"value": 1}])
def test_an_area_that_cannot_be_is_refused(area: Any) -> None:
    with pytest.raises(UsageReportInvalid, match="'area"):
        read_added_value(added_value(area=area))


@pytest.mark.parametrize("document", [None, [], "x", 3])
def test_what_is_no_object_is_no_report(document: Any) -> None:
    with pytest.raises(UsageReportInvalid, match="JSON object"):
        read_resources(document)


def test_the_same_report_has_the_same_fingerprint_however_it_is_written() -> None:
    first = read_resources(resources(nodes=[2, 3]))
    turned = dict(reversed(list(resources(orgId=None, nodes=[2.0, 3]).items())))
    turned["metrics"] = json.loads(json.dumps(turned["metrics"]).replace("7200", "7200.0"))
    assert read_resources(turned).fingerprint == first.fingerprint


def test_a_report_after_a_failed_attempt_is_the_same_report() -> None:
    first = read_resources(resources())
    assert read_resources(resources(state="FAILED")).fingerprint == first.fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"userId": "bob"},
        {"jobId": "j-2"},
        {"orgId": 7},
        {"jobStart": 1773479400001},
        {"metrics": {"cpu": {"value": 7201, "unit": "cpu-seconds"}}},
    ],
)
def test_a_changed_report_has_another_fingerprint(changes: dict[str, Any]) -> None:
    first = read_resources(resources())
    assert read_resources(resources(**changes)).fingerprint != first.fingerprint


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(st.sampled_from([*added_value(), *resources()]), json_values))
def test_no_report_whatever_breaks_the_reader(changes: dict[str, Any]) -> None:
    for read, document in ((read_resources, resources()), (read_added_value, added_value())):
        try:
            read(document | changes)
        except UsageReportInvalid as error:
            assert error.mistakes
