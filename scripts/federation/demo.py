"""The demonstration: a federation is started, shown around in, and kept running."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

import click
import requests
from openeo.rest import OpenEoClientException

from scripts.federation.children import Children, Sink
from scripts.federation.explaining import explainer
from scripts.federation.layout import Layout
from scripts.federation.readiness import NotReady
from scripts.federation.tour.asks import Area
from scripts.federation.tour.guide import Tour, TourError
from scripts.federation.up import PortsTaken, federation, welcome

FAILURES = (TourError, OpenEoClientException, requests.RequestException, OSError)


def demo(layout: Layout, output: Path, *, area: Area, once: bool, seconds: float) -> int:
    """Takes the tour, then serves until Ctrl-C unless `once`. Exit status 0 if all went well."""
    output.mkdir(parents=True, exist_ok=True)
    try:
        with logged(output / "logs") as sink, federation(layout, sink, seconds=seconds) as them:
            return _show(layout, them, output, area, once=once)
    except (PortsTaken, NotReady) as problem:
        _fail(str(problem))
        return 1
    except KeyboardInterrupt:
        click.echo("\nStopped.")
        return 0


def _show(layout: Layout, children: Children, output: Path, area: Area, *, once: bool) -> int:
    click.echo(f"{welcome(layout)}\nWhat the servers say is written to {output / 'logs'}")
    try:
        with explainer(layout.file) as explain:
            Tour(layout.url, output, explain, area).take()
    except FAILURES as failure:
        ended = children.ended()
        _fail(f"The tour failed: {type(failure).__name__}: {failure}")
        _fail(ended.obituary() if ended else f"The servers' logs are in {output / 'logs'}")
        return 1
    click.secho("\nThe tour is over and all went well.", fg="green")
    if once:
        return 0
    click.echo(welcome(layout))
    _fail(children.wait().obituary())
    return 1


def _fail(message: str) -> None:
    click.secho(message, fg="red", err=True)


@contextmanager
def logged(directory: Path) -> Iterator[Sink]:
    """Writes what each server says to a file of its own, anew each time."""
    with ExitStack() as stack:
        opened: dict[str, TextIO] = {}

        def write(name: str, line: str) -> None:
            if name not in opened:
                directory.mkdir(parents=True, exist_ok=True)
                file = (directory / f"{name}.log").open("w", encoding="utf-8", buffering=1)
                opened[name] = stack.enter_context(file)
            opened[name].write(line + "\n")

        yield write
