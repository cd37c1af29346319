"""What is wrong with what providers charge is found before a federation starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from aggregator.serve import serve
from aggregator.settings import SettingsError
from scripts.federation.checking import advice_on, mistakes_in
from scripts.federation.main import main

FEDERATION = """
backends:
  terra: {url: "http://127.0.0.1:1/openeo"}
accounting: {}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "pricing").mkdir()
    (tmp_path / "federation.yaml").write_text(FEDERATION)
    return tmp_path / "federation.yaml"


def priced(config: Path, provider: str, **rates: str) -> None:
    rest = "".join(f"\n{key}: {value}" for key, value in rates.items())
    (config.parent / "pricing" / f"{provider}.yaml").write_text(f"provider: {provider}{rest}")


def test_rates_of_the_members_are_no_mistake(config: Path) -> None:
    priced(config, "terra", rates="{cpu-seconds: {credits: 1}}")
    assert mistakes_in(config) == []


def test_rates_that_cannot_be_read_are_named_with_their_file(config: Path) -> None:
    priced(config, "terra", rates="{cpu-hours: {credits: 1}}")
    (mistake,) = mistakes_in(config)
    assert mistake.startswith(f"{config}: accounting.pricing: terra.yaml: rates.cpu-hours must be")
    with pytest.raises(SettingsError, match=r"rates\.cpu-hours must be"):
        serve(config)


def test_rates_of_a_stranger_are_a_mistake(config: Path) -> None:
    priced(config, "mars")
    assert mistakes_in(config, profiles=False) == [
        f"{config}: accounting.pricing: there are rates of 'mars', which is none of the backends"
    ]


def test_a_directory_that_is_not_there_is_a_mistake(config: Path) -> None:
    (config.parent / "pricing").rmdir()
    assert mistakes_in(config) == [f"{config}: accounting.pricing: the directory does not exist"]


MEMBER = 'backends: {terra: {url: "https://terra.example"}}\n'


def test_where_users_may_come_from_several_issuers_naming_them_is_advised(tmp_path: Path) -> None:
    file = tmp_path / "federation.yaml"
    file.write_text(MEMBER)
    shown = CliRunner().invoke(main, ["check-config", str(file)])
    assert shown.exit_code == 0
    assert shown.output == (
        f"advice: {file}: identity.trusted_issuers: better name the issuers whose users may come. "
        "Where the members know several, users to whom two of them give the same `sub` have their "
        "stored processes in common (docs/decisions/0008-identity.md)\n"
        f"{file}: no mistakes\n"
    )
    file.write_text(f"{MEMBER}identity: {{trusted_issuers: ['https://id.example']}}\n")
    assert CliRunner().invoke(main, ["check-config", str(file)]).output == f"{file}: no mistakes\n"


def test_with_accounting_the_advice_tells_of_credits(config: Path) -> None:
    priced(config, "terra", rates="{cpu-seconds: {credits: 1}}")
    assert "have their stored processes and credits in common" in advice_on(config)[0]


def test_what_has_mistakes_gets_no_advice(tmp_path: Path) -> None:
    file = tmp_path / "federation.yaml"
    file.write_text(f"{MEMBER}titel: Mine\n")
    shown = CliRunner().invoke(main, ["check-config", str(file)])
    assert (shown.exit_code, "advice" in shown.output) == (2, False)
