"""The program's log holds no credentials, whichever library writes a line."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from gunicorn.config import Config

from aggregator.web.access_log import AFTERWARDS
from aggregator.web.logs import FORMAT, Discreet, ServerLog
from tests.fakes.issuers import Issuer
from tests.web.site import Site, backend

TOKEN = Issuer().token()


def logged(**record: object) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Discreet(FORMAT))
    handler.handle(logging.makeLogRecord({"levelname": "INFO", "name": "lib", **record}))
    return stream.getvalue()


def test_what_a_library_logs_of_a_request_has_its_token_removed() -> None:
    line = logged(msg="%s", args=(f"GET /logs?token=abc&sub=alice@users.example {TOKEN}",))
    assert line == "INFO lib: GET /logs?token=[removed]&sub=[removed] [removed]\n"


def test_a_traceback_has_its_token_removed() -> None:
    try:
        raise ValueError(f"Invalid header value b'Bearer {TOKEN}'")
    except ValueError as error:
        told = logged(msg="a request failed", exc_info=(type(error), error, error.__traceback__))
    assert "ValueError: Invalid header value b'Bearer [removed]'" in told
    assert TOKEN not in told


def test_the_servers_own_log_is_written_likewise() -> None:
    configuration = Config()
    log = ServerLog(configuration)
    formatters = [handler.formatter for handler in log.error_log.handlers]
    assert formatters and all(isinstance(found, Discreet) for found in formatters)


def test_a_request_is_logged_when_its_answer_is_sent_where_the_server_can_tell(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site({"terra": backend("terra")}, tmp_path)
    afterwards: list[Callable[[], None]] = []
    headers = {"Authorization": "Bearer opaque-secret"}  # which looks like any other word
    with caplog.at_level(logging.INFO, "aggregator.access"):
        site.get("/jobs/opaque-secret", headers=headers, environ_overrides={AFTERWARDS: afterwards})
        assert caplog.messages == []
        for call in afterwards:
            call()
        site.get("/conformance")
    first, second = caplog.messages
    assert "GET /jobs/[removed] 40" in first
    assert "GET /conformance 200" in second
