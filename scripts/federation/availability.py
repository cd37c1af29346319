"""`openeo-federation availability`: what operators do about members' availability, by command.

Writes into the federation's database, which the aggregator and the monitor read; neither has to
run. Declares the commands; each imports what it needs when it runs.
"""

from __future__ import annotations

import functools
import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from scripts.federation.options import config_option, kept_option

if TYPE_CHECKING:
    from aggregator.settings import Settings
    from aggregator.usecases.operations import Operations, Written
    from aggregator.usecases.record import Record

F = TypeVar("F", bound=Callable[..., Any])

by_option = click.option("--by", help="Whose doing it is.  [default: the user of this shell]")
reason_option = click.option("--reason", required=True, help="Why; everybody can read it.")
announced_option = click.option(
    "--announced", metavar="TIME", help="When it was announced, if it was before now."
)


class Place:
    """Where the record is."""

    def __init__(self, config: Path | None, data: Path | None) -> None:
        self._config, self._data = config, data

    def but(self, config: Path | None, data: Path | None) -> Place:
        """The same where nothing else is said."""
        return Place(config or self._config, data or self._data)

    @contextmanager
    def record(self) -> Iterator[tuple[Settings, Record]]:
        """The settings and the record; what they refuse becomes a sentence."""
        from aggregator.usecases.watching import record_of
        from scripts.federation.stored import database_of, settings_of

        settings = settings_of(self._config, self._data)
        with database_of(settings) as database:
            yield settings, record_of(settings, database)


def placed(command: F) -> F:
    """Adds the options of a `Place` to a command, and passes it on; the group has them too."""

    @config_option
    @kept_option
    @click.pass_obj
    @functools.wraps(command)
    def run(place: Place, /, config: Path | None, data: Path | None, **rest: Any) -> Any:
        return command(place.but(config, data), **rest)

    return cast("F", run)


@click.group(short_help="Maintenance, announcements, decisions on members.")
@config_option
@kept_option
@click.pass_context
def availability(ctx: click.Context, config: Path | None, data: Path | None) -> None:
    """Maintenance, announcements, notes on incidents, and decisions on members.

    Times are days or times such as 2026-03-14 or 2026-03-14T09:30:00Z. The options
    can stand here or after the command.
    """
    ctx.obj = Place(config, data)


@availability.command(short_help="Show how each member stands.")
@placed
def show(place: Place, /) -> None:
    """How each member stands, and what is proposed, under way or announced."""
    from scripts.federation.standing import lines

    with place.record() as (settings, record):
        for line in lines(settings, record):
            click.echo(line)


@availability.command()
@placed
@click.argument("backend")
@click.argument("starts")
@click.argument("ends")
@click.option("--text", default="", help="What is done.")
@announced_option
@by_option
def maintenance(place: Place, /, by: str | None, **given: Any) -> None:
    """Announce maintenance of BACKEND from STARTS to ENDS."""
    _do(place, lambda operations: operations.announce_maintenance(**given, by=by or _user()))


@availability.command(short_help="Announce a breaking change or other news.")
@placed
@click.argument(
    "kind",
    metavar="KIND",
    type=click.Choice(["breaking-change", "removal", "experimental", "notice"]),
)
@click.argument("title")
@click.option("--backend", default="", help="Whose; the federation's if left out.")
@click.option("--text", default="", help="More about it.")
@click.option("--effective", metavar="TIME", help="From when on it holds.")
@announced_option
@by_option
def announce(place: Place, /, by: str | None, **given: Any) -> None:
    """Announce news under a TITLE.

    KIND is breaking-change, removal, experimental or notice.
    """
    _do(place, lambda operations: operations.announce(**given, by=by or _user()))


@availability.command()
@placed
@click.argument("identifier", metavar="ID")
@reason_option
@by_option
def withdraw(place: Place, /, identifier: str, reason: str, by: str | None) -> None:
    """Call maintenance off, or withdraw an announcement."""
    _do(place, lambda operations: operations.withdraw(identifier, reason, by=by or _user()))


@availability.command()
@placed
@click.argument("incident")
@click.argument("text")
@by_option
def note(place: Place, /, incident: str, text: str, by: str | None) -> None:
    """Write a public note on an INCIDENT, named by its id."""
    _do(place, lambda operations: operations.note(incident, text, by=by or _user()))


@availability.command(short_help="Exclude a member, readmit it, or decline to.")
@placed
@click.argument("kind", metavar="DECISION", type=click.Choice(["exclude", "readmit", "decline"]))
@click.argument("backend")
@reason_option
@by_option
def decide(place: Place, /, kind: str, backend: str, reason: str, by: str | None) -> None:
    """Exclude BACKEND from new work, readmit it, or decline what a verdict proposes.

    DECISION is exclude, readmit or decline.
    """
    _do(place, lambda operations: operations.decide(backend, kind, reason, by=by or _user()))


def _do(place: Place, what: Callable[[Operations], Written]) -> None:
    """Does it, and says under which id and with what remark."""
    import time

    from aggregator.usecases.operations import Operations

    with place.record() as (settings, record):
        written = what(Operations(record, settings.order, time.time))
    click.echo(written.id)
    if written.remark:
        click.echo(written.remark, err=True)


def _user() -> str:
    return getpass.getuser()
