"""Between the rows of the database and the values of the domain."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row

from aggregator.ledger.events import Hold
from aggregator.ledger.grants import Grant
from aggregator.ledger.pricing import Item
from aggregator.ledger.receipts import Receipt
from aggregator.ledger.reports import UsageReport
from aggregator.moments import day_of

Values = dict[str, Any]


def grant_values(grant: Grant) -> Values:
    """The row of a grant."""
    return {
        "key": grant.key,
        "account": grant.account,
        "wallet": grant.wallet,
        "provider": grant.provider,
        "kind": grant.kind,
        "amount": grant.amount,
        "created": grant.created,
        "expires": grant.expires,
        "note": grant.note,
    }


def grant_of(row: Row[Any]) -> Grant:
    """The grant of a row."""
    return Grant(
        key=row.key,
        wallet=row.wallet,
        amount=row.amount,
        created=row.created,
        provider=row.provider,
        expires=row.expires,
        kind=row.kind,
        note=row.note,
    )


def hold_values(hold: Hold) -> Values:
    """The row of a hold."""
    return {
        "key": hold.key,
        "wallet": hold.wallet,
        "provider": hold.provider,
        "amount": hold.amount,
        "opened": hold.opened,
        "expires": hold.expires,
        "job": hold.job,
        "holder": hold.user,
        "budget": hold.budget,
        "activity": hold.activity,
    }


def hold_of(row: Row[Any]) -> Hold:
    """The hold of a row."""
    return Hold(
        key=row.key,
        wallet=row.wallet,
        provider=row.provider,
        amount=row.amount,
        opened=row.opened,
        expires=row.expires,
        job=row.job,
        user=row.holder,
        budget=row.budget,
        activity=row.activity,
    )


def report_values(
    report: UsageReport, receipt: Receipt, person: str, reporter: str, received: int
) -> Values:
    """The row of a usage report and its receipt; `person` is the user whose usage it is."""
    return {
        "provider": receipt.provider,
        "key": report.key,
        "fingerprint": report.fingerprint,
        "source": report.source,
        "reporter": reporter,
        "activity": report.activity,
        "person": person,
        "organisation": report.organisation,
        "wallet": receipt.wallet,
        "job": report.job,
        "title": report.title,
        "execution": report.execution,
        "service": report.service,
        "started": report.started,
        "finished": report.finished,
        "state": report.state,
        "status": report.status,
        "metrics": json.dumps(report.metrics),
        "items": json.dumps([[item.label, item.cost] for item in receipt.items]),
        "tariff_cost": receipt.tariff_cost,
        "charged": receipt.charged,
        "uncovered": receipt.uncovered,
        "remarks": " ".join(receipt.remarks),
        "received": received,
        "day": day_of(received),
    }


def receipt_of(row: Row[Any], *, repeated: bool) -> Receipt:
    """The receipt that was given for a recorded report."""
    return Receipt(
        provider=row.provider,
        key=row.key,
        job=row.job,
        wallet=row.wallet,
        items=tuple(Item(label, cost) for label, cost in json.loads(row.items)),
        tariff_cost=row.tariff_cost,
        uncovered=row.uncovered,
        remarks=tuple(row.remarks.split()),
        repeated=repeated,
    )
