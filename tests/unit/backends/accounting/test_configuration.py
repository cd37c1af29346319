"""The section `accounting` of a profile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends.accounting.configuration import read_accounting
from backends.configuration import Reader

SECTION = {
    "url": "http://127.0.0.1:8080/federation/accounting/",
    "issuer": "http://127.0.0.1:8090",
    "client_id": "terra-accounting",
    "client_secret": "hush",
}


def mistakes(section: object) -> list[str]:
    reader = Reader([])
    read_accounting(reader, section, "terra")
    return [str(mistake) for mistake in reader.mistakes]


def test_a_backend_reports_under_its_own_id_unless_another_source_is_named() -> None:
    found = read_accounting(Reader([]), SECTION, "terra")
    assert found is not None
    assert (found.url, found.source) == ("http://127.0.0.1:8080/federation/accounting", "terra")
    other = read_accounting(Reader([]), {**SECTION, "source": "TerraScope/MEP"}, "terra")
    assert other is not None
    assert other.source == "TerraScope/MEP"


def test_a_backend_without_the_section_reports_nowhere() -> None:
    assert read_accounting(Reader([]), None, "terra") is None
    assert mistakes(None) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"url": "ftp://x"}, "accounting.url: 'ftp://x' is not possible"),
        ({"issuer": None}, "accounting.issuer: is missing"),
        ({"client_id": ""}, "accounting.client_id: must be a non-empty text"),
        ({"client_secret_file": "secret"}, "accounting.client_secret: must be given in one"),
        ({"client": "x"}, "accounting.client: is not known"),
    ],
)
def test_every_mistake_is_named_with_its_key(changes: dict[str, Any], told: str) -> None:
    (mistake,) = mistakes({**SECTION, **changes})
    assert mistake.startswith(told)


def test_a_section_without_a_secret_is_a_mistake_and_shows_none() -> None:
    (mistake,) = mistakes({key: SECTION[key] for key in SECTION if key != "client_secret"})
    assert "client_secret: TEXT or client_secret_file: PATH" in mistake
    assert "hush" not in repr(read_accounting(Reader([]), SECTION, "terra"))


def test_the_file_of_the_secret_is_found_beside_the_profile(tmp_path: Path) -> None:
    section = {**SECTION, "client_secret_file": "secret"}
    del section["client_secret"]
    found = read_accounting(Reader([]), section, "terra")
    assert found is not None
    (tmp_path / "secret").write_text("hush\n")
    assert found.beside(tmp_path).secret() == "hush"
