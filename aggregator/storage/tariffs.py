"""Reads the tariffs of `config/pricing/*.yaml`, one file per provider."""

from __future__ import annotations

from pathlib import Path

import yaml

from aggregator.ledger.pricing import Tariff, TariffError, Tariffs, gather, read_tariff


def load_tariffs(directory: Path) -> Tariffs:
    """All tariffs of a directory. Raises TariffError with every mistake of every file."""
    tariffs: list[Tariff] = []
    mistakes: list[str] = []
    for path in sorted(directory.glob("*.yaml")):
        try:
            tariffs.append(read_tariff(yaml.safe_load(path.read_text(encoding="utf-8"))))
        except TariffError as error:
            mistakes += [f"{path.name}: {mistake}" for mistake in error.mistakes]
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mistakes.append(f"{path.name}: cannot be read as YAML: {error}")
    if not directory.is_dir():
        mistakes.append("the directory does not exist")
    if mistakes:
        raise TariffError(mistakes, str(directory))
    return gather(tariffs)
