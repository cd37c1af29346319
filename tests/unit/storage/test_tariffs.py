"""Tariffs are read from files; every mistake is named with its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.ledger.pricing import TariffError
from aggregator.storage.tariffs import load_tariffs

CONFIGURED = Path(__file__).resolve().parents[3] / "config" / "pricing"


def test_the_tariffs_that_come_with_the_federation_can_be_used() -> None:
    tariffs = load_tariffs(CONFIGURED)
    assert list(tariffs.by_provider) == ["aurora", "boreal", "terra"]
    estimates = {name: one.estimate("batch") for name, one in tariffs.by_provider.items()}
    assert estimates == {"terra": 7250, "aurora": 6300, "boreal": 3000}


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("provider: [terra]")
    (tmp_path / "b.yaml").write_text("{")
    (tmp_path / "c.yaml").write_text("provider: aurora\nrate: {}")
    with pytest.raises(TariffError) as error:
        load_tariffs(tmp_path)
    said = str(error.value)
    assert "a.yaml: provider must be text" in said
    assert "b.yaml: cannot be read as YAML" in said
    assert "c.yaml: rate is not a setting" in said


def test_a_directory_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(TariffError, match="does not exist"):
        load_tariffs(tmp_path / "pricing")
