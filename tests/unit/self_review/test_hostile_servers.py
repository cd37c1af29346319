"""A server that misbehaves gets a report with reasons, not a traceback, and not for ever."""

from __future__ import annotations

import socket
import threading

import pytest

from scripts.self_review.findings import Cause
from scripts.self_review.probe.pace import Limits
from scripts.self_review.report import Report
from scripts.self_review.reports import FORMS
from tests.fakes.backends import Play, RawServer, says
from tests.unit.self_review.reviewing import reviewed

LIMITS = Limits(per_second=1e6, seconds=0.3, overall=30, requests=300, bytes=200_000)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def redirects(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")


def endless(peer: socket.socket) -> None:
    peer.sendall(HEAD + b"\r\n[")
    while True:
        peer.sendall(b"1," * 32768)


def hanging(over: threading.Event) -> Play:
    def play(_peer: socket.socket) -> None:
        over.wait(20)

    return play


def dripping(over: threading.Event) -> Play:
    def play(peer: socket.socket) -> None:
        peer.settimeout(0.05)
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 10_000:
            if over.is_set():
                return
            peer.sendall(bytes([byte]))
            try:
                peer.recv(1)
            except TimeoutError:
                continue

    return play


def html() -> bytes:
    page = b"<!doctype html><title>Welcome</title><p>It works!"
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (
        len(page),
        page,
    )


def review(play: Play) -> Report:
    with RawServer(play) as server:
        return reviewed({}, url=server.url, limits=LIMITS, sockets=True)


PLAYS: dict[str, Play] = {
    "garbage": says(b"\x00\xff\xfe not HTTP at all\r\n\r\n"),
    "web pages": says(html()),
    "no JSON": says(HEAD + b"Content-Length: 5\r\n\r\n{]}[{"),
    "wrong JSON": says(HEAD + b"Content-Length: 2\r\n\r\n[]"),
    "not UTF-8": says(HEAD + b"Content-Length: 4\r\n\r\n\xff\xfe{}"),
    "deep JSON": says(HEAD + b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000),
    "half a body": says(HEAD + b"Content-Length: 500\r\n\r\n{"),
    "nothing": says(),
    "redirects for ever": redirects,
    "a body without end": endless,
    "a lie about the length": says(HEAD + b"Content-Length: -5\r\n\r\n{}"),
    "a status that is none": says(b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"),
}


@pytest.mark.parametrize("name", PLAYS)
def test_a_server_that_misbehaves_gets_a_report(name: str) -> None:
    report = review(PLAYS[name])
    assert report.answer.status in {1, 2}
    assert [f.id for f in report.findings if f.outcome.cause is Cause.INTERNAL] == []
    assert all(one.outcome.says for one in report.findings)
    assert all(FORMS[form](report) for form in FORMS)


def test_a_server_that_hangs_gets_a_report() -> None:
    over = threading.Event()
    with RawServer(hanging(over)) as server:
        report = reviewed({}, url=server.url, limits=LIMITS, sockets=True)
        over.set()
    found = {one.id: one for one in report.findings}["api-30"]
    assert (found.verdict, found.outcome.cause) == ("could not tell", "unreachable")
    assert report.answer.status == 2


def test_a_server_that_drips_its_head_is_not_waited_for() -> None:
    over = threading.Event()
    with RawServer(dripping(over)) as server:
        report = reviewed({}, url=server.url, limits=LIMITS, sockets=True, only=("api-30",))
        over.set()
    (found,) = report.findings
    assert found.outcome.cause == "unreachable"
    assert "no whole answer within 0.3 seconds" in found.outcome.says


def test_who_does_not_answer_is_left_alone() -> None:
    with RawServer(says()) as server:
        report = reviewed({}, url=server.url, limits=LIMITS, sockets=True)
        asked = len(server.requests)
    assert asked < 20
    reasons = {one.outcome.says for one in report.findings if one.outcome.cause == "unreachable"}
    assert any("had no answer either" in one for one in reasons)
