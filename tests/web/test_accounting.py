"""Members report usage over HTTP, and everyone reads the rates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from aggregator.ledger.events import Hold
from aggregator.storage.verification import balances, rebuild, verify
from aggregator.usecases.bookkeeping import Bookkeeping
from tests.fakes.clock import Clock
from tests.fakes.issuers import Issuer, claims, rsa_key, signed
from tests.unit.ledger.documents import AURORA, MARCH, TERRA, added_value, direct, grant, resources
from tests.web.site import Site, assert_error, backend
from tests.web.test_tokens import member, provider

RESOURCES = "/federation/accounting/resources"
ADDED_VALUE = "/federation/accounting/addedvalue"
PERMISSIONS = "/federation/accounting/user/permissions"
VALIDATE = "/federation/accounting/validate/auth"
ISSUER = Issuer()
SECONDS = MARCH // 1000


def bearer(name: str, client: str, **said: Any) -> dict[str, str]:
    """The header of a token that the issuer signed for that user or service account."""
    hour = {"iat": SECONDS, "exp": SECONDS + 3600}
    return {"Authorization": f"Bearer {ISSUER.token(sub=name, azp=client, **(hour | said))}"}


TERRAS = bearer("terra-accounting", "terra-accounting")
AURORAS = bearer("aurora-accounting", "aurora-accounting")
ALICE = bearer("alice", "web-editor")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return accounting(tmp_path)


def accounting(directory: Path, *, terra: Mapping[str, Any] | None = None, **settings: Any) -> Site:
    """A federation of terra and aurora that counts usage, in March 2026; `terra` are its rates."""
    prices = directory / "pricing"
    prices.mkdir()
    for document in (TERRA | dict(terra or {}), AURORA):
        (prices / f"{document['provider']}.yaml").write_text(yaml.safe_dump(document))
    names = ("terra", "aurora")
    return Site(
        {name: member(name, provider("id", ISSUER.url)) for name in names},
        directory,
        clock=Clock(SECONDS),
        issuer=ISSUER,
        accounting={"pricing": str(prices)},
        **settings,
    )


def books(site: Site) -> Bookkeeping:
    found = site.federation.bookkeeping
    assert found is not None
    return found


def get(site: Site, path: str, headers: dict[str, str] | None = None) -> Any:
    """The document there."""
    answer = site.client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json


def post(
    site: Site, document: Any, headers: dict[str, str] = TERRAS, path: str = RESOURCES
) -> TestResponse:
    return site.client.post(path, json=document, headers=headers)


def charged(site: Site) -> int:
    """Millicredits that terra has earned; the books must be in order."""
    database = site.federation.database
    assert verify(database) == []
    found = balances(database)
    assert found == rebuild(database)
    return found.get("revenue:terra", 0)


def test_what_the_contract_reports_costs_what_the_contract_says(site: Site) -> None:
    answer = post(site, resources())
    assert answer.status_code == 201
    assert answer.json == [
        {"jobId": "j-2603140910abcd", "cost": 3.0},
        {"jobId": "j-2603140910abcd", "cost": 4.0},
        {"jobId": "j-2603140910abcd", "cost": 2.0},
    ]
    assert charged(site) == 9000


def test_a_priced_service_costs_by_its_area(site: Site) -> None:
    answer = post(site, added_value(), path=ADDED_VALUE)
    assert answer.status_code == 201
    assert answer.json == [{"jobId": "j-2603140910abcd", "cost": 2.5}]
    assert charged(site) == 2500


def test_the_same_report_again_is_answered_the_same_and_charged_once(site: Site) -> None:
    first = post(site, resources())
    again = post(site, resources(state="FAILED"))
    assert (again.status_code, again.json) == (201, first.json)
    assert charged(site) == 9000


def test_a_changed_report_under_an_old_key_is_a_conflict(site: Site) -> None:
    post(site, direct("k", 5))
    error = assert_error(post(site, direct("k", 6)), 409, "UsageReportConflict")
    assert "'k'" in error["message"]
    assert charged(site) == 5000


def test_keys_of_one_provider_are_not_those_of_another(site: Site) -> None:
    assert post(site, direct("k", 5)).status_code == 201
    assert post(site, direct("k", 6, sourceId="aurora"), AURORAS).status_code == 201


def test_usage_of_unknown_users_and_of_empty_wallets_is_recorded(site: Site) -> None:
    assert post(site, direct("k", 5, userId="nobody-knows")).status_code == 201
    books(site).ledger.grant(grant("g", 1))
    assert post(site, direct("l", 5)).status_code == 201
    assert charged(site) == 10_000
    assert books(site).ledger.purse("user/alice", MARCH).debts == {"terra": 4000}


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
        json.dumps(resources()).encode().replace(b'"alice"', b'"\\ud800"'),
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


def test_a_report_is_no_larger_than_reports_are(site: Site) -> None:
    large = resources(jobName="x" * 10 * 1024 * 1024)
    error = assert_error(post(site, large), 413, "RequestTooLarge")
    assert "65536 bytes" in error["message"]


def test_a_report_in_another_media_type_is_refused(site: Site) -> None:
    headers = TERRAS | {"Content-Type": "application/x-www-form-urlencoded"}
    assert_error(site.client.post(RESOURCES, data="{}", headers=headers), 400, "ContentTypeInvalid")


def test_many_at_once_are_charged_once_each(site: Site) -> None:
    reports = [direct(f"k{number % 20}", 1 + number % 20) for number in range(80)]

    def send(document: dict[str, Any]) -> tuple[int, Any]:
        answer = site.app.test_client().post(RESOURCES, json=document, headers=TERRAS)
        return answer.status_code, answer.json

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, reports))
    assert {status for status, _ in answers} == {201}
    assert [costs[0]["cost"] for _, costs in answers] == [1 + number % 20 for number in range(80)]
    assert charged(site) == 1000 * sum(range(1, 21))


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


def test_reporters_are_told_what_they_may_report_for(site: Site) -> None:
    answer = site.client.get(VALIDATE, headers=TERRAS)
    assert (answer.status_code, answer.json) == (200, {"sources": ["terra"]})
    assert_error(site.client.get(VALIDATE, headers=ALICE), 403, "PermissionsInsufficient")
    assert_error(site.client.get(VALIDATE), 401, "AuthenticationRequired")


def test_users_are_told_whether_they_may_execute_and_what_is_left(site: Site) -> None:
    alice = bearer("alice", "web-editor", subscriptions=["general"])
    assert get(site, PERMISSIONS, alice) == {
        "execution": True,
        "reporting": False,
        "providers": [
            {
                "provider": "aurora",
                "execution": True,
                "available": 20.0,
                "renewal": "2026-04-01T00:00:00Z",
            },
            {
                "provider": "terra",
                "execution": True,
                "available": 100.0,
                "renewal": "2026-04-01T00:00:00Z",
            },
        ],
    }


def test_users_who_owe_everywhere_may_not_execute(site: Site) -> None:
    post(site, direct("k", 5))
    assert get(site, PERMISSIONS, ALICE)["execution"]
    post(site, direct("k", 5, sourceId="aurora"), AURORAS)
    assert not get(site, PERMISSIONS, ALICE)["execution"]


PRICED = {
    "batch": {"credits": 7},
    "synchronous": {"credits": 2},
    "service": {"credits": 1},
}


@pytest.mark.parametrize(
    ("used", "defaults", "may"),
    [
        (99, PRICED, True),
        (99.001, PRICED, False),
        (100, PRICED, False),
        (100, {"batch": {"credits": 7}}, True),  # a request may cost nothing there
        (100.001, {"batch": {"credits": 7}}, False),
    ],
)
def test_who_could_start_nothing_may_not_execute(
    tmp_path: Path, used: float, defaults: dict[str, Any], may: bool
) -> None:
    site = accounting(tmp_path, terra={"defaults": defaults})
    books(site).wallets.welcome("alice", ["general"])
    post(site, direct("k", used))
    assert get(site, f"{PERMISSIONS}?userId=alice", TERRAS)["execution"] is may


def test_who_was_never_seen_may_execute_until_they_owe(tmp_path: Path) -> None:
    site = accounting(tmp_path, terra={"defaults": PRICED})
    assert get(site, f"{PERMISSIONS}?userId=alice", TERRAS)["execution"]
    post(site, direct("k", 1))
    assert not get(site, f"{PERMISSIONS}?userId=alice", TERRAS)["execution"]


def test_who_has_their_last_credits_put_aside_for_work_may_execute_it(tmp_path: Path) -> None:
    site = accounting(tmp_path, terra={"defaults": PRICED})
    books(site).wallets.welcome("alice", ["general"])
    now = int(site.clock() * 1000)
    made = Hold("h", "user/alice", "terra", 100_000, now, now + 1000, "j-1", "alice")
    books(site).ledger.hold(made)
    asked = f"{PERMISSIONS}?userId=alice"
    told = get(site, asked, TERRAS)
    assert (told["execution"], told["providers"][0]["available"]) == (True, 0.0)
    site.clock.advance(1)
    assert not get(site, asked, TERRAS)["execution"]


def test_a_provider_is_told_what_a_user_has_left_with_it_and_not_elsewhere(site: Site) -> None:
    books(site).wallets.welcome("alice", ["general"])
    told = get(site, f"{PERMISSIONS}?userId=alice", TERRAS)
    assert [(one["provider"], one["available"]) for one in told["providers"]] == [("terra", 100.0)]


def test_a_provider_is_told_of_the_free_credits_of_a_month_that_has_just_begun(site: Site) -> None:
    books(site).wallets.welcome("alice", ["general"])
    post(site, direct("k", 130))
    asked = f"{PERMISSIONS}?userId=alice"
    assert not get(site, asked, TERRAS)["execution"]
    site.clock.advance(30 * 24 * 3600)
    later = {"iat": int(site.clock()), "exp": int(site.clock()) + 60}
    told = get(site, asked, bearer("terra-accounting", "terra-accounting", **later))
    assert (told["execution"], told["providers"][0]["available"]) == (True, 70.0)


def test_nobody_is_told_of_another_users_wallet(site: Site) -> None:
    bob = bearer("bob", "web-editor")
    answer = site.client.get(f"{PERMISSIONS}?userId=alice", headers=bob)
    assert_error(answer, 403, "PermissionsInsufficient")


def test_free_credits_come_at_the_first_visit_of_each_month(site: Site) -> None:
    books(site).wallets.welcome("alice")
    post(site, direct("k", 30))
    books(site).wallets.welcome("alice")
    purse = books(site).ledger.purse("user/alice", MARCH)
    assert purse.available("terra", MARCH) == 70_000
    assert purse.available("aurora", MARCH) == 20_000
    site.clock.advance(30 * 24 * 3600)
    books(site).wallets.welcome("alice")
    now = int(site.clock() * 1000)
    purse = books(site).ledger.purse("user/alice", now)
    assert purse.available("terra", now) == 100_000


def test_a_user_seen_before_is_welcomed_without_the_database(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    books(site).wallets.welcome("alice", ["general"])
    for name in ("read", "write"):
        monkeypatch.setattr(site.federation.database, name, _unreachable)
    books(site).wallets.welcome("alice", ["general"])
    with pytest.raises(RuntimeError):
        books(site).wallets.welcome("alice", ["general", "copernicus"])
    site.clock.advance(600)
    with pytest.raises(RuntimeError):
        books(site).wallets.welcome("alice", ["general"])


def _unreachable(*_: Any) -> Any:
    raise RuntimeError("the database was asked")


def test_the_rates_of_all_providers_are_published(site: Site) -> None:
    document = get(site, "/federation/pricing")
    assert document["currency"] == "credits"
    assert [one["provider"] for one in document["providers"]] == ["terra", "aurora"]
    terra = document["providers"][0]
    assert terra["rates"]["cpu-seconds"] == {"credits": 1.5, "per": 3600, "unit": "cpu-seconds"}
    assert "reporters" not in terra
    assert terra == get(site, "/federation/pricing/terra")
    assert_error(site.client.get("/federation/pricing/mars"), 404, "NotFound")


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", "*/*", "application/json"),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("", "application/json, text/html;q=0.5", "application/json"),
        ("?f=html", "application/json", "text/html; charset=utf-8"),
        ("?f=json", "text/html", "application/json"),
    ],
)
def test_rates_are_a_page_for_people_and_a_document_for_programs(
    site: Site, query: str, accept: str, kind: str
) -> None:
    answer = site.client.get(f"/federation/pricing{query}", headers={"Accept": accept})
    assert answer.content_type == kind
    assert answer.headers["Vary"].startswith("Accept")
    assert "Terra Observatory" in answer.text


def test_titles_and_names_on_the_page_are_text(tmp_path: Path) -> None:
    site = accounting(tmp_path, title="<script>alert(1)</script>")
    page = site.client.get("/federation/pricing?f=html").text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_another_form_of_the_rates_is_an_error(site: Site) -> None:
    assert_error(site.client.get("/federation/pricing?f=xml"), 400, "RequestInvalid")


@pytest.mark.parametrize("path", [PERMISSIONS, VALIDATE, "/federation/pricing"])
def test_a_federation_without_accounting_has_none_of_this(tmp_path: Path, path: str) -> None:
    plain = Site({"terra": backend("terra")}, tmp_path)
    assert_error(plain.client.get(path, headers=TERRAS), 404, "NotFound")


def test_capabilities_list_the_rates_and_not_what_members_use(site: Site) -> None:
    document = site.get("/").json
    listed = [endpoint["path"] for endpoint in document["endpoints"]]
    (link,) = [link for link in document["links"] if link["rel"] == "payment"]
    assert link["href"] == "http://federation.test/federation/pricing"
    assert "/federation/pricing" in listed
    assert not any(path.startswith("/federation/accounting") for path in listed)


def test_a_report_is_not_acknowledged_while_it_cannot_be_written(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    books(site).wallets.welcome("alice")
    database = site.federation.database
    monkeypatch.setattr(database, "_turn", _Broken())
    error = assert_error(post(site, direct("k", 5)), 503, "DatabaseUnavailable")
    assert "disk" not in error["message"]
    assert site.client.get("/federation/pricing").status_code == 200
    monkeypatch.undo()
    assert post(site, direct("k", 5)).status_code == 201
    assert charged(site) == 5000


class _Broken:
    """Stands for a disk that is full."""

    def __enter__(self) -> None:
        from sqlalchemy.exc import OperationalError

        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    def __exit__(self, *_: object) -> None: ...
