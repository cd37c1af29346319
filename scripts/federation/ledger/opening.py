"""Opens the ledger of a configuration, as the aggregator does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import make_url

from aggregator.ledger.pricing import TariffError, Tariffs
from aggregator.settings import Accounting
from aggregator.storage.ledger import Ledger
from aggregator.storage.tariffs import load_tariffs
from scripts.federation.layout import default_config
from scripts.federation.stored import database_of, settings_of


@contextmanager
def opened(config: Path | None, data: Path | None, *, new: bool = False) -> Iterator[Ledger]:
    """The ledger of a federation whose servers keep their data in `data`; made if `new`.

    What the configuration, the database or the ledger refuses becomes a sentence.
    """
    settings = settings_of(config, data)
    if settings.accounting is None:
        file = config or default_config()
        raise click.ClickException(f"{file} has no section 'accounting': nothing is counted.")
    _must_exist(settings.database_url, new=new)
    tariffs = _tariffs(settings.accounting)
    with database_of(settings) as database:
        database.create()
        yield Ledger(database, tariffs)


def _tariffs(accounting: Accounting) -> Tariffs:
    try:
        return load_tariffs(accounting.pricing)
    except TariffError as error:
        raise click.ClickException(str(error)) from None


def _must_exist(url: str, *, new: bool) -> None:
    address = make_url(url)
    if new or address.get_backend_name() != "sqlite" or Path(address.database or "").is_file():
        return
    raise click.ClickException(
        f"There is no ledger yet at {address.database}; the aggregator makes it when it starts. "
        "Is this its configuration, and its --data?"
    )
