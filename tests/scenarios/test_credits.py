"""Credits in the whole federation: used, put aside, reported by the backends, used up."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from openeo.rest import OpenEoApiError
from openeo.rest.connection import Connection

from aggregator.ledger.reports import read_resources
from aggregator.moments import day_of, next_month
from aggregator.storage.ledger import Ledger, open_ledger
from aggregator.storage.queries import receipts_of_job
from aggregator.storage.tariffs import load_tariffs
from aggregator.storage.verification import balances, rebuild, verify
from scripts.federation.layout import IDENTITY
from tests.scenarios.conftest import CONFIG, Federation

USER = "carol"
DEAR = "very-dear"
AREA = {"west": 11.04, "south": 46.38, "east": 11.05, "north": 46.39}
JULY = ("2024-07-01", "2024-07-16")


@pytest.fixture(scope="module")
def connection(federation: Federation) -> Connection:
    return federation.connect(USER)


@pytest.fixture(scope="module")
def ledger(federation: Federation, connection: Connection) -> Iterator[Ledger]:
    """The books, beside the federation that keeps them; it has seen the user."""
    connection.describe_account()
    data = Path(federation.layout.document["data_directory"])
    tariffs = load_tariffs(CONFIG.parent / "pricing")
    opened = open_ledger(f"sqlite:///{data}/federation.sqlite", tariffs)
    yield opened
    for receipt in receipts_of_job(opened.database, "terra", DEAR, USER):  # other tests go on
        opened.refund("terra", DEAR, receipt.charged, key=DEAR, now=now(), include_free=True)
    opened.database.dispose()


def now() -> int:
    return int(time.time() * 1000)


def left(ledger: Ledger, provider: str) -> int:
    return ledger.purse(f"user/{USER}", now()).available(provider, now())


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def scene(connection: Connection) -> Any:
    """What terra and aurora both can compute."""
    cube = connection.load_collection(
        "SENTINEL2_L2A", spatial_extent=AREA, temporal_extent=JULY, bands=["B04"]
    )
    return cube.reduce_dimension(dimension="t", reducer="mean").save_result("GTiff")


def result(connection: Connection, **more: Any) -> requests.Response:
    body = {"process": {"process_graph": scene(connection).flat_graph()}, **more}
    return connection.post("/result", json=body, expected_status=200)


def is_settled(ledger: Ledger) -> bool:
    return all(hold.user != USER for hold in ledger.open_holds())


def test_what_a_backend_reports_is_charged_and_settles_what_was_put_aside(
    connection: Connection, ledger: Ledger
) -> None:
    before = left(ledger, "terra")
    answer = result(connection)
    assert answer.headers["OpenEO-Federation-Backends"] == "terra"
    wait_for(lambda: is_settled(ledger))
    job = answer.headers["OpenEO-Identifier"].removeprefix("terra-")
    (receipt,) = receipts_of_job(ledger.database, "terra", job, USER)
    assert before - left(ledger, "terra") == receipt.charged
    assert {item.label for item in receipt.items} == {"cpu-seconds", "mb-seconds"}
    assert verify(ledger.database) == []


def test_a_job_holds_credits_while_it_runs_and_shows_what_was_charged(
    connection: Connection, ledger: Ledger
) -> None:
    before = left(ledger, "terra")
    job = connection.create_job(scene(connection).flat_graph(), title="With credits")
    assert left(ledger, "terra") == before
    estimate = job.estimate()
    assert estimate["costs"] > 0
    assert estimate["federation:estimated-by"] == "terra"
    job.start_and_wait(max_poll_interval=0.5)
    wait_for(lambda: is_settled(ledger))
    charged = before - left(ledger, "terra")
    assert job.describe()["costs"] == charged / 1000 > 0
    assert {"cpu", "memory", "duration"} <= set(job.describe()["usage"])
    listed = {one["id"]: one for one in connection.list_jobs()}
    assert listed[job.job_id]["costs"] == charged / 1000


def test_the_account_shows_the_wallet_and_a_link_to_the_usage_that_needs_no_login(
    connection: Connection, ledger: Ledger
) -> None:
    account = connection.describe_account()
    wallet = account["federation:wallet"]
    assert wallet["providers"]["terra"]["available"] == left(ledger, "terra") / 1000
    assert account["budget"] == pytest.approx(
        sum(one["available"] for one in wallet["providers"].values())
    )
    (link,) = [one for one in account["links"] if one.get("title") == "Your usage and credits"]
    page = requests.get(link["href"], headers={"Accept": "text/html"}, timeout=10)
    assert (page.status_code, "Free credits of the month" in page.text) == (200, True)
    table = requests.get(f"{link['href']}&group=kind&f=csv", timeout=10).text
    kinds = [row[0] for row in csv.reader(io.StringIO(table, newline=""))]
    assert kinds == ["kind", "batch", "synchronous"]


def test_a_provider_sees_the_usage_of_its_backend_with_its_own_token(
    federation: Federation, ledger: Ledger
) -> None:
    issuer = str(federation.layout.profile(IDENTITY).document["issuer"])
    form = {"grant_type": "client_credentials", "scope": "openid"}
    secret = federation.layout.profile(IDENTITY).document["clients"]["terra-accounting"]["secret"]
    found = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
    told = requests.post(
        found["token_endpoint"], form, auth=("terra-accounting", secret), timeout=10
    ).json()
    bearer = {"Authorization": f"Bearer {told['access_token']}"}
    path = f"{federation.url}/federation"
    usage = requests.get(f"{path}/usage?group=backend", headers=bearer, timeout=10).json()
    assert (usage["of"], [row["backend"] for row in usage["rows"]]) == ("terra", ["terra"])
    settlement = requests.get(f"{path}/settlement", headers=bearer, timeout=10).json()
    assert [one["provider"] for one in settlement["providers"]] == ["terra"]
    assert settlement["providers"][0]["charged"] == usage["total"]["credits"]
    refused = requests.get(f"{path}/usage?of=aurora", headers=bearer, timeout=10)
    assert (refused.status_code, refused.json()["code"]) == (403, "PermissionsInsufficient")


def test_when_credits_at_terra_are_used_up_the_same_graph_runs_at_aurora_and_says_why(
    connection: Connection, ledger: Ledger
) -> None:
    wait_for(lambda: is_settled(ledger))
    use_up(ledger, "terra")
    answer = result(connection)
    assert answer.headers["OpenEO-Federation-Backends"] == "aurora"
    said = answer.headers["OpenEO-Federation-Routing"]
    renewal = day_of(next_month(now()))
    assert "terra cannot run it: | - needs" in said
    assert f"you have 0 for use there (free credits there are renewed on {renewal})" in said
    wait_for(lambda: is_settled(ledger))
    assert left(ledger, "terra") == 0


def test_a_choice_of_terra_is_then_refused_with_the_day_of_renewal(
    connection: Connection, ledger: Ledger
) -> None:
    assert left(ledger, "terra") == 0
    renewal = day_of(next_month(now()))
    with pytest.raises(OpenEoApiError, match=renewal) as refused:
        result(connection, **{"federation:backend": "terra"})
    assert (refused.value.http_status_code, refused.value.code) == (402, "PaymentRequired")
    job = connection.create_job(
        scene(connection).flat_graph(), additional={"federation:backend": "terra"}
    )
    with pytest.raises(OpenEoApiError, match=renewal) as refused:
        job.start()
    assert refused.value.code == "PaymentRequired"
    assert job.status() == "created"
    elsewhere = connection.create_job(scene(connection).flat_graph())
    assert elsewhere.job_id.startswith("aurora-")


def test_the_books_are_in_order_after_all_that(ledger: Ledger) -> None:
    wait_for(lambda: is_settled(ledger))
    assert verify(ledger.database) == []
    assert balances(ledger.database) == rebuild(ledger.database)


def use_up(ledger: Ledger, provider: str) -> None:
    """A report of the provider that costs all that the user has there."""
    document = {
        "jobId": DEAR,
        "executionId": DEAR,
        "idempotencyKey": DEAR,
        "userId": USER,
        "sourceId": provider,
        "jobStart": now(),
        "metrics": {"processing": {"value": left(ledger, provider) / 1000, "unit": "credits"}},
    }
    ledger.report(read_resources(document), f"{provider}-accounting", now())
