"""Prints the documentation of settings: `python -m scripts.settings_page`."""

from pathlib import Path

from aggregator.settings import as_markdown

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

if __name__ == "__main__":
    PAGE.write_text(as_markdown(), encoding="utf-8")
