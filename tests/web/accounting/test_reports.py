"""What members report over HTTP is charged once, whatever comes between."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.unit.ledger.documents import MARCH, added_value, direct, grant, resources
from tests.web.accounting.site import ADDED_VALUE, AURORAS, RESOURCES, TERRAS, books, charged, post
from tests.web.site import Site, assert_error


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
