"""Names of accounts in the books.

====================== ========================================= ==============================
account                what it holds                             balance
====================== ========================================= ==============================
grant:KEY              what is left of a grant                   never below zero
hold:KEY               what is put aside for running work        never below zero
overdraft:WALLET:AT    usage that no grant covered, per provider never above zero
revenue:PROVIDER       what users were charged, until month end  any
settled:PROVIDER       revenue of closed months                  any
issued                 the federation: source of all grants      never above zero
expired                the federation: credits that ran out      never below zero
====================== ========================================= ==============================

The first three belong to wallets and keep a running balance with each posting; each is written by
one writer at a time. The others are sums only, so that no two reports wait for each other there.
"""

from __future__ import annotations

ISSUED = "issued"
EXPIRED = "expired"
_RUNNING = ("grant:", "hold:", "overdraft:")
_NEVER_NEGATIVE = ("grant:", "hold:", EXPIRED)
_NEVER_POSITIVE = ("overdraft:", ISSUED)
_KNOWN = ("grant:", "hold:", "overdraft:", "revenue:", "settled:")


def grant_account(key: str) -> str:
    """What is left of a grant."""
    return f"grant:{key}"


def hold_account(key: str) -> str:
    """What a hold has put aside."""
    return f"hold:{key}"


def overdraft_account(wallet: str, provider: str) -> str:
    """The debt of a wallet at one provider (providers have no colon in their ids)."""
    return f"overdraft:{wallet}:{provider}"


def revenue_account(provider: str) -> str:
    """What a provider has earned since its last settlement."""
    return f"revenue:{provider}"


def settled_account(provider: str) -> str:
    """What a provider earned in closed months."""
    return f"settled:{provider}"


def keeps_running_balance(account: str) -> bool:
    """Whether each posting states the balance after it."""
    return account.startswith(_RUNNING)


def is_known(account: str) -> bool:
    """Whether this is a name of the table above."""
    return account in (ISSUED, EXPIRED) or account.startswith(_KNOWN)


def wrong_balance(account: str, balance: int) -> str | None:
    """Why an account cannot have this balance, or None."""
    if balance < 0 and account.startswith(_NEVER_NEGATIVE):
        return f"{account} is below zero: {balance}"
    if balance > 0 and account.startswith(_NEVER_POSITIVE):
        return f"{account} is above zero: {balance}"
    return None
