"""What the ledger refuses, in openEO's form of errors; the codes are the federation's own.

::

    OpenEOError
      UsageReportInvalid      400  a report that cannot be read; names every mistake
      UsageReportConflict     409  another report stands under this idempotency key
      GrantInvalid            400  credits that cannot be granted
      RefundInvalid           400  a charge that cannot be refunded so
      HoldConflict            409  another hold stands under this key
      MonthOpen               409  the month cannot be closed yet
"""

# ruff: noqa: N818  -- the classes bear the names of the codes

from __future__ import annotations

from collections.abc import Sequence

from aggregator.errors import OpenEOError


class UsageReportInvalid(OpenEOError, status=400):
    """A usage report that cannot be read; `mistakes` names each field and what would be right."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("The usage report is invalid: " + "; ".join(self.mistakes) + ".")


class UsageReportConflict(OpenEOError, status=409):
    """A changed report under an old key."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"A different usage report was recorded under the idempotency key '{key}' before. "
            "A repeated report must be the same; other usage needs a key of its own."
        )


class GrantInvalid(OpenEOError, status=400):
    """Credits that cannot be granted."""


class RefundInvalid(OpenEOError, status=400):
    """A charge that cannot be refunded in this way."""


class HoldConflict(OpenEOError, status=409):
    """Another hold under the same key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The hold '{key}' exists for other work, or was closed before.")


class MonthOpen(OpenEOError, status=409):
    """A month that is not over cannot be closed."""

    def __init__(self, month: str) -> None:
        super().__init__(f"The month {month} can be closed only after its end.")
