"""The page about faults is current."""

from pathlib import Path

import yaml

from backends.faults.page import faults_page
from backends.faults.reading import read_faults
from backends.faults.rules import RULES

PAGE = Path(__file__).resolve().parents[4] / "docs" / "faults.md"


def test_the_page_is_what_the_catalogue_prints() -> None:
    printed = PAGE.read_text(encoding="utf-8")
    assert printed == faults_page(), "print it anew with: python -m scripts.faults_page"


def test_the_page_names_every_rule() -> None:
    assert all(f"`{name}" in faults_page() for name in RULES)


def test_the_example_on_the_page_can_be_read() -> None:

    example = faults_page().partition("```yaml\n")[2].partition("```")[0]
    assert len(read_faults(yaml.safe_load(example)["faults"]).listed) == 6
