"""What is refused of what an operator asks, in openEO's form of errors; the codes are our own.

::

    OpenEOError
      OperatorRequestInvalid   400  cannot be read; names each field and what would be right
      OperatorRequestConflict  409  does not fit what is: a decision in this state, a closed month
"""

# ruff: noqa: N818  -- the classes bear the names of the codes

from __future__ import annotations

from collections.abc import Sequence

from aggregator.errors import OpenEOError


class OperatorRequestInvalid(OpenEOError, status=400):
    """A request of an operator that cannot be read; `mistakes` names each field."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("The request is invalid: " + "; ".join(self.mistakes) + ".")


class OperatorRequestConflict(OpenEOError, status=409):
    """A request of an operator that does not fit the present state."""
