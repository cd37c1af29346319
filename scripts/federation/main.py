"""The command line. Declares the commands; each imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from scripts.federation.availability import availability
from scripts.federation.ledger.commands import ledger
from scripts.federation.options import (
    DIRECTORY,
    EXISTING,
    bind_option,
    config_option,
    data_option,
    offset_option,
)
from scripts.federation.preparing import (
    complain,
    complain_of,
    finish,
    has_its_address,
    layout_for,
    or_complain,
    policies_in,
    seed,
    to_be_asked,
)


class Sentences(click.Group):
    """A group whose commands say in a sentence what the system or the installation lacks."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}") from error
        except ModuleNotFoundError as error:
            if str(error.name).partition(".")[0] in {"aggregator", "backends", "scripts"}:
                raise
            raise click.ClickException(
                f"This needs more than is installed ({error.name} is missing). In a clone of "
                "openeo-federation install it with: pip install '.[backends,demo]'"
            ) from error


@click.group(
    cls=Sentences,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "OPENEO_FEDERATION",
        "max_content_width": 100,
    },
)
@click.version_option(package_name="openeo-federation")
def main() -> None:
    """Several openEO backends behind one endpoint.

    Every option can be given in the environment too, for example --config of
    the command up as OPENEO_FEDERATION_UP_CONFIG.
    """


@main.command()
@config_option
@data_option
@offset_option
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to become ready in.")
@click.option(
    "--scenario", type=EXISTING, help="Begin with a past: play this scenario until now first."
)
def up(
    config: Path | None,
    data: Path | None,
    port_offset: int,
    timeout: float,
    scenario: Path | None,
) -> None:
    """Run the whole federation of a configuration.

    Starts the aggregator, every simulated backend and the simulated provider of
    identities as programs of their own and prints what they say. Ends with
    status 0 at Ctrl-C, with status 1 if one of them ends by itself. Nothing is
    left running.
    """
    from scripts.federation import up as running

    layout = layout_for(config, data, port_offset)
    if scenario is not None:
        seed(scenario, layout)
    finish(running.up(layout, seconds=timeout))


@main.command()
@click.argument("scenario", metavar="SCENARIO.yaml", type=EXISTING)
@click.option(
    "--output",
    type=DIRECTORY,
    help="Where report and database go.  [default: var/simulations/SCENARIO, or SCENARIO-policies]",
)
@click.option(
    "--policies",
    metavar="NAME,NAME,…",
    help="Compare these policies of routing on the same load instead; all: every one.",
)
def simulate(scenario: Path, output: Path | None, policies: str | None) -> None:
    """Play months of a federation's life in seconds.

    Outages, maintenance, jobs and credits of the scenario go through the
    federation's own records, verdicts, routing and books, with a clock of their
    own. Ready scenarios are in config/scenarios. The exit status is 1 if the
    books are not in order at the end, and 2 if the scenario has mistakes.

    With --policies it is played once with each of them, and a table and a
    picture show what came of the jobs: how long they waited, what they cost,
    how many were refused, and how the work was shared.
    """
    from scripts.federation import simulating
    from scripts.simulation.scenario import ScenarioError

    try:
        if policies is not None:
            finish(simulating.compare(scenario, policies_in(policies), output))
        finish(simulating.simulate(scenario, output))
    except ScenarioError as error:
        complain_of(error)


@main.command()
@config_option
@data_option
@offset_option
@bind_option
def aggregator(config: Path | None, data: Path | None, port_offset: int, bind: str | None) -> None:
    """Run the aggregator alone, in the foreground."""
    layout = layout_for(config, data, port_offset, bind, only="aggregator")
    has_its_address(layout, "aggregator")
    from aggregator.serve import serve
    from aggregator.settings import SettingsError
    from aggregator.usecases.tokens import SealingKeyError

    try:
        finish(serve(layout.file))
    except (SealingKeyError, SettingsError) as error:
        complain(str(error))


@main.command(short_help="Run the monitor alone: it probes the members.")
@config_option
@data_option
@offset_option
def monitor(config: Path | None, data: Path | None, port_offset: int) -> None:
    """Run the monitor alone, in the foreground: it probes the members.

    Of several that run for the same database one probes; another takes over
    when it ends.
    """
    layout = layout_for(config, data, port_offset, only="aggregator")
    from aggregator.watch import watch

    finish(watch(layout.file))


@main.command()
@click.argument("name")
@config_option
@data_option
@offset_option
@bind_option
def backend(
    name: str, config: Path | None, data: Path | None, port_offset: int, bind: str | None
) -> None:
    """Run one simulated backend alone, in the foreground."""
    layout = layout_for(config, data, port_offset, bind, only=name)
    profile = or_complain(lambda: layout.profile(name))
    has_its_address(layout, name)
    from backends.serve import serve

    finish(serve(profile.file, layout.data / "backends" / name))


@main.command(short_help="Run the simulated provider of OpenID Connect alone.")
@config_option
@data_option
@offset_option
@bind_option
@click.option("--rotate-key", is_flag=True, help="Sign with another key from now on, and end.")
def identity(
    *,
    config: Path | None,
    data: Path | None,
    port_offset: int,
    bind: str | None,
    rotate_key: bool,
) -> None:
    """Run the simulated provider of OpenID Connect alone, in the foreground.

    With --rotate-key, one that is running goes over to its next key at once.
    """
    layout = layout_for(config, data, port_offset, bind, only="identity")
    file = or_complain(lambda: layout.profile("identity")).file
    from backends.identity.serve import rotate, serve

    place = layout.data / "identity"
    if rotate_key:
        finish(rotate(file, place))
    has_its_address(layout, "identity")
    finish(serve(file, place))


