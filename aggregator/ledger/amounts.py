"""Credits are shown, millicredits are kept: one credit is 1000 millicredits."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

MILLICREDITS = 1000
LARGEST = 10**15
"""No single amount in the books may be larger (a trillion credits)."""


def quantity(value: int | float) -> Fraction:
    """The number as it was written: 0.1 is a tenth. Raises ValueError if it is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    return Fraction(Decimal(repr(value)))


def as_number(value: Fraction) -> int | float:
    """The same as a number of JSON: what `quantity` was given."""
    return value.numerator if value.denominator == 1 else float(value)


def rounded(value: Fraction) -> int:
    """The nearest integer; halves go up (2.5 gives 3, -2.5 gives -2)."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def to_credits(millicredits: int) -> float:
    """Millicredits to credits, for display: 7760 gives 7.76."""
    return millicredits / MILLICREDITS
