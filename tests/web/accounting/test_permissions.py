"""What reporters, users and members are told of who may report, execute and spend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aggregator.ledger.events import Hold
from tests.unit.ledger.documents import MARCH, direct
from tests.web.accounting.site import (
    ALICE,
    AURORAS,
    PERMISSIONS,
    TERRAS,
    VALIDATE,
    accounting,
    bearer,
    books,
    get,
    post,
)
from tests.web.site import Site, assert_error


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
