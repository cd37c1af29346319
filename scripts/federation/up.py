"""A whole federation, one program per server, from the start to the end of all of them."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

from scripts.federation.children import Children, Sink
from scripts.federation.interruption import Interruptions
from scripts.federation.layout import Layout
from scripts.federation.readiness import NotReady, wait_for, wait_for_members
from scripts.federation.servers import refusal_message, refusals

READY_SECONDS = 60.0
COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green")


class PortsTaken(Exception):  # noqa: N818 - a state, not a programming error
    """Addresses that cannot be had; the message names them and how to choose others."""


@contextmanager
def federation(layout: Layout, sink: Sink, *, seconds: float = READY_SECONDS) -> Iterator[Children]:
    """The servers of a layout, all ready; whatever happens within, they end with the context.

    Raises PortsTaken before anything is started, NotReady if a server ends or
    does not answer in time, KeyboardInterrupt at Ctrl-C, SIGTERM or SIGHUP.
    """
    if refused := refusals(layout.servers):
        raise PortsTaken(refusal_message(refused, layout.servers, moved=layout.offset))
    interruptions = Interruptions()
    with interruptions.heeded(), Children(sink, interruptions=interruptions) as children:
        start(children, layout, seconds=seconds)
        yield children


def start(children: Children, layout: Layout, *, seconds: float = READY_SECONDS) -> None:
    """Starts who says who users are, the backends, then the aggregator, which finds all there.

    The monitor comes last, so that a start is no outage.
    """
    for servers in (layout.providers, layout.backends, (layout.aggregator,)):
        for server in servers:
            children.start(server)
        wait_for(children, servers, seconds=seconds)
    wait_for_members(children, layout.aggregator, list(layout.profiles), seconds=seconds)
    children.start(layout.monitor)


def up(layout: Layout, *, seconds: float = READY_SECONDS) -> int:
    """Runs the federation until it is interrupted (0) or one of its servers ends (1)."""
    try:
        with federation(
            layout, prefixed(s.name for s in (*layout.servers, layout.monitor)), seconds=seconds
        ) as them:
            click.echo(welcome(layout))
            ended = them.wait()
            click.secho(f"{ended.obituary()}\nThe others are stopped.", fg="red", err=True)
    except (PortsTaken, NotReady) as problem:
        click.secho(str(problem), fg="red", err=True)
    except KeyboardInterrupt:
        click.echo("Stopped.")
        return 0
    return 1


def welcome(layout: Layout) -> str:
    behind = (*layout.backends, *layout.providers)
    width = max((len(server.name) for server in behind), default=0)
    lines = [f"  {server.name:<{width}}  {server.address.url}" for server in behind]
    ready = f"The federation is ready at {layout.url}"
    return "\n".join([ready, *lines, "Ctrl-C stops it."])


def prefixed(names: Iterable[str]) -> Sink:
    """Prints each line behind the aligned, coloured name of who said it."""
    known = list(names)
    width = max(map(len, known))
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(known)}
    lock = threading.Lock()

    def show(name: str, line: str) -> None:
        prefix = click.style(f"{name:<{width}} |", fg=colours.get(name))
        with lock:
            click.echo(f"{prefix} {line}")

    return show
