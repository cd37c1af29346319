"""Waiting until servers answer, never longer than a deadline."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import requests

from scripts.federation.children import Children, wait_until
from scripts.federation.servers import Server

ANSWER_SECONDS = 2.0


class NotReady(Exception):  # noqa: N818 - a state, not a programming error
    """Servers that did not come up; the message says which and what they said last."""


def wait_for(children: Children, servers: Collection[Server], *, seconds: float) -> None:
    """Returns when all of the servers answer; NotReady when one ends or the time is over."""
    waiting = {server.name: server for server in servers}

    def nobody_waits() -> bool:
        for server in [s for s in waiting.values() if answers(s)]:
            del waiting[server.name]
        return not waiting

    _wait(
        children,
        nobody_waits,
        seconds,
        lambda: f"{', '.join(waiting)} did not answer.{children.last_words(waiting)}",
    )


def wait_for_members(
    children: Children, aggregator: Server, names: Collection[str], *, seconds: float
) -> None:
    """Returns when the aggregator sees each of the backends online; NotReady otherwise."""
    missing: set[str] = set(names)

    def all_online() -> bool:
        members = federation(aggregator)
        missing.intersection_update(n for n in names if not _online(members.get(n)))
        return not missing

    _wait(
        children, all_online, seconds, lambda: f"the aggregator does not see {', '.join(missing)}."
    )


def answers(server: Server) -> bool:
    """Whether the server tells what it is."""
    return _get(server.address.url + server.sign) is not None


def federation(aggregator: Server) -> Mapping[str, Any]:
    """The members of the federation as the aggregator lists them; empty if it does not answer."""
    versions = (_get(f"{aggregator.address.url}/.well-known/openeo") or {}).get("versions") or []
    paths = [str(version.get("url", "")) for version in versions]
    capabilities = _get(_reachable(paths[-1], aggregator)) if paths else None
    members = (capabilities or {}).get("federation")
    return members if isinstance(members, dict) else {}


def _reachable(url: str, server: Server) -> str:
    """The advertised URL at the address where this machine reaches the server."""
    path = "/" + url.split("://", 1)[-1].partition("/")[2]
    return server.address.url + path


def _online(member: object) -> bool:
    return isinstance(member, dict) and member.get("status", "online") == "online"


def _get(url: str) -> dict[str, Any] | None:
    with requests.Session() as session:
        session.trust_env = False  # no proxy stands between a machine and itself
        try:
            response = session.get(url, timeout=ANSWER_SECONDS)
            document = response.json() if response.ok else None
        except (requests.RequestException, ValueError):
            return None
    return document if isinstance(document, dict) else None


def _wait(
    children: Children, condition: Callable[[], bool], seconds: float, complaint: Callable[[], str]
) -> None:
    came_true = wait_until(lambda: children.ended() is not None or condition(), seconds=seconds)
    if (child := children.ended()) is not None:
        raise NotReady(child.obituary())
    if not came_true:
        raise NotReady(f"After {seconds:.0f} seconds {complaint()}")
