"""Opens the ledger of a configuration, as the aggregator does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from sqlalchemy import make_url

from aggregator.errors import DatabaseUnavailable, OpenEOError
from aggregator.ledger.pricing import TariffError, Tariffs
from aggregator.settings import Settings, SettingsError, load
from aggregator.storage.database import Database
from aggregator.storage.ledger import Ledger
from aggregator.storage.tariffs import load_tariffs
from scripts.federation.layout import AGGREGATOR, default_config


@contextmanager
def opened(config: Path | None, data: Path | None, *, new: bool = False) -> Iterator[Ledger]:
    """The ledger of a federation whose servers keep their data in `data`; made if `new`.

    What the configuration, the database or the ledger refuses becomes a sentence.
    """
    settings = _settings(config or default_config(), data)
    _must_exist(settings.database_url, new=new)
    ledger = Ledger(Database(settings.database_url), _tariffs(settings))
    try:
        ledger.database.create()
        yield ledger
    except DatabaseUnavailable as error:
        raise click.ClickException(f"The database cannot be used: {error.reason}") from None
    except OpenEOError as error:
        raise click.ClickException(error.message) from None
    finally:
        ledger.database.dispose()


def _settings(file: Path, data: Path | None) -> Settings:
    try:
        settings = load(file)
    except SettingsError as error:
        raise click.ClickException(
            "\n".join([f"{file} cannot be used:", *error.mistakes])
        ) from None
    if settings.accounting is None:
        raise click.ClickException(f"{file} has no section 'accounting': nothing is counted.")
    return settings if data is None else replace(settings, data_directory=data / AGGREGATOR)


def _tariffs(settings: Settings) -> Tariffs:
    try:
        return (
            Tariffs() if settings.accounting is None else load_tariffs(settings.accounting.pricing)
        )
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
