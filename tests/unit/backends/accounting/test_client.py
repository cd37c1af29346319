"""One report, sent with a token of the issuer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backends.accounting.client import Client, RefusedError
from backends.accounting.configuration import Accounting
from backends.accounting.exchange import Exchange, UnreachableError
from backends.accounting.tokens import Tokens
from tests.fakes.accounting import SECRET, Office, office

REPORT = {"jobId": "j-1", "idempotencyKey": "j-1.1"}


@pytest.fixture
def desk() -> Iterator[Office]:
    with office() as made:
        yield made


def report(accounting: Accounting, document: dict[str, Any] = REPORT) -> float:
    client = Client(accounting)
    try:
        return client.report(document)
    finally:
        client.close()


def test_the_costs_of_all_items_are_added_up(desk: Office) -> None:
    desk.answer = lambda _: (201, [{"jobId": "j-1", "cost": cost} for cost in (3.0, 4.1, 2)])
    assert report(desk.accounting) == 9.1
    assert desk.reports == [REPORT]


def test_the_secret_can_stand_in_a_file(desk: Office, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    accounting = replace(desk.accounting, client_secret=None, client_secret_file=Path("secret"))
    assert report(accounting.beside(tmp_path)) == 9.0
    with pytest.raises(UnreachableError, match="secret cannot be read"):
        report(accounting.beside(tmp_path / "elsewhere"))


def test_a_token_is_fetched_once_while_it_lives(desk: Office) -> None:
    client = Client(desk.accounting)
    for _ in range(3):
        client.report(REPORT)
    client.close()
    assert desk.tokens_given == 1


@pytest.mark.parametrize(("lifetime", "lives"), [(600, 540), (None, 270), (60, 54)])
def test_a_token_is_not_used_to_the_very_end(
    desk: Office, lifetime: int | None, lives: int
) -> None:
    now = [0.0]
    desk.lifetime = lifetime
    exchange = Exchange()
    tokens = Tokens(desk.accounting, exchange, lambda: now[0])
    assert tokens.token() == "token-1"
    now[0] = lives - 1
    assert tokens.token() == "token-1"
    now[0] = lives + 1
    assert tokens.token() == "token-2"
    exchange.close()


def test_a_token_that_was_withdrawn_is_replaced(desk: Office) -> None:
    desk.withdrawn = {"token-1"}
    assert report(desk.accounting) == 9.0
    assert desk.tokens_given == 2


@pytest.mark.parametrize("status", [400, 403, 409, 413, 422])
def test_what_the_accounting_refuses_is_told_with_its_reason(desk: Office, status: int) -> None:
    desk.answer = lambda _: (status, {"code": "Some", "message": "The unit is wrong."})
    with pytest.raises(RefusedError, match=rf"HTTP {status} \(Some: The unit is wrong"):
        report(desk.accounting)


@pytest.mark.parametrize("status", [302, 408, 429, 500, 502, 503, 504])
def test_what_may_be_taken_later_is_no_refusal(desk: Office, status: int) -> None:
    desk.answer = lambda _: (status, {"code": "Busy", "message": "Later."})
    with pytest.raises(UnreachableError, match=str(status)):
        report(desk.accounting)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        [{"cost": "5"}],
        [{"cost": -5}],
        [{"cost": True}],
        [{}],
        [{"cost": 1}, 5],
        b"no JSON",
        b"[{'cost': NaN}]",
        b'[{"cost": NaN}]',
        b'[{"cost": 1e999}]',
        b"[" * 100_000,
        b" " * 1_000_000,
    ],
)
def test_an_answer_without_costs_is_no_acknowledgement(desk: Office, answer: Any) -> None:
    desk.answer = lambda _: (201, answer)
    with pytest.raises(UnreachableError):
        report(desk.accounting)


def test_an_issuer_that_does_not_answer_is_told(desk: Office) -> None:
    desk.issuer_answers = False
    with pytest.raises(UnreachableError, match="does not describe itself"):
        report(desk.accounting)
    assert desk.reports == []


def test_another_issuer_at_the_address_gets_no_secret(desk: Office) -> None:
    desk.named = "https://elsewhere.example"
    with pytest.raises(UnreachableError, match="there is another issuer"):
        report(desk.accounting)
    assert desk.tokens_given == 0


def test_a_wrong_secret_is_told_without_the_secret(desk: Office) -> None:
    with pytest.raises(UnreachableError, match="invalid_client") as caught:
        report(replace(desk.accounting, client_secret="wrong-secret"))
    assert "wrong-secret" not in str(caught.value)
    assert "wrong-secret" not in repr(replace(desk.accounting, client_secret="wrong-secret"))


def test_nobody_at_the_address_is_told() -> None:
    nowhere = Accounting("http://127.0.0.1:9", "terra", "http://127.0.0.1:9", "terra", SECRET)
    with pytest.raises(UnreachableError, match="cannot be reached"):
        report(nowhere)


def test_an_answer_has_an_end_even_if_it_comes_drop_by_drop(desk: Office) -> None:
    address = f"{desk.url}/.well-known/openid-configuration"
    exchange = Exchange(seconds=0.3)
    assert exchange.get(address)[0] == 200
    desk.dripping = True
    with pytest.raises(UnreachableError, match="too slow"):
        exchange.get(address)
    exchange.close()
