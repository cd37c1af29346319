"""The commands. Each imports what it needs when it runs."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from scripts.federation.ledger.arguments import WithCredits, credits_like, month_like, wallet_like
from scripts.federation.options import config_option, kept_option

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from aggregator.storage.ledger import Ledger

F = TypeVar("F", bound=Callable[..., Any])


class Place:
    """Where the books are, and how to print: what every command can be told."""

    def __init__(self, config: Path | None, data: Path | None, *, as_json: bool) -> None:
        self.config, self.data, self.as_json = config, data, as_json

    def opened(self, *, new: bool = False) -> AbstractContextManager[Ledger]:
        from scripts.federation.ledger.opening import opened

        return opened(self.config, self.data, new=new)


def placed(command: F) -> F:
    """Adds the options of a `Place`, and passes it on; the group has them too."""

    @functools.wraps(command)
    def run(config: Path | None, data: Path | None, *, as_json: bool, **rest: Any) -> Any:
        said_before = click.get_current_context().obj
        place = Place(config or said_before[0], data or said_before[1], as_json=as_json)
        return command(place, **rest)

    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        kept_option,
        config_option,
    ):
        run = option(run)
    return cast("F", run)


@click.group()
@config_option
@kept_option
@click.pass_context
def ledger(ctx: click.Context, config: Path | None, data: Path | None) -> None:
    """The books: credits, usage, settlement.

    Works on the database of a configuration, also while the aggregator runs.
    The options can stand here or after the command.
    """
    ctx.obj = (config, data)


# Credits


@ledger.command(cls=WithCredits, short_help="Give credits to a wallet.")
@placed
@click.argument("wallet", type=wallet_like)
@click.argument("amount", metavar="CREDITS", type=credits_like)
@click.option("--provider", help="Usable at this backend only.  [default: everywhere]")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="Day (UTC) on which it ends.")
@click.option("--kind", type=click.Choice(["award", "purchase", "free"]), default="award")
@click.option("--note", default="", help="Why, for the statement.")
@click.option("--key", help="The same key again gives no second grant.  [default: a new one]")
def grant(place: Place, /, wallet: str, amount: int, **wanted: Any) -> None:
    """Give credits to a wallet: user/SUB or organisation/NUMBER.

    Debts are paid from them at once.
    """
    from scripts.federation.ledger import changes, printing, rows

    with place.opened(new=True) as books:
        given = rows.granted(changes.grant(books, wallet, amount, now=_now(), **wanted))
    sentence = f"{given['amount']:.15g} credits for {wallet}, usable {_where(given['usable_at'])}."
    printing.tell(sentence, given, as_json=place.as_json)


@ledger.command(cls=WithCredits, short_help="Give back what a usage report was charged.")
@placed
@click.argument("provider")
@click.argument("report")
@click.argument("amount", metavar="[CREDITS]", type=credits_like, required=False)
@click.option("--include-free", is_flag=True, help="Give back free credits too.")
@click.option("--reason", default="", help="Why, for the statement.")
@click.option("--key", help="The same key again gives no second refund.  [default: a new one]")
def refund(place: Place, /, provider: str, report: str, **wanted: Any) -> None:
    """Give back what a usage report was charged; all that is left of it without CREDITS.

    REPORT is the idempotency key of the report at the PROVIDER.
    """
    from scripts.federation.ledger import changes, printing

    with place.opened() as books:
        given = changes.refund(books, provider, report, now=_now(), **wanted)
    sentence = f"{given['amount']:.15g} credits back to {given['wallet']}."
    printing.tell(sentence, given, as_json=place.as_json)


@ledger.command(short_help="Take back what is left of grants that are over.")
@placed
def expire(place: Place, /) -> None:
    """Take back what is left of grants whose time is over."""
    from scripts.federation.ledger import printing, rows

    with place.opened() as books:
        found = [rows.transfer(entry) for entry in books.expire(_now())]
    printing.show(found, as_json=place.as_json, nothing="Nothing has expired.")


@ledger.command()
@placed
def renew(place: Place, /) -> None:
    """Give all known users their free credits of this month.

    Users get them by themselves when they first come in a month; this is for
    those who look at their balance before.
    """
    from scripts.federation.ledger import printing, rows

    with place.opened() as books:
        found = [rows.granted(one) for one in books.renew(_now())]
    printing.show(found, as_json=place.as_json, nothing="All have the free credits of this month.")


@ledger.command(short_help="Let a user charge work to a shared wallet.")
@placed
@click.argument("user")
@click.argument("wallet", type=wallet_like)
@click.option("--default", is_flag=True, help="Use it where the user names no organisation.")
def join(place: Place, /, user: str, wallet: str, default: bool) -> None:
    """Let USER charge work to a shared WALLET, such as organisation/7."""
    from scripts.federation.ledger import printing, rows

    with place.opened(new=True) as books:
        books.join(user, wallet, _now(), default=default)
        member = rows.member(books, user)
    usual = ", and does so if no organisation is named" if default else ""
    sentence = f"{user} can charge work to {wallet}{usual}."
    printing.tell(sentence, member, as_json=place.as_json)


@ledger.command(short_help="End that a user can charge work to a shared wallet.")
@placed
@click.argument("user")
@click.argument("wallet", type=wallet_like)
def leave(place: Place, /, user: str, wallet: str) -> None:
    """End that USER can charge work to a shared WALLET."""
    from scripts.federation.ledger import printing, rows

    with place.opened() as books:
        if wallet not in books.member(user).wallets:
            raise click.ClickException(f"{user} cannot charge work to {wallet} anyway.")
        books.leave(user, wallet, _now())
        member = rows.member(books, user)
    sentence = f"{user} can no longer charge work to {wallet}, but to {member['default']}."
    printing.tell(sentence, member, as_json=place.as_json)


# What is there


@ledger.command(short_help="Print what a wallet can spend at each provider.")
@placed
@click.argument("wallet", type=wallet_like, required=False)
def balance(place: Place, /, wallet: str | None) -> None:
    """Print what a WALLET can spend at each provider; without it, the sum of each wallet."""
    from scripts.federation.ledger import printing, rows

    with place.opened() as books:
        found = rows.by_provider(books, wallet, _now()) if wallet else rows.wallets(books, _now())
    printing.show(found, as_json=place.as_json, nothing="There are no wallets yet.")


@ledger.command(short_help="Print all grants of a wallet.")
@placed
@click.argument("wallet", type=wallet_like)
def grants(place: Place, /, wallet: str) -> None:
    """Print all grants of a WALLET, in the order in which they are used."""
    from scripts.federation.ledger import printing, rows

    with place.opened() as books:
        found = rows.grants(books, wallet, _now())
    printing.show(found, as_json=place.as_json, nothing=f"{wallet} never had credits.")


@ledger.command(short_help="Print what came into a wallet and went out of it.")
@placed
@click.argument("wallet", type=wallet_like)
@click.option("--month", type=month_like, metavar="YYYY-MM", help="[default: this month]")
@click.option("--all", "everything", is_flag=True, help="Also what moved within the wallet.")
def statement(place: Place, /, wallet: str, month: str | None, everything: bool) -> None:
    """Print what came into a WALLET and went out of it in a month.

    With --all also credits put aside and given back, and debts that were paid:
    they change nothing in the sum.
    """
    from aggregator.moments import month_bounds, month_of
    from aggregator.storage.queries import statement as stated
    from scripts.federation.ledger import printing, rows

    month = month or month_of(_now())
    with place.opened() as books:
        every = [rows.transfer(one) for one in stated(books.database, wallet, *month_bounds(month))]
    found = [one for one in every if everything or one["change"]]
    nothing = f"Nothing happened to {wallet} in {month}."
    printing.show(found, as_json=place.as_json, nothing=nothing)


@ledger.command()
@placed
def holds(place: Place, /) -> None:
    """Print the credits that are put aside for running work."""
    from scripts.federation.ledger import printing, rows

    with place.opened() as books:
        found = [rows.hold(one) for one in books.open_holds()]
    printing.show(found, as_json=place.as_json, nothing="Nothing is put aside.")


# Are the books in order?


@ledger.command(short_help="Check the whole books.")
@placed
def verify(place: Place, /) -> None:
    """Check the whole books: every rule, and every balance against the entries.

    The exit status is 1 if anything is wrong, and 0 otherwise.
    """
    from scripts.federation.ledger import printing, rows

    with place.opened() as books:
        found = rows.mistakes(books)
    sentence = "\n".join(found) or "The books are in order."
    printing.tell(sentence, {"mistakes": found}, as_json=place.as_json)
    raise SystemExit(1 if found else 0)


@ledger.command(short_help="Print every balance from the entries alone.")
@placed
def rebuild(place: Place, /) -> None:
    """Print every balance from the entries alone, beside the one that is gone by.

    The exit status is 1 if any differ, and 0 otherwise.
    """
    from scripts.federation.ledger import printing, rows

    with place.opened() as books:
        found = rows.rebuilt_balances(books)
    printing.show(found, as_json=place.as_json, nothing="Nothing was ever booked.")
    raise SystemExit(0 if all(row["rebuilt"] == row["stated"] for row in found) else 1)


@ledger.command(short_help="Close the holds whose time is over.")
@placed
def reconcile(place: Place, /) -> None:
    """Close the holds whose time is over: a crash has left them."""
    from scripts.federation.ledger import printing, rows

    with place.opened() as books:
        found = [rows.hold(one) for one in books.reconcile(_now())]
    printing.show(found, as_json=place.as_json, nothing="No hold was left behind.")


@ledger.command(short_help="Print jobs whose report is missing or differs.")
@placed
@click.option("--month", type=month_like, metavar="YYYY-MM", help="[default: this month]")
@click.option("--provider", help="[default: every provider]")
def unreconciled(place: Place, /, month: str | None, provider: str | None) -> None:
    """Print jobs of a month whose report is missing, differs in costs or names another user.

    The exit status is 1 if there are any, and 0 otherwise.
    """
    from aggregator.moments import month_bounds, month_of
    from aggregator.storage.ledger import PATIENCE
    from aggregator.storage.reconciliation import unreconciled as unequal
    from scripts.federation.ledger import printing, rows

    start, end = month_bounds(month or month_of(_now()))
    with place.opened() as books:
        jobs = unequal(books.database, start, end, provider=provider, seen_before=_now() - PATIENCE)
    found = [rows.unreconciled(one) for one in jobs]
    printing.show(found, as_json=place.as_json, nothing="Every job has its report.")
    raise SystemExit(1 if found else 0)


# Months


@ledger.command("month", short_help="Print what each provider earned in a month.")
@placed
@click.option("--month", type=month_like, metavar="YYYY-MM", help="[default: this month]")
def show_month(place: Place, /, month: str | None) -> None:
    """Print what each provider earned in a month, and from which credits."""
    from aggregator.moments import month_of
    from scripts.federation.ledger import changes, printing

    with place.opened() as books:
        found = changes.months(books, month or month_of(_now()))
    printing.show(found, as_json=place.as_json, nothing="There are no providers.")


@ledger.command("close-month")
@placed
@click.argument("month", type=month_like)
@click.option("--provider", help="[default: every provider]")
def close_month(place: Place, /, month: str, provider: str | None) -> None:
    """Settle what each provider earned in a MONTH that is over.

    Closing it again prints the same. Later reports fall into later months.
    """
    from scripts.federation.ledger import changes, printing

    with place.opened() as books:
        found = changes.close(books, month, provider, now=_now())
    printing.show(found, as_json=place.as_json, nothing="There are no providers.")


@ledger.command(short_help="Write all entries or usage reports as CSV or JSON.")
@placed
@click.argument("what", type=click.Choice(["entries", "reports"]))
@click.option("--month", type=month_like, metavar="YYYY-MM", help="[default: all that there is]")
@click.option("--output", type=click.File("w", encoding="utf-8", lazy=True), default="-")
def export(place: Place, /, what: str, month: str | None, output: Any) -> None:
    """Write all entries or usage reports as CSV, or as lines of JSON with --json."""
    from scripts.federation.ledger import printing, rows

    with place.opened() as books:
        found = rows.entries(books, month) if what == "entries" else rows.reports(books, month)
        written = printing.lines_of_json if place.as_json else printing.lines_of_csv
        for line in written(found):
            output.write(line)


def _now() -> int:
    return int(time.time() * 1000)


def _where(usable_at: str) -> str:
    return usable_at if usable_at == "everywhere" else f"at {usable_at}"
