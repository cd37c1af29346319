"""Web services are enabled with credits put aside, and show what they were charged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.backends import Reply
from tests.web.paying import counting, held, ledger, now, report
from tests.web.site import ENDPOINTS, Site, assert_error, backend, graph

SERVICES = {
    "/service_types": ["GET"],
    "/services": ["GET", "POST"],
    "/services/{service_id}": ["GET", "PATCH", "DELETE"],
}


@pytest.fixture
def viewing(tmp_path: Path) -> Site:
    offers = {
        "GET /service_types": {"XYZ": {"configuration": {}, "process_parameters": []}},
        "POST /services": Reply(201, None, {"OpenEO-Identifier": "s-1"}),
        "PATCH /services/s-1": Reply(204),
    }
    endpoints = [{"path": p, "methods": m} for p, m in (ENDPOINTS | SERVICES).items()]
    said: dict[str, Any] = {"answers": offers, "endpoints": endpoints}
    return counting(tmp_path, members={"terra": backend("terra", **said)})


def test_a_service_that_is_enabled_at_once_has_credits_put_aside(viewing: Site) -> None:
    user = viewing.login()
    body = {"process": graph(), "type": "XYZ"}
    assert viewing.post("/services", body, headers=user).status_code == 201
    assert held(viewing) == []
    assert viewing.post("/services", body | {"enabled": True}, headers=user).status_code == 201
    assert held(viewing) == [("terra", "s-1", 1.0)]


def test_a_service_that_is_enabled_later_has_credits_put_aside_once(viewing: Site) -> None:
    user = viewing.login()
    terra = viewing.backends["terra"]
    terra.answers["GET /services/s-1"] = {"id": "s-1", "enabled": False}
    enable: dict[str, Any] = {"json": {"enabled": True}, "headers": user}
    assert viewing.request("PATCH", "/services/terra-s-1", **enable).status_code == 204
    assert viewing.request("PATCH", "/services/terra-s-1", **enable).status_code == 204
    assert held(viewing) == [("terra", "s-1", 1.0)]
    terra.answers["PATCH /services/s-1"] = Reply(
        400, {"id": "7", "code": "ServiceConfigInvalid", "message": "No."}
    )
    report(viewing, "s-1", 1, activity="service")
    assert viewing.request("PATCH", "/services/terra-s-1", **enable).status_code == 400
    assert held(viewing) == []


def test_a_service_that_cannot_be_paid_is_not_enabled(viewing: Site) -> None:
    user = viewing.login()
    viewing.backends["terra"].answers["GET /services/s-1"] = {"id": "s-1", "enabled": False}
    ledger(viewing).welcome("alice", ["general"], now(viewing))
    report(viewing, "dear", 10)
    body = {"process": graph(), "type": "XYZ", "enabled": True}
    assert_error(viewing.post("/services", body, headers=user), 402, "PaymentRequired")
    answer = viewing.request("PATCH", "/services/terra-s-1", json={"enabled": True}, headers=user)
    assert_error(answer, 402, "PaymentRequired")
    assert viewing.backends["terra"].asked("POST", "/services") == []
    assert viewing.backends["terra"].asked("PATCH", "/services/s-1") == []


def test_services_show_what_they_were_charged_and_else_what_their_backend_says(
    viewing: Site,
) -> None:
    user = viewing.login()
    terra = viewing.backends["terra"]
    listed = [{"id": f"s-{n}", "costs": n * 100, "enabled": True} for n in (1, 2)]
    terra.answers["GET /services"] = {"services": listed, "links": []}
    for one in listed:
        terra.answers[f"GET /services/{one['id']}"] = one
    ledger(viewing).welcome("alice", ["general"], now(viewing))
    for amount in (0.25, 0.5):
        report(viewing, "s-2", amount, activity="service", userId="alice")
    costs = {"terra-s-1": 100, "terra-s-2": 0.75}
    found = viewing.get("/services", headers=user).json["services"]
    assert {one["id"]: one["costs"] for one in found} == costs
    for identifier, amount in costs.items():
        assert viewing.get(f"/services/{identifier}", headers=user).json["costs"] == amount
