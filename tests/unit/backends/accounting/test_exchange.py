"""What becomes of an exchange with the accounting service whatever goes wrong, without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses

from backends.accounting.exchange import BYTES, Exchange, UnreachableError

ADDRESS = "https://accounting.test/usage"
USAGE = {"jobId": "j-1", "metrics": {"time": {"value": 900000, "unit": "milliseconds"}}}


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    opened = Exchange()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "fault",
    [
        requests.ConnectionError("refused: Authorization: Bearer s3cret"),
        requests.exceptions.SSLError("certificate of another host"),
        requests.ReadTimeout("nothing for 10 seconds"),
        requests.exceptions.ChunkedEncodingError("half a body"),
    ],
)
@responses.activate
def test_whatever_fails_below_is_said_without_what_was_sent(
    exchange: Exchange, fault: Exception
) -> None:
    responses.post(ADDRESS, body=fault)
    with pytest.raises(UnreachableError) as caught:
        exchange.post(ADDRESS, document=USAGE, token="s3cret")
    assert str(caught.value) == f"{ADDRESS} cannot be reached: {type(fault).__name__}"


@responses.activate
def test_a_redirect_is_an_answer_and_takes_no_token_elsewhere(exchange: Exchange) -> None:
    responses.post(ADDRESS, status=307, headers={"Location": "https://other.test/usage"})
    elsewhere = responses.post("https://other.test/usage", json={})
    assert exchange.post(ADDRESS, document=USAGE, token="s3cret") == (307, None)
    assert elsewhere.call_count == 0


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b'{"accepted": 1}', {"accepted": 1}),
        (b"<html>Bad gateway</html>", None),
        (b"", None),
        (b"[" * 100_000, None),
    ],
)
@responses.activate
def test_a_body_that_is_no_json_is_none(exchange: Exchange, body: bytes, document: Any) -> None:
    responses.get(ADDRESS, body=body, status=502)
    assert exchange.get(ADDRESS) == (502, document)


@responses.activate
def test_no_more_is_read_than_an_answer_may_have(exchange: Exchange) -> None:
    responses.get(ADDRESS, body=b" " * (BYTES + 1))
    with pytest.raises(UnreachableError, match=r"^the answer is too long$"):
        exchange.get(ADDRESS)
    responses.replace(responses.GET, ADDRESS, body=b"1" + b" " * (BYTES - 1))
    assert exchange.get(ADDRESS) == (200, 1)


@responses.activate
def test_a_form_is_sent_as_one_and_a_document_as_json_with_the_token(exchange: Exchange) -> None:
    form = responses.matchers.urlencoded_params_matcher({"grant_type": "client_credentials"})
    responses.post("https://login.test/token", json={"access_token": "t"}, match=[form])
    assert exchange.post("https://login.test/token", form={"grant_type": "client_credentials"}) == (
        200,
        {"access_token": "t"},
    )
    sent = responses.matchers.json_params_matcher(USAGE)
    bearer = responses.matchers.header_matcher({"Authorization": "Bearer t"})
    responses.post(ADDRESS, status=201, json={}, match=[sent, bearer])
    assert exchange.post(ADDRESS, document=USAGE, token="t") == (201, {})