@main.command()
@config_option
@data_option
@offset_option
@click.option("--once", is_flag=True, help="End after the tour instead of serving on.")
@click.option(
    "--output",
    type=DIRECTORY,
    default=Path("var/demo"),
    show_default=True,
    help="Where results and logs go.",
)
@click.option(
    "--bbox",
    type=(float, float, float, float),
    metavar="WEST SOUTH EAST NORTH",
    default=(11.0, 46.35, 11.1, 46.42),
    show_default=True,
    help="The area that is looked at, in degrees.",
)
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to become ready in.")
def demo(
    *,
    config: Path | None,
    data: Path | None,
    port_offset: int,
    once: bool,
    output: Path,
    bbox: tuple[float, float, float, float],
    timeout: float,
) -> None:
    """Start the federation and take a tour with the openeo client.

    Serves on until Ctrl-C when the tour is over. The exit status is 0 if all
    went well. Nothing is left running.
    """
    layout = layout_for(config, data, port_offset)
    from scripts.federation.demo import demo as show

    area = dict(zip(("west", "south", "east", "north"), bbox, strict=True))
    finish(show(layout, output, area=area, once=once, seconds=timeout))


@main.command("check-config", short_help="Print every mistake in a configuration.")
@click.argument("file", type=EXISTING)
def check_config(file: Path) -> None:
    """Print every mistake in a configuration and its backend profiles.

    Each mistake comes with the path of its key. If there are none, what should
    be said and is not comes as advice. The exit status is 0 if there are no
    mistakes and 2 otherwise.
    """
    from scripts.federation.checking import advice_on, mistakes_in

    mistakes = mistakes_in(file)
    for mistake in mistakes:
        click.echo(mistake)
    for advice in [] if mistakes else advice_on(file):
        click.echo(f"advice: {advice}")
    click.echo(f"{file}: {len(mistakes) or 'no'} mistake{'' if len(mistakes) == 1 else 's'}")
    finish(2 if mistakes else 0)


@main.command(short_help="Print where the backends disagree.")
@config_option
@offset_option
def check(config: Path | None, port_offset: int) -> None:
    """Print where the backends disagree, as merging their metadata notes it.

    Asks every backend. The exit status is 1 if one is offline or a note is an
    error, and 0 otherwise.
    """
    file = to_be_asked(config, port_offset)
    from scripts.federation import explaining

    finish(explaining.check(file))


@main.command()
@click.argument("graph", metavar="GRAPH.json", type=click.Path(path_type=Path, dir_okay=False))
@config_option
@offset_option
@click.option("--url", help="Ask the federation that runs at this address instead.")
@click.option("--policy", help="Rank the backends by this policy.  [default: the configured one]")
def explain(
    graph: Path, config: Path | None, port_offset: int, url: str | None, policy: str | None
) -> None:
    """Say where a process would run, and why not elsewhere.

    GRAPH.json (-: standard input) holds a process graph, a process, or a whole
    request. Asks the backends of the configuration what they offer, executes
    nothing. If no backend can run it alone, says in which parts several would.
    The exit status is 0 if it can run, 1 if it cannot, 2 if it is malformed.
    """
    if url is not None:
        from scripts.federation.explaining import explain_at

        finish(explain_at(graph, url, policy))
    file = to_be_asked(config, port_offset)
    from scripts.federation import explaining

    finish(explaining.explain(graph, file, policy))


@main.command(short_help="Divide a process over a large area into tiles.")
@click.argument("graph", metavar="GRAPH.json", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--size", type=float, help="Size of a tile, in the unit of the grid.")
@click.option("--pixel", type=float, help="Size of the largest pixel that is loaded, likewise.")
@click.option(
    "--unit",
    type=click.Choice(["degrees", "metres"]),
    default="degrees",
    show_default=True,
    help="Degrees of WGS 84, or metres in a zone of UTM: as the data have it.",
)
@click.option("--areas", type=EXISTING, help="Divide into the areas of this GeoJSON instead.")
@click.option("--most", type=int, default=1000, show_default=True, help="Tiles at most.")
@click.option("--nearly", is_flag=True, help="Divide also what resamples, and is then not exact.")
@click.option("--output", type=DIRECTORY, required=True, help="Where the processes go.")
def tile(
    *,
    graph: Path,
    size: float | None,
    pixel: float | None,
    unit: Literal["degrees", "metres"],
    areas: Path | None,
    most: int,
    nearly: bool,
    output: Path,
) -> None:
    """Divide a process over a large area into the same process over many tiles.

    GRAPH.json (-: standard input) holds a process graph, a process, or a whole
    request that names one area. Writes a process for each tile, and an index:
    jobs of these, joined, are the whole. The exit status is 0 if all is written,
    1 if the result depends on the area as a whole, 2 if the process is malformed.
    """
    if (size is None) is (areas is None):
        raise click.UsageError("Name either the --size of tiles or a file of --areas.")
    from aggregator.routing.tiling import Grid
    from scripts.federation import tiling

    by = areas if areas is not None else Grid(size or 0.0, unit, pixel)
    finish(tiling.tile(graph, by, output, most=most, exact=not nearly))


main.add_command(ledger)
main.add_command(availability)
