"""Who may not report, and what is no report, is told so and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from aggregator.storage.verification import verify
from tests.fakes.issuers import claims, rsa_key, signed
from tests.unit.ledger.documents import added_value, resources
from tests.web.accounting.site import (
    ADDED_VALUE,
    ALICE,
    ISSUER,
    RESOURCES,
    SECONDS,
    TERRAS,
    accounting,
    bearer,
    charged,
    post,
)
from tests.web.site import Site, assert_error


def test_a_provider_reports_for_its_own_source_only(site: Site) -> None:
    error = assert_error(post(site, resources(sourceId="aurora")), 403, "PermissionsInsufficient")
    assert "'aurora'" in error["message"]
    unknown = assert_error(post(site, resources(sourceId="mars")), 403, "PermissionsInsufficient")
    assert unknown["message"].replace("mars", "aurora") == error["message"]
    assert charged(site) == 0


def forged() -> str:
    """A token for terra's service account, by a key that is not the issuer's."""
    hour = {"iat": SECONDS, "exp": SECONDS + 3600}
    said = claims(ISSUER.url, sub="terra-accounting", azp="terra-accounting", **hour)
    return signed(said, rsa_key(9))


NOT_REPORTERS: dict[str, tuple[dict[str, str], int, str]] = {
    "nobody": ({}, 401, "AuthenticationRequired"),
    "forged": ({"Authorization": f"Bearer {forged()}"}, 403, "TokenInvalid"),
    "expired": (
        bearer("terra-accounting", "terra-accounting", exp=SECONDS - 60),
        403,
        "TokenInvalid",
    ),
    "nonsense": ({"Authorization": "Bearer x.y.z"}, 403, "TokenInvalid"),
    "a password": (
        {"Authorization": "Basic dGVycmE6dGVycmE="},
        403,
        "AuthenticationSchemeInvalid",
    ),
    "a user": (ALICE, 403, "PermissionsInsufficient"),
    "another program": (bearer("x-accounting", "x-accounting"), 403, "PermissionsInsufficient"),
    "a user of that name": (
        bearer("terra-accounting", "web-editor"),
        403,
        "PermissionsInsufficient",
    ),
}


@pytest.mark.parametrize("who", NOT_REPORTERS)
@pytest.mark.parametrize("path", [RESOURCES, ADDED_VALUE])
def test_only_reporters_report(site: Site, path: str, who: str) -> None:
    headers, status, code = NOT_REPORTERS[who]
    assert_error(post(site, resources(), headers, path), status, code)
    assert charged(site) == 0


def metric(value: Any, unit: str = "cpu-seconds", name: str = "cpu") -> dict[str, Any]:
    return resources(metrics={name: {"value": value, "unit": unit}})


INVALID: list[tuple[dict[str, Any], str]] = [
    (metric(-1), "'metrics.cpu.value' must be a number from 0"),
    (metric(10**11), "'metrics.cpu.value' must be a number from 0"),
    (metric(1e300), "'metrics.cpu.value' must be a number from 0"),
    (metric("12"), "'metrics.cpu.value' must be a number from 0"),
    (metric(True), "'metrics.cpu.value' must be a number from 0"),
    (metric(None), "'metrics.cpu.value' must be a number from 0"),
    (metric(1, "cpu-hours"), "'metrics.cpu.unit' must be cpu-seconds"),
    (metric(1, "mb-seconds"), "'metrics.cpu.unit' must be cpu-seconds"),
    (metric(1, "shpu", "gpu"), "'metrics' must be of cpu, memory, time, processing only, not gpu"),
    (resources(metrics=[]), "'metrics' must be an object"),
    (resources(userId=""), "'userId' must be text"),
    (resources(userId="a\x00b"), "'userId' must be text"),
    (resources(jobId="x" * 300), "'jobId' must be text of 1 to 255"),
    (resources(jobStart=-5), "'jobStart' must be a time in milliseconds"),
    (resources(jobFinish=0), "'jobFinish' must be at or after 'jobStart'"),
    (resources(state="DONE"), "'state' must be one of ACCEPTED"),
    (resources(orgId="7"), "'orgId' must be the number of an organisation"),
    (resources(orchestrator="argo"), "'orchestrator' must be openeo"),
    ({}, "'idempotencyKey' must be text"),
]


@pytest.mark.parametrize(("document", "told"), INVALID)
def test_what_is_wrong_with_a_report_is_named(
    site: Site, document: dict[str, Any], told: str
) -> None:
    assert told in assert_error(post(site, document), 400, "UsageReportInvalid")["message"]
    assert charged(site) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"null",
        json.dumps(resources()).encode().replace(b"7200", b"NaN"),
        json.dumps(resources()).encode().replace(b"7200", b"Infinity"),
        b'{"jobId": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        json.dumps(resources()).encode()[:-10],
        b"\xff\xfe{}",
    ],
)
def test_what_is_no_json_object_is_refused(site: Site, body: bytes) -> None:
    headers = TERRAS | {"Content-Type": "application/json"}
    assert_error(site.client.post(RESOURCES, data=body, headers=headers), 400, "RequestInvalid")
    assert charged(site) == 0


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"1" * 400, b"123456789012345678901234"])
def test_a_number_beyond_all_measure_is_refused(site: Site, number: bytes) -> None:
    body = json.dumps(resources()).encode().replace(b"7200", number)
    answer = site.client.post(
        RESOURCES, data=body, headers=TERRAS | {"Content-Type": "application/json"}
    )
    assert answer.status_code == 400, answer.text
    assert charged(site) == 0


@pytest.mark.parametrize(
    "title",
    [
        pytest.param("ü" * 9_900, id="as long as the federation takes it from users"),
        pytest.param("Flood \ud83d", id="cut within a character"),
        pytest.param("\ude00\ud83d\ud83d\ude00\\ud83d\x00", id="pieces of characters"),
    ],
)
def test_no_title_that_a_user_can_give_keeps_usage_from_being_recorded(
    tmp_path: Path, title: str
) -> None:
    site = accounting(tmp_path, max_request_bytes=20_000)
    body = json.dumps(resources(jobName=title))  # with escapes, as most clients write it
    headers = TERRAS | {"Content-Type": "application/json"}
    answer = site.client.post(RESOURCES, data=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert charged(site) == 9000


@pytest.mark.parametrize("name", ["userId", "jobId", "idempotencyKey", "sourceId"])
def test_half_a_character_in_what_counts_is_refused_by_name(site: Site, name: str) -> None:
    body = json.dumps(resources(**{name: "a\ud83d"}))
    headers = TERRAS | {"Content-Type": "application/json"}
    answer = site.client.post(RESOURCES, data=body, headers=headers)
    told = assert_error(answer, 400, "UsageReportInvalid")["message"]
    assert f"'{name}' must be text of 1 to 255 printable characters" in told


def test_a_report_is_no_larger_than_titles_can_make_it(tmp_path: Path) -> None:
    site = accounting(tmp_path, max_request_bytes=20_000)
    large = resources(jobName="x" * 60_000)
    error = assert_error(post(site, large), 413, "RequestTooLarge")
    assert "60000 bytes" in error["message"]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "wrong": (metric(-1), "key spark-7f3c21, job j-2603140910abcd, was refused: The usage report"),
    "changed": (metric(3), "key spark-7f3c21, job j-2603140910abcd, was refused: A different"),
    "another's": (resources(sourceId="aurora"), "job j-2603140910abcd, was refused: "),
    "too large": (resources(jobName="x" * 70_000), "key None, job None, was refused: 413"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_operators_are_warned_of_usage_that_is_not_recorded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, why: str
) -> None:
    site = accounting(tmp_path, max_request_bytes=20_000)
    assert post(site, resources()).status_code == 201
    document, told = REFUSED[why]
    assert 400 <= post(site, document).status_code < 500
    (warning,) = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert "usage is not recorded: the report of terra-accounting" in warning
    assert told in warning
    assert "alice" not in warning


def test_a_report_in_another_media_type_is_refused(site: Site) -> None:
    headers = TERRAS | {"Content-Type": "application/x-www-form-urlencoded"}
    assert_error(site.client.post(RESOURCES, data="{}", headers=headers), 400, "ContentTypeInvalid")


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["cpu-seconds", "shpu", "credits", "batch", "openeo", "terra", "\x00", "\ud800"]
    )
)


VALUES = st.recursive(
    SCALARS,
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(st.sampled_from(["cpu", "processing", "value", "unit"]), part, max_size=3)
    ),
    max_leaves=6,
)


CHANGES = st.dictionaries(st.sampled_from(sorted({*resources(), *added_value()})), VALUES)


@given(changes=CHANGES, path=st.sampled_from([RESOURCES, ADDED_VALUE]), key=st.integers(0, 9))
@examples(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_reported_is_recorded_once_or_refused_with_an_openeo_error(
    site: Site, changes: dict[str, Any], path: str, key: int
) -> None:
    document = {**resources(idempotencyKey=f"k{key}"), **added_value(), **changes}
    body = json.dumps({**document, "idempotencyKey": changes.get("idempotencyKey", f"k{key}")})
    headers = TERRAS | {"Content-Type": "application/json"}
    answer = site.client.post(path, data=body, headers=headers)
    if answer.status_code == 201:
        assert all(item["cost"] >= 0 for item in answer.json or [])
        again = site.client.post(path, data=body, headers=headers)
        assert (again.status_code, again.json) == (201, answer.json)
    else:
        assert answer.status_code in (400, 403, 409)
        assert {"id", "code", "message"} <= set(answer.json or {})
    assert verify(site.federation.database) == []
