"""`openeo-federation ledger …` on books in SQLite and PostgreSQL."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from sqlalchemy import text

from aggregator.ledger.events import Hold
from aggregator.ledger.reports import read_resources
from aggregator.moments import month_bounds, month_of
from aggregator.storage.ledger import Ledger, open_ledger
from aggregator.storage.reconciliation import Sighting, note
from scripts.federation.main import main
from tests.unit.ledger.documents import (
    AURORA,
    DAY,
    MARCH,
    TERRA,
    direct,
    grant,
    tariffs,
)
from tests.unit.storage.conftest import postgresql_schema

NOW = int(time.time() * 1000)


class Desk:
    """An operator's desk: the command, and the same books at hand."""

    def __init__(self, directory: Path, url: str) -> None:
        prices = directory / "pricing"
        prices.mkdir()
        for document in (TERRA, AURORA):
            (prices / f"{document['provider']}.yaml").write_text(yaml.safe_dump(document))
        members = {name: {"url": f"http://{name}.test"} for name in ("terra", "aurora")}
        self.file = directory / "federation.yaml"
        settings = {"backends": members, "database": url, "accounting": {}}
        self.file.write_text(yaml.safe_dump(settings))
        self.books: Ledger = open_ledger(url, tariffs())

    def run(self, command: str, *arguments: str, status: int = 0) -> Result:
        options = ["--config", str(self.file)]
        shown = CliRunner().invoke(main, ["ledger", command, *options, *arguments])
        assert shown.exit_code == status, shown.output + repr(shown.exception)
        return shown

    def json(self, *arguments: str, status: int = 0) -> Any:
        command, *rest = arguments
        return json.loads(self.run(command, "--json", *rest, status=status).output)

    def charge(self, key: str, credits_: float, at: int = NOW, **changes: Any) -> None:
        document = direct(key, credits_, **changes)
        source = document["sourceId"]
        self.books.report(read_resources(document), f"{source}-accounting", at)


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    if request.param == "sqlite":
        urls = iter([f"sqlite:///{tmp_path}/ledger.sqlite"])
    else:
        urls = postgresql_schema()
    for url in urls:
        made = Desk(tmp_path, url)
        yield made
        made.books.database.dispose()


def test_credits_that_are_given_can_be_spent_where_they_are_meant_for(desk: Desk) -> None:
    said = desk.run("grant", "user/alice", "12.5", "--provider", "terra", "--note", "prize").output
    assert said == "12.5 credits for user/alice, usable at terra.\n"
    desk.run("grant", "user/alice", "5")
    assert desk.json("balance", "user/alice") == [
        {"provider": "aurora", "available": 5.0, "owed": 0.0, "put_aside": 0.0},
        {"provider": "terra", "available": 17.5, "owed": 0.0, "put_aside": 0.0},
    ]
    sums = {"wallet": "user/alice", "credits": 17.5, "owed": 0.0, "put_aside": 0.0}
    assert desk.json("balance") == [sums]
    assert [(one["amount"], one["usable_at"]) for one in desk.json("grants", "user/alice")] == [
        (12.5, "terra"),
        (5.0, "everywhere"),
    ]


def test_the_same_key_gives_no_second_grant_and_another_grant_is_refused(desk: Desk) -> None:
    for _ in range(2):
        desk.run("grant", "user/alice", "5", "--key", "prize-7")
    assert desk.json("balance")[0]["credits"] == 5.0
    refused = desk.run("grant", "user/alice", "6", "--key", "prize-7", status=1)
    assert refused.output == "Error: There is another grant under the key 'prize-7'.\n"


@pytest.mark.parametrize("amount", ["0", "-1", "nan", "inf", "1e99", "0.0001", "five", ""])
def test_what_is_no_amount_is_refused(desk: Desk, amount: str) -> None:
    refused = desk.run("grant", "user/alice", "--", amount, status=2)
    assert "is no number above 0 with three decimals" in refused.output
    assert desk.json("balance") == []


