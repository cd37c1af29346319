"""Months, wallets and amounts as operators write them."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    pass


MOST_CREDITS = 10**12
NO_AMOUNT = "is no number above 0 with three decimals at the most."


def month_like(value: str) -> str:
    """A calendar month, written like 2026-03."""
    from aggregator.moments import month_bounds

    try:
        month_bounds(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None
    return value


def wallet_like(value: str) -> str:
    """A wallet: user/SUB or organisation/NUMBER."""
    kind, _, name = value.partition("/")
    # Reports name organisations by number: a wallet of any other name would pay for nothing.
    known = {"user": ".+", "organisation": "0|[1-9][0-9]*"}.get(kind)
    if known is None or not re.fullmatch(known, name):
        raise click.BadParameter(f"{value!r} is none; one is user/SUB or organisation/NUMBER.")
    return value


def credits_like(value: str) -> int:
    """A number of credits above 0, in millicredits."""
    try:
        amount = Decimal(value) * 1000
        if 0 < amount <= MOST_CREDITS * 1000 and amount == int(amount):
            return int(amount)
    except (InvalidOperation, ValueError, OverflowError):
        pass
    raise click.BadParameter(f"{value!r} {NO_AMOUNT}")


class WithCredits(click.Command):
    """A command that takes an amount, and takes one below zero for that, not for an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption:
            amounts = [one for one in given if re.fullmatch(r"-[0-9.]+", one)]
            if not amounts:
                raise
            hint = click.BadParameter(f"{amounts[0]!r} {NO_AMOUNT}", ctx, param_hint="CREDITS")
            raise hint from None
