"""The operator's part with the running federation: monitored, excluded, readmitted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from openeo.rest import OpenEoApiError
from openeo.rest.auth.config import RefreshTokenStore
from openeo.rest.connection import Connection

from tests.scenarios.conftest import Federation
from tests.scenarios.people import Person, watching

CLIMATE = {
    "load": {
        "process_id": "load_collection",
        "arguments": {
            "id": "BOREAL_TEMPERATURE_DAILY",
            "spatial_extent": {"west": 11.0, "south": 46.3, "east": 11.2, "north": 46.5},
            "temporal_extent": ["2024-07-01", "2024-07-03"],
        },
    },
    "save": {
        "process_id": "save_result",
        "arguments": {"data": {"from_node": "load"}, "format": "netCDF"},
        "result": True,
    },
}


def get(federation: Federation, path: str) -> Any:
    answer = requests.get(f"{federation.url}/federation/{path}", timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()


def operator(federation: Federation, folder: Path) -> Connection:
    """The operator, logged in at the provider of identities."""
    store = RefreshTokenStore(folder / "refresh-tokens.json")
    connection = Connection(federation.url, refresh_token_store=store, retry=False)
    with watching(Person("operator").allow) as display:
        return connection.authenticate_oidc_device(display=display)


def decide(connection: Connection, decision: str) -> None:
    body = {"backend": "boreal", "decision": decision, "reason": "A trial."}
    connection.post("/federation/decisions", json=body, expected_status=201)


def test_the_monitor_has_seen_every_member(federation: Federation) -> None:
    def seen() -> set[str]:
        backends = get(federation, "history")["backends"]
        return {name for name, one in backends.items() if one["days"] and one["days"][-1]["up"]}

    federation.until(lambda: seen() == {"terra", "aurora", "boreal"})


def test_an_operator_excludes_a_member_and_lets_it_back(
    federation: Federation, tmp_path: Path
) -> None:
    connection = operator(federation, tmp_path)
    user = federation.connect()
    job = user.create_job(CLIMATE)
    assert job.job_id.startswith("boreal-")
    decide(connection, "exclude")
    try:
        federation.until_all_say(lambda: "availability" in federation.members()["boreal"])
        assert federation.members()["boreal"]["status"] == "online"
        for refused in (lambda: user.create_job(CLIMATE), job.start):
            with pytest.raises(OpenEoApiError, match="takes no new work: it is excluded since"):
                refused()
        assert job.describe()["status"] == "created"
    finally:
        decide(connection, "readmit")
    federation.until_all_say(lambda: "availability" not in federation.members()["boreal"])
    again = user.create_job(CLIMATE)
    assert again.job_id.startswith("boreal-")
    for made in (job, again):
        made.delete_job()
    decisions = [made["decision"] for made in get(federation, "decisions")["decisions"]]
    assert decisions[:2] == ["readmit", "exclude"]


def test_a_user_is_no_operator(federation: Federation) -> None:
    with pytest.raises(OpenEoApiError, match="PermissionsInsufficient"):
        decide(federation.connect(), "exclude")
