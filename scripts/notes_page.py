"""Prints the documentation of the notes on merging: `python -m scripts.notes_page`."""

from pathlib import Path

from aggregator.merging.note_codes import notes_page

PAGE = Path(__file__).resolve().parents[1] / "docs" / "notes.md"

if __name__ == "__main__":
    PAGE.write_text(notes_page(), encoding="utf-8")
