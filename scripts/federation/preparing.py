"""What a command needs before it begins; where it cannot be had, the program ends with a reason.

Imports what is needed when it is needed, as the commands do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.federation.layout import Layout
    from scripts.simulation.scenario import ScenarioError

T = TypeVar("T")


def policies_in(named: str) -> list[str]:
    """The policies in a list such as `order,spread`; ends the program if one does not exist."""
    from aggregator.routing import POLICIES

    if named == "all":
        return [*POLICIES]
    found = [name.strip() for name in named.split(",")]
    if unknown := [name for name in found if name not in POLICIES]:
        complain(f"There is no policy '{unknown[0]}'; there are: {', '.join(POLICIES)}, or all.")
    return [*dict.fromkeys(found)]


def seed(scenario: Path, layout: Layout) -> None:
    """Gives the federation a past, or ends the program."""
    from scripts.federation import simulating
    from scripts.simulation.scenario import ScenarioError

    try:
        simulating.seed(scenario, layout.file, layout.data)
    except simulating.HistoryThere as error:
        complain(str(error))
    except ScenarioError as error:
        complain_of(error)


def complain_of(error: ScenarioError) -> NoReturn:
    """Prints every mistake of a scenario and ends with status 2."""
    for mistake in error.mistakes:
        click.echo(mistake, err=True)
    finish(2)


def layout_for(
    config: Path | None,
    data: Path | None,
    offset: int = 0,
    host: str | None = None,
    *,
    only: str | None = None,
) -> Layout:
    """The layout of a configuration without mistakes, changed as the options say."""
    from scripts.federation import layout as layouts

    alone = only in (layouts.AGGREGATOR, layouts.IDENTITY)
    file = checked(config, profiles=not alone, provider=only != layouts.AGGREGATOR)
    root = data or Path("var", f"offset{offset}" if offset else "")
    layout = or_complain(lambda: layouts.read_layout(file, data=root))
    if not (data or offset or host):
        return layout
    place = root / "configuration" / (only or "all")
    return or_complain(lambda: layouts.relocated(layout, place, offset=offset, host=host))


def to_be_asked(config: Path | None, offset: int) -> Path:
    """The configuration whose backends are to be asked, with every port moved by `offset`."""
    if not offset:
        return checked(config, profiles=False)
    return layout_for(config, None, offset, only="aggregator").file


def has_its_address(layout: Layout, name: str) -> None:
    """Ends the program if the server could not listen where it is to."""
    from scripts.federation.servers import refusal_message, refusals

    if refused := refusals([or_complain(lambda: layout.server(name))]):
        click.echo(refusal_message(refused), err=True)
        finish(1)


def checked(config: Path | None, *, profiles: bool, provider: bool | None = None) -> Path:
    """The configuration file; ends the program if it has mistakes."""
    from scripts.federation.checking import mistakes_in
    from scripts.federation.layout import default_config

    file = config or default_config()
    if config is None and not file.is_file():
        complain(f"There is no {file} here; name a configuration with --config.")
    if mistakes := mistakes_in(file, profiles=profiles, provider=provider):
        complain("\n".join(["The configuration cannot be used:", *mistakes]))
    return file


def or_complain(get: Callable[[], T]) -> T:
    """What it gives; ends the program where the configuration cannot be used."""
    from scripts.federation.layout import LayoutError

    try:
        return get()
    except LayoutError as error:
        complain(str(error))


def complain(message: str) -> NoReturn:
    """Say what is wrong and end the program with status 2."""
    click.echo(message, err=True)
    finish(2)


def finish(status: int) -> NoReturn:
    """End the program with that exit status."""
    raise SystemExit(status)