@pytest.mark.parametrize("amount", ["-5", "-5.5", "-0.001", "-12"])
def test_an_amount_below_zero_is_taken_for_an_amount(desk: Desk, amount: str) -> None:
    wrong = f"Invalid value for CREDITS: '{amount}' is no number above 0"
    assert wrong in desk.run("grant", "user/alice", amount, status=2).output
    assert wrong in desk.run("refund", "terra", "k", amount, status=2).output
    assert "No such option '--x'" in desk.run("grant", "user/a", "1", "--x", status=2).output
    desk.run("grant", "user/alice", "1", "--note", "-5")
    assert desk.json("balance")[0]["credits"] == 1.0


def test_what_is_no_wallet_month_or_provider_is_refused(desk: Desk) -> None:
    assert "one is user/SUB" in desk.run("balance", "alice", status=2).output
    for wallet in ("organisation/x", "organisation/-1", "organisation/07", "organisation/"):
        assert "organisation/NUMBER" in desk.run("grant", wallet, "5", status=2).output
    assert "like 2026-03" in desk.run("close-month", "2026-13", status=2).output
    refused = desk.run("grant", "user/a", "1", "--provider", "mars", status=1)
    assert refused.output == "Error: There are no rates of 'mars'; there are: aurora, terra.\n"


def test_a_charge_is_given_back_once(desk: Desk) -> None:
    desk.run("grant", "user/alice", "10")
    desk.charge("k", 6)
    assert desk.run("refund", "terra", "k", "2").output == "2 credits back to user/alice.\n"
    assert desk.run("refund", "terra", "k").output == "4 credits back to user/alice.\n"
    refused = desk.run("refund", "terra", "k", status=1)
    assert refused.output == "Error: Of this charge 0 credits can be refunded, not 0.\n"
    assert desk.json("balance")[0]["credits"] == 10.0
    assert "Nothing was charged" in desk.run("refund", "terra", "x", status=1).output


def test_a_statement_tells_all_that_happened_in_a_month(desk: Desk) -> None:
    desk.run("grant", "user/alice", "10", "--note", "prize")
    desk.charge("k", 6)
    found = desk.json("statement", "user/alice")
    assert [(one["event"], one["change"]) for one in found] == [("grant", 10.0), ("charge", -6.0)]
    assert found[0]["reason"] == "prize"
    assert found[1]["job"] == "j-2603140910abcd"
    assert desk.json("statement", "user/alice", "--month", "2020-01") == []


def test_a_statement_leaves_out_what_moves_within_a_wallet_unless_asked(desk: Desk) -> None:
    desk.run("grant", "user/alice", "4")
    held(desk, "h", "j-1")
    desk.charge("k", 6, jobId="j-1")
    desk.run("grant", "user/alice", "3")
    short = [(one["event"], one["change"]) for one in desk.json("statement", "user/alice")]
    assert short == [("grant", 4.0), ("charge", -6.0), ("grant", 3.0)]
    every = [one["event"] for one in desk.json("statement", "user/alice", "--all")]
    assert every == ["grant", "hold", "release", "charge", "grant", "repayment"]


def test_what_has_expired_is_taken_back(desk: Desk) -> None:
    desk.books.grant(grant("old", 5, expires=MARCH + DAY))
    (taken,) = desk.json("expire")
    assert (taken["event"], taken["change"]) == ("expiry", -5.0)
    assert desk.run("expire").output == "Nothing has expired.\n"


def test_free_credits_of_the_month_come_by_command(desk: Desk) -> None:
    desk.books.welcome("alice", ["general"], MARCH - 40 * DAY)
    given = desk.json("renew")
    assert {(one["wallet"], one["usable_at"], one["amount"]) for one in given} == {
        ("user/alice", "terra", 100.0),
        ("user/alice", "aurora", 20.0),
    }
    assert desk.json("renew") == []


