"""The command line: openeo-self-review URL."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from scripts.self_review.catalogue import load
from scripts.self_review.probe.addresses import parts

FORMATS = ("text", "json", "html", "junit", "markdown")
READABLE = click.Path(path_type=Path, exists=True, dir_okay=False)
WRITABLE = click.Path(path_type=Path, dir_okay=False)


class ReviewFirst(click.Group):
    """What is no command is the URL of a review: `openeo-self-review https://…`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help", "-h", "--version"}:
            args = ["review", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=ReviewFirst,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="openeo-federation")
def main() -> None:
    """Does an openEO backend meet the contract of its federation?

    `openeo-self-review URL` reviews the backend at URL; see `openeo-self-review review --help`.
    """


def _web_address(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    found = parts(value if "://" in value else f"https://{value}")
    if found.scheme not in {"http", "https"} or not found.hostname:
        raise click.BadParameter("it must be a web address, as in https://openeo.example/1.2")
    if found.username or found.password:
        raise click.BadParameter("it must not hold a password; use --basic")
    return found.geturl()


def _optional_address(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    return None if value is None else _web_address(ctx, param, value)


def _pairs(_ctx: click.Context, _param: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    found = {}
    for value in values:
        name, sign, reason = value.partition("=")
        if not sign or not reason.strip():
            raise click.BadParameter(f"{value!r} must be ID=REASON")
        if name not in load().requirements:
            raise click.BadParameter(f"there is no requirement {name!r}")
        found[name] = reason.strip()
    return found


@main.command()
@click.argument("url", callback=_web_address)
@click.option("--profile", "profiles", multiple=True, help="Only these: minimum, api-L1 …")
@click.option("--only", multiple=True, metavar="ID", help="Only these requirements (api-3*).")
@click.option("--skip", multiple=True, metavar="ID", help="Not these requirements.")
@click.option("--anonymous", is_flag=True, help="Only what can be checked without a login.")
@click.option(
    "--waive", "waived", multiple=True, metavar="ID=REASON", callback=_pairs, help="Agreed waiver."
)
@click.option("--attest", type=READABLE, help="Statements; see the command template.")
@click.option("--history", type=READABLE, help="Availability by month: a monitor's export.")
@click.option("--history-backend", metavar="ID", help="Whose months of the history.")
@click.option("--federation", callback=_optional_address, help="The federation to join, by URL.")
@click.option("--compare", type=READABLE, help="An earlier report (JSON) to compare with.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", type=WRITABLE, help="Write the report to this file.")
@click.option("--basic", metavar="USER:PASSWORD", envvar="OPENEO_BASIC", help="Log in.")
@click.option("--issuer", help="The identity provider of the federation.  [default: that of CDSE]")
@click.option(
    "--oidc-provider", metavar="ID", envvar="OPENEO_AUTH_PROVIDER_ID", help="Of the listed."
)
@click.option("--oidc-client", metavar="ID", envvar="OPENEO_AUTH_CLIENT_ID", help="Client to be.")
@click.option("--oidc-secret", envvar="OPENEO_AUTH_CLIENT_SECRET", help="Log in as that client.")
@click.option("--oidc-refresh-token", envvar="OPENEO_AUTH_REFRESH_TOKEN", help="Log in with it.")
@click.option("--oidc-device", is_flag=True, help="Log in with a code, in a browser.")
@click.option(
    "--without-credits",
    metavar="USER:PASSWORD",
    envvar="OPENEO_WITHOUT_CREDITS",
    help="Another user, whose work must be refused.",
)
@click.option("--budget", default=5.0, show_default=True, help="Most that one computation costs.")
@click.option("--collection", metavar="ID", help="The collection to compute with.")
@click.option("--yes", is_flag=True, help="Do not ask before making things at the backend.")
@click.option("--read-only", is_flag=True, help="Make nothing and start nothing at the backend.")
@click.option("--aggregator", is_flag=True, help="The URL is an aggregator's: its rules too.")
@click.option("--insecure", is_flag=True, help="Go on if the certificate does not validate.")
@click.option("--deadline", default=300.0, show_default=True, help="Seconds for the review.")
@click.option("--timeout", default=10.0, show_default=True, help="Seconds for one answer.")
@click.option("--rate", default=25.0, show_default=True, help="Requests per second at most.")
@click.option("--concurrency", default=6, show_default=True, help="Requests at a time at most.")
@click.option(
    "--max-requests",
    type=click.IntRange(min=1),
    help="Requests at most.  [default: 400, and 800 with a login]",
)
@click.option("--sample", default=40, show_default=True, help="Collections looked at one by one.")
def review(**options: object) -> None:
    """Review the backend at URL.

    URL is the versioned address of the API, or a host with /.well-known/openeo. Ends with status 0
    if the backend meets the federation's minimum, 1 if it does not, 2 if that could not be judged
    or this program was used wrongly.
    """
    try:
        from scripts.self_review.session import run
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] == "scripts":
            raise
        raise click.ClickException(
            f"This needs more than is installed ({error.name} is missing). In a clone of "
            "openeo-federation install it with: pip install '.[review]'"
        ) from error
    sys.exit(run(options))


@main.command(short_help="Print a questionnaire for --attest.")
@click.option("--all", "everything", is_flag=True, help="Of the optional profiles too.")
@click.option("--output", type=WRITABLE, help="Write it to this file.")
def template(everything: bool, output: Path | None) -> None:
    """Print a questionnaire for --attest: what only the provider can say."""
    from scripts.self_review import statements

    text = statements.template(load(), everything=everything)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


@main.command("requirements", short_help="List the requirements.")
@click.option("--profile", "profiles", multiple=True, help="Only these: minimum, api-L1 …")
def requirements(profiles: Sequence[str]) -> None:
    """List the requirements: id, method, severity, and what is wanted."""
    from scripts.self_review.selection import SelectionError, select

    try:
        rows = select(load(), profiles=profiles)
    except SelectionError as error:
        raise click.UsageError(str(error)) from error
    for row in rows:
        click.echo(f"{row.id}\t{row.method}\t{row.severity}\t{row.wants}")
