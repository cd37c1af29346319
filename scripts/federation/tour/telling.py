"""How the tour looks on a terminal: headings, facts, tables and a job's progress."""

import shutil
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Never

import click
from tqdm import tqdm

LABEL_WIDTH = 12
BAR_WIDTH = 90
FOLDING: dict[str, Any] = {
    "replace_whitespace": False,
    "break_long_words": False,
    "break_on_hyphens": False,
}


def heading(number: int, text: str) -> None:
    click.echo()
    click.secho(f"{number}. {text}", bold=True, fg="cyan")


def fact(label: str, value: object) -> None:
    """A labelled value; further lines stand below the first one, and long ones are folded."""
    width = max(shutil.get_terminal_size((120, 24)).columns - LABEL_WIDTH - 4, 40)
    folded = (textwrap.wrap(line, width, **FOLDING) or [""] for line in str(value).splitlines())
    lines = [part for parts in folded for part in parts] or [""]
    click.echo(f"   {click.style(f'{label:<{LABEL_WIDTH}}', dim=True)} {lines[0]}")
    for line in lines[1:]:
        click.echo(" " * (LABEL_WIDTH + 4) + line)


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for line in table_lines(titles, rows):
        click.echo("   " + line)


def table_lines(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Titles, a rule and the rows, in columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        return "  ".join(padded).rstrip()

    return [line(titles), "  ".join("─" * width for width in widths), *map(line, rows)]


class Progress:
    """A job's progress: a bar on a terminal, otherwise a line for each change of status."""

    def __init__(self, bar: "tqdm[Never]") -> None:
        self._bar = bar
        self._status = ""

    def show(self, status: str, percent: float) -> None:
        if self._bar.disable and status != self._status:
            fact("status", status)
        self._status = status
        self._bar.set_description_str(f"   {status:<{LABEL_WIDTH}}")
        self._bar.update(percent - self._bar.n)


@contextmanager
def progress() -> Iterator[Progress]:
    layout = "{desc} {bar:40} {n:3.0f} % after {elapsed}"
    bar: tqdm[Never] = tqdm(total=100, bar_format=layout, ncols=BAR_WIDTH, nrows=2, disable=None)
    with bar:
        yield Progress(bar)