def test_members_of_an_organisation_share_its_wallet_until_they_leave(desk: Desk) -> None:
    desk.run("grant", "organisation/7", "10")
    said = desk.run("join", "alice", "organisation/7").output
    assert said == "alice can charge work to organisation/7.\n"
    said = desk.run("join", "alice", "organisation/7", "--default").output
    assert said == (
        "alice can charge work to organisation/7, and does so if no organisation is named.\n"
    )
    desk.charge("k", 4)
    assert desk.json("balance", "organisation/7")[1]["available"] == 6.0
    said = desk.run("leave", "alice", "organisation/7").output
    assert said == "alice can no longer charge work to organisation/7, but to user/alice.\n"
    again = desk.run("leave", "alice", "organisation/7", status=1).output
    assert again == "Error: alice cannot charge work to organisation/7 anyway.\n"
    assert desk.json("join", "alice", "organisation/8") == {
        "user": "alice",
        "wallets": ["user/alice", "organisation/8"],
        "default": "user/alice",
    }
    desk.charge("l", 4)
    assert desk.json("balance", "organisation/7")[1]["available"] == 6.0
    assert desk.json("balance", "user/alice")[1]["owed"] == 4.0


def test_books_in_order_are_verified_and_rebuilt(desk: Desk) -> None:
    desk.run("grant", "user/alice", "10")
    desk.charge("k", 6)
    assert desk.run("verify").output == "The books are in order.\n"
    assert desk.json("verify") == {"mistakes": []}
    rebuilt = {row["account"]: (row["rebuilt"], row["stated"]) for row in desk.json("rebuild")}
    assert rebuilt["revenue:terra"] == (6.0, 6.0)
    assert rebuilt["issued"] == (-10.0, -10.0)


def test_books_that_somebody_has_changed_are_not_in_order(desk: Desk) -> None:
    desk.run("grant", "user/alice", "10", "--key", "g")
    with desk.books.database.write() as connection:
        if desk.books.database.sqlite:
            connection.execute(text("DROP TRIGGER posting_update"))
        else:
            connection.execute(text("DROP TRIGGER posting_append_only ON posting"))
        connection.execute(
            text("UPDATE posting SET amount = 99000, balance = 99000 WHERE account = 'grant:g'")
        )
        if not desk.books.database.sqlite:
            connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    told = desk.run("verify", status=1).output
    assert "grant/g" in told
    assert "all balances together are 89000, not 0" in told


def test_a_balance_that_the_entries_do_not_give_is_shown(desk: Desk) -> None:
    desk.run("grant", "user/alice", "10", "--key", "g")
    trigger = "posting_update" if desk.books.database.sqlite else "posting_append_only ON posting"
    with desk.books.database.write() as connection:
        connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text("UPDATE posting SET balance = 1 WHERE account = 'grant:g'"))
    rebuilt = {row["account"]: row for row in desk.json("rebuild", status=1)}
    assert rebuilt["grant:g"] == {"account": "grant:g", "rebuilt": 10.0, "stated": 0.001}
    assert "the entries give" in desk.run("verify", status=1).output


def test_a_month_is_settled_once_with_every_provider(desk: Desk) -> None:
    desk.books.grant(grant("g", 4, kind="purchase"))
    desk.charge("k", 6, MARCH)
    desk.charge("l", 5, MARCH, sourceId="aurora")
    closed = {row["provider"]: row for row in desk.json("close-month", "2026-03")}
    terra = closed["terra"]
    assert (terra["charged"], terra["settled"]) == (6.0, 6.0)
    assert (terra["from_purchase"], terra["from_debt"]) == (4.0, 2.0)
    assert closed["aurora"]["settled"] == 5.0
    assert {row["provider"]: row for row in desk.json("close-month", "2026-03")} == closed
    assert {row["provider"]: row for row in desk.json("month", "--month", "2026-03")} == closed
    assert desk.json("close-month", "2026-02", "--provider", "terra")[0]["settled"] == 0.0
    this = month_of(NOW)
    assert "only after its end" in desk.run("close-month", this, status=1).output
    assert desk.run("verify").output == "The books are in order.\n"


def held(desk: Desk, key: str, job: str, opened: int = NOW) -> None:
    wanted = Hold(key, "user/alice", "terra", 1000, opened, opened + DAY, job=job, user="alice")
    desk.books.hold(wanted)


