"""From the options of the command line to a review, and from its report to the exit status."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scripts.self_review import comparison, history, statements
from scripts.self_review.account import Account, BasicLogin
from scripts.self_review.backend import CDSE, Options
from scripts.self_review.catalogue import load
from scripts.self_review.findings import Finding
from scripts.self_review.oidc import Flow, OidcLogin, OidcSettings
from scripts.self_review.probe.pace import Limits
from scripts.self_review.report import Report
from scripts.self_review.reports import FORMS
from scripts.self_review.reports.text import show, shown
from scripts.self_review.review import Review, costs
from scripts.self_review.runner import Answers
from scripts.self_review.selection import SelectionError, select
from scripts.self_review.statements import StatementError
from scripts.self_review.verdicts import UNJUDGED

ANONYMOUS, WITH_A_LOGIN = 400, 800
"""Requests at most, unless told otherwise."""


def run(options: Mapping[str, Any]) -> int:
    """Runs the review that the options describe and shows its report; the exit status."""
    # Files without a place on the map are among what is judged.
    warnings.filterwarnings("ignore", message="Dataset has no geotransform")
    try:
        review = prepared(options)
    except (SelectionError, StatementError) as error:
        raise click.UsageError(str(error)) from error
    errors = Console(stderr=True)
    _quieten()
    _ask(review, options, errors)
    try:
        if problem := review.log_in():
            errors.print(shown(f"{problem} The review goes on without a login."), style="bold")
        report = _with_progress(review, errors)
    except StatementError as error:
        raise click.UsageError(str(error)) from error
    except KeyboardInterrupt:
        but = ", but for the following" if review.left_behind else ""
        errors.print(f"Stopped; what the review had made at the backend was removed{but}.")
        _left(review.left_behind, errors)
        return UNJUDGED
    _hand_over(report, options)
    _left(report.left_behind, errors)
    return report.answer.status


def _left(behind: Sequence[str], console: Console) -> None:
    for one in behind:
        console.print(shown(f"This could not be removed: {one}"))


def _quieten() -> None:
    """Keeps libraries from warning on the terminal of what the report says in its own words."""
    warnings.filterwarnings("ignore", message="Unverified HTTPS request")
    warnings.filterwarnings("ignore", message="Dataset has no geotransform")


def _ask(review: Review, options: Mapping[str, Any], console: Console) -> None:
    """Says what a review with a login costs at most, and asks whether it may; leaves if not."""
    if review.account is None or review.options.read_only:
        return
    console.print(costs(review), highlight=False)
    if options["yes"]:
        return
    if not console.is_terminal:
        raise click.UsageError("Say --yes to this, or --read-only.")
    click.confirm("Go on?", abort=True, err=True)


def prepared(options: Mapping[str, Any]) -> Review:
    """The review that the options describe; raises SelectionError, StatementError."""
    catalogue = load()
    account, login = _account(options)
    earlier = comparison.read(options["compare"]) if options["compare"] else None
    attested = statements.read(options["attest"], catalogue) if options["attest"] else {}
    return Review(
        url=options["url"],
        catalogue=catalogue,
        wanted=select(
            catalogue,
            profiles=options["profiles"],
            only=options["only"],
            skip=options["skip"],
            anonymous=options["anonymous"],
        ),
        limits=_limits(options, logged_in=account is not None),
        options=_options(options, earlier),
        answers=Answers(attested, options["waived"]),
        account=account,
        login=login,
        selection=_selection(options),
        verify=not options["insecure"],
        earlier=dict(earlier) if earlier else None,
        penniless=_penniless(options),
        federation=options["federation"],
    )


def _limits(options: Mapping[str, Any], *, logged_in: bool) -> Limits:
    return Limits(
        per_second=options["rate"],
        at_once=options["concurrency"],
        seconds=options["timeout"],
        overall=options["deadline"],
        requests=options["max_requests"] or (WITH_A_LOGIN if logged_in else ANONYMOUS),
    )


def _options(options: Mapping[str, Any], earlier: Mapping[str, Any] | None) -> Options:
    return Options(
        read_only=options["read_only"],
        aggregator=options["aggregator"],
        sample=options["sample"],
        earlier=(earlier or {}).get("snapshot"),
        history=_history(options),
        issuer=(options["issuer"] or CDSE).rstrip("/"),
        budget=options["budget"],
        collection=options["collection"],
    )


def _history(options: Mapping[str, Any]) -> list[history.Month] | None:
    if options["history"] is None:
        return None
    return history.read(options["history"], options["history_backend"])


def _account(options: Mapping[str, Any]) -> tuple[Account | None, str]:
    """The login, and what the report calls it."""
    flow = _flow(options)
    if options["basic"] and flow:
        raise StatementError("Log in in one way: with --basic or with --oidc-….")
    if options["basic"]:
        login = _basic(options["basic"], "--basic")
        return Account(login), f"basic, as {login.user}"
    if flow is None:
        return None, "none"
    settings = OidcSettings(
        flow,
        options["oidc_provider"],
        options["oidc_client"],
        options["oidc_secret"],
        options["oidc_refresh_token"],
        lambda text: click.echo(text, err=True),
    )
    return Account(OidcLogin(settings)), f"OpenID Connect, {flow}"


def _flow(options: Mapping[str, Any]) -> Flow | None:
    if options["oidc_device"]:
        return Flow.DEVICE
    if options["oidc_refresh_token"]:
        return Flow.REFRESH_TOKEN
    if options["oidc_secret"]:
        if not options["oidc_client"]:
            raise StatementError("--oidc-secret needs --oidc-client.")
        return Flow.CLIENT_CREDENTIALS
    return None


def _penniless(options: Mapping[str, Any]) -> Account | None:
    given = options["without_credits"]
    return Account(_basic(given, "--without-credits")) if given else None


def _basic(given: str, option: str) -> BasicLogin:
    user, colon, password = given.partition(":")
    if not colon:
        raise StatementError(f"{option} must be USER:PASSWORD.")
    return BasicLogin(user, password)


def _selection(options: Mapping[str, Any]) -> str:
    parts = [
        f"{name} {', '.join(options[key])}"
        for name, key in (("profile", "profiles"), ("only", "only"), ("without", "skip"))
        if options[key]
    ]
    parts += ["what needs no login"] if options["anonymous"] else []
    return "; ".join(parts) or "all requirements"


def _with_progress(review: Review, console: Console) -> Report:
    columns = (
        TextColumn("Reviewing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[last]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(review.wanted), last="")

        def one_more(finding: Finding) -> None:
            progress.update(task, advance=1, last=finding.id)

        return review.run(one_more)


def _hand_over(report: Report, options: Mapping[str, Any]) -> None:
    output: Path | None = options["output"]
    if output is not None:
        output.write_text(FORMS[options["form"]](report), encoding="utf-8")
        click.echo(report.answer.line)
    elif options["form"] == "text":
        show(report, Console())
    else:
        click.echo(FORMS[options["form"]](report), nl=False)
