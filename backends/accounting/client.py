"""Sends one report to the accounting, and understands the answer."""

import math
from collections.abc import Mapping
from typing import Any

from backends.accounting.configuration import Accounting
from backends.accounting.exchange import Exchange, UnreachableError
from backends.accounting.tokens import Tokens


class RefusedError(Exception):
    """The accounting does not take this report, for a reason of its own."""


class Client:
    """To be used by one thread."""

    def __init__(self, accounting: Accounting, exchange: Exchange | None = None) -> None:
        self._accounting = accounting
        self._exchange = exchange or Exchange()
        self._tokens = Tokens(accounting, self._exchange)

    def close(self) -> None:
        """Let go of all connections."""
        self._exchange.close()

    def report(self, document: Mapping[str, Any]) -> float:
        """The costs, in credits, that the accounting answers: they are on its disk.

        Raises ``UnreachableError`` where it may take the report later, ``RefusedError`` where it
        does not take it as it is.
        """
        status, answer = self._send(document)
        if status in (401, 403):  # the token may have been withdrawn
            self._tokens.forget()
            status, answer = self._send(document)
        if 200 <= status < 300:
            return _costs(answer)
        said = _said(answer)
        if status >= 500 or status in (408, 425, 429) or 300 <= status < 400:
            raise UnreachableError(f"the accounting answers HTTP {status} ({said})")
        raise RefusedError(f"HTTP {status} ({said})")

    def _send(self, document: Mapping[str, Any]) -> tuple[int, Any]:
        address = f"{self._accounting.url}/resources"
        return self._exchange.post(address, document=document, token=self._tokens.token())


def _costs(answer: Any) -> float:
    """The sum of all ``cost`` values (a list of objects, one per item)."""
    items = answer if isinstance(answer, list) else None
    numbers = [_amount(item.get("cost")) for item in items or [] if isinstance(item, dict)]
    amounts = [number for number in numbers if number is not None]
    if not items or len(amounts) != len(items):
        raise UnreachableError("the accounting's answer holds no costs")
    return round(math.fsum(amounts), 3)


def _amount(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < math.inf else None


def _said(answer: Any) -> str:
    if not isinstance(answer, dict):
        return "no openEO error"
    return f"{answer.get('code')}: {answer.get('message')}"[:500]
