"""Who looks at usage and credits in tests, what there is to see, and how they get at it."""

from __future__ import annotations

from typing import Any

from aggregator.identity.claims import Claims
from aggregator.usecases.accounts import Access
from tests.unit.ledger.documents import MARCH
from tests.web.paying import books, ledger, now, report
from tests.web.site import Site


def access(user: str = "alice", **claims: Any) -> Access:
    """Somebody with a verified token."""
    said = Claims("https://issuer.test", user, expires=2e9, **claims)
    return Access(user, {}, claims=said)


OPERATOR = access("olga", entitlements=("urn:federation:operators",))
REPORTER = access("service-terra", client="terra-accounting")


def used(site: Site) -> None:
    """Alice used 3 credits at terra and 1 at aurora, Bob 2 at terra."""
    for user in ("alice", "bob"):
        ledger(site).welcome(user, ["general"], now(site))
    report(site, "j-1", 3)
    report(site, "j-2", 1, "aurora", jobStart=MARCH)
    report(site, "j-3", 2, userId="bob")


def link_of(site: Site, who: Access, title: str) -> str:
    """The address that somebody was given, below the host."""
    (found,) = [link for link in books(site).usage.links(who) if link["title"] == title]
    assert found["href"].startswith("http://federation.test/federation/usage?")
    return found["href"].removeprefix("http://federation.test")


def mine(site: Site) -> str:
    return link_of(site, access(), "Your usage and credits")


def everything(site: Site) -> str:
    return link_of(site, OPERATOR, "Usage of all users")


def get(site: Site, path: str, **options: Any) -> Any:
    answer = site.client.get(path, **options)
    assert answer.status_code == 200, answer.text
    return answer


def rows(found: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in found.json["rows"]]
