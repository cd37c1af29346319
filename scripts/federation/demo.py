"""The demonstration: a federation is started, shown around in, and kept running."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

import click
import requests
from openeo.rest import OpenEoClientException

from scripts.federation.children import POLL_SECONDS, Children, Sink
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
        with explainer(layout.file) as explain, interrupted_by_an_end(children):
            Tour(layout.url, output, explain, area).take()
    except KeyboardInterrupt:
        if children.ended() is None:
            raise
    except FAILURES as failure:
        _fail(f"The tour failed: {type(failure).__name__}: {failure}")
        _fail(f"The servers' logs are in {output / 'logs'}")
        if children.ended() is None:
            return 1
    else:
        click.secho("\nThe tour is over and all went well.", fg="green")
        if once:
            return 0
        click.echo(welcome(layout))
    _fail(children.wait().obituary())
    return 1


@contextmanager
def interrupted_by_an_end(children: Children) -> Iterator[None]:
    """Within this context the end of a server is a Ctrl-C: nobody waits for its answer."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(POLL_SECONDS):
            if children.ended() is not None:
                os.kill(os.getpid(), signal.SIGINT)
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


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
