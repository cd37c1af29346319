"""Prints the documentation of faults on purpose: `python -m scripts.faults_page`."""

from pathlib import Path

from backends.faults.page import faults_page

PAGE = Path(__file__).resolve().parents[1] / "docs" / "faults.md"

if __name__ == "__main__":
    PAGE.write_text(faults_page(), encoding="utf-8")
