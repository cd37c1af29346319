"""The database of a federation, for commands that work beside its servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from aggregator.errors import DatabaseUnavailable, OpenEOError
from aggregator.settings import Settings, SettingsError, load
from aggregator.storage.database import Database
from scripts.federation.layout import AGGREGATOR, default_config


def settings_of(config: Path | None, data: Path | None) -> Settings:
    """The settings of a federation whose servers keep their data in `data`.

    Mistakes in the configuration become a sentence.
    """
    file = config or default_config()
    try:
        settings = load(file)
    except SettingsError as error:
        mistakes = "\n".join([f"{file} cannot be used:", *error.mistakes])
        raise click.ClickException(mistakes) from None
    return settings if data is None else replace(settings, data_directory=data / AGGREGATOR)


@contextmanager
def database_of(settings: Settings) -> Iterator[Database]:
    """The database of a federation; what it or the federation refuses becomes a sentence."""
    database = Database(settings.database_url)
    try:
        yield database
    except DatabaseUnavailable as error:
        raise click.ClickException(f"The database cannot be used: {error.reason}") from None
    except OpenEOError as error:
        raise click.ClickException(error.message) from None
    finally:
        database.dispose()
