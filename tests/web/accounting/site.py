"""A federation of terra and aurora that counts usage, and who speaks to its accounting."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from werkzeug.test import TestResponse

from aggregator.storage.verification import balances, rebuild, verify
from aggregator.usecases.bookkeeping import Bookkeeping
from tests.fakes.clock import Clock
from tests.fakes.issuers import Issuer
from tests.unit.ledger.documents import AURORA, MARCH, TERRA
from tests.web.site import Site
from tests.web.test_tokens import member, provider

RESOURCES = "/federation/accounting/resources"
ADDED_VALUE = "/federation/accounting/addedvalue"
PERMISSIONS = "/federation/accounting/user/permissions"
VALIDATE = "/federation/accounting/validate/auth"
ISSUER = Issuer()
SECONDS = MARCH // 1000


def bearer(name: str, client: str, **said: Any) -> dict[str, str]:
    """The header of a token that the issuer signed for that user or service account."""
    hour = {"iat": SECONDS, "exp": SECONDS + 3600}
    return {"Authorization": f"Bearer {ISSUER.token(sub=name, azp=client, **(hour | said))}"}


TERRAS = bearer("terra-accounting", "terra-accounting")
AURORAS = bearer("aurora-accounting", "aurora-accounting")
ALICE = bearer("alice", "web-editor")


def accounting(directory: Path, *, terra: Mapping[str, Any] | None = None, **settings: Any) -> Site:
    """A federation of terra and aurora that counts usage, in March 2026; `terra` are its rates."""
    prices = directory / "pricing"
    prices.mkdir()
    for document in (TERRA | dict(terra or {}), AURORA):
        (prices / f"{document['provider']}.yaml").write_text(yaml.safe_dump(document))
    names = ("terra", "aurora")
    return Site(
        {name: member(name, provider("id", ISSUER.url)) for name in names},
        directory,
        clock=Clock(SECONDS),
        issuer=ISSUER,
        accounting={"pricing": str(prices)},
        **settings,
    )


def books(site: Site) -> Bookkeeping:
    found = site.federation.bookkeeping
    assert found is not None
    return found


def get(site: Site, path: str, headers: dict[str, str] | None = None) -> Any:
    """The document there."""
    answer = site.client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json


def post(
    site: Site, document: Any, headers: dict[str, str] = TERRAS, path: str = RESOURCES
) -> TestResponse:
    return site.client.post(path, json=document, headers=headers)


def charged(site: Site) -> int:
    """Millicredits that terra has earned; the books must be in order."""
    database = site.federation.database
    assert verify(database) == []
    found = balances(database)
    assert found == rebuild(database)
    return found.get("revenue:terra", 0)
