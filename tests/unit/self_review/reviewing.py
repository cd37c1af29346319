"""Reviews of scripted backends: a dict of literal answers stands for the server."""

from __future__ import annotations

from typing import Any

from requests.adapters import BaseAdapter

from scripts.self_review.account import Account
from scripts.self_review.backend import Options
from scripts.self_review.catalogue import load
from scripts.self_review.probe.pace import Limits
from scripts.self_review.report import Report
from scripts.self_review.review import Review
from scripts.self_review.runner import Answers
from scripts.self_review.selection import select
from tests.fakes.backends import FakeBackend
from tests.fakes.transports import WsgiAdapter

HOST = "http://backend.test"
ROOT = f"{HOST}/openeo/1.3"
QUICK = Limits(per_second=1e6, seconds=5, overall=60, requests=10_000)


def reviewed(
    answers: dict[str, Any],
    *,
    only: tuple[str, ...] = (),
    transport: BaseAdapter | None = None,
    options: Options | None = None,
    said: Answers | None = None,
    account: Account | None = None,
    limits: Limits = QUICK,
    url: str = ROOT,
    sockets: bool = False,
) -> Report:
    """The report on a backend that answers this, below /openeo/1.3; or on a server at `url`."""
    adapter = transport or WsgiAdapter({HOST: FakeBackend(answers, "/openeo/1.3")})
    return Review(
        url=url,
        catalogue=load(),
        wanted=select(load(), only=only),
        limits=limits,
        options=options or Options(),
        answers=said or Answers(),
        account=account,
        transport=None if sockets else adapter,
    ).run()


def verdict(answers: dict[str, Any], requirement: str, **options: Any) -> tuple[str, str]:
    """The verdict on one requirement, and what is said of it."""
    report = reviewed(answers, only=(requirement,), **options)
    (finding,) = report.findings
    return finding.verdict.value, finding.outcome.says