def test_holds_are_shown_and_those_left_behind_are_closed(desk: Desk) -> None:
    desk.books.grant(grant("g", 10))
    held(desk, "left", "j-1", MARCH)
    held(desk, "open", "j-2")
    assert [(one["job"], one["amount"]) for one in desk.json("holds")] == [
        ("j-1", 1.0),
        ("j-2", 1.0),
    ]
    assert [one["job"] for one in desk.json("reconcile")] == ["j-1"]
    assert [one["job"] for one in desk.json("holds")] == ["j-2"]


def test_jobs_without_a_report_and_those_whose_costs_differ_are_unreconciled(desk: Desk) -> None:
    desk.charge("k", 2, jobId="j-same")
    desk.charge("l", 3, jobId="j-other")
    for job, costs in [("j-same", 2000), ("j-other", 2500), ("j-lost", None)]:
        seen = Sighting("terra", job, "alice", "finished", costs, MARCH)
        note(desk.books.database, [seen])
    found = desk.json("unreconciled", "--month", "2026-03", status=1)
    assert {(one["job"], one["stated"], one["charged"]): one["why"] for one in found} == {
        ("j-lost", None, None): "it ended, and no usage report came",
        ("j-other", 2.5, 3.0): "its backend states other costs than were charged",
    }
    asked = ["--month", "2026-03", "--provider", "aurora"]
    assert desk.run("unreconciled", *asked).output == "Every job has its report.\n"


def test_a_report_that_names_another_user_is_unreconciled_with_both_users(desk: Desk) -> None:
    desk.books.grant(grant("g", 10))
    held(desk, "h", "j-1")
    desk.charge("k", 2, jobId="j-1", userId="mallory")
    (found,) = desk.json("unreconciled", status=1)
    assert (found["user"], found["named"], found["report"], found["charged"]) == (
        "alice",
        "mallory",
        "k",
        2.0,
    )
    assert found["why"] == "its report names another user; who started it was charged"
    exported = json.loads(desk.run("export", "reports", "--json").output)
    assert (exported["person"], exported["named"]) == ("alice", "mallory")


def test_everything_can_be_exported(desk: Desk, tmp_path: Path) -> None:
    desk.run("grant", "user/alice", "10", "--note", "=HYPERLINK(1)")
    desk.charge("k", 6, MARCH, jobName="+1")
    output = tmp_path / "reports.csv"
    desk.run("export", "reports", "--output", str(output))
    (report,) = csv.DictReader(io.StringIO(output.read_text()))
    assert (report["key"], report["charged"], report["credits"]) == ("k", "6.0", "6")
    assert report["title"] == "'+1"
    lines = desk.run("export", "entries", "--json").output.splitlines()
    entries = [json.loads(line) for line in lines]
    assert sum(one["millicredits"] for one in entries) == 0
    assert {one["event"] for one in entries} >= {"grant", "charge"}
    reasons = {
        row["reason"] for row in csv.DictReader(io.StringIO(desk.run("export", "entries").output))
    }
    assert "'=HYPERLINK(1)" in reasons
    assert desk.run("export", "reports", "--month", "2020-01").output == ""
    assert month_bounds("2026-03")[0] < MARCH


def test_books_that_are_not_there_are_not_made_by_looking(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/elsewhere.sqlite"
    (tmp_path / "a").mkdir()
    desk = Desk(tmp_path / "a", f"sqlite:///{tmp_path}/here.sqlite")
    desk.file.write_text(desk.file.read_text().replace("here.sqlite", "elsewhere.sqlite"))
    for command in (["verify"], ["balance"], ["close-month", "2026-03"]):
        assert "There is no ledger yet at" in desk.run(*command, status=1).output
    assert not Path(url.removeprefix("sqlite:///")).exists()
    desk.books.database.dispose()


def test_a_federation_that_counts_nothing_has_no_books(tmp_path: Path) -> None:
    file = tmp_path / "federation.yaml"
    file.write_text("backends:\n  terra: {url: 'http://terra.test'}\n")
    shown = CliRunner().invoke(main, ["ledger", "verify", "--config", str(file)])
    assert shown.exit_code == 1
    assert "has no section 'accounting'" in shown.output
