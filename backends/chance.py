"""Numbers that look random and are decided by other numbers alone; there is no state."""

from __future__ import annotations

from typing import Final

MASK: Final = 0xFFFFFFFF


def mixed(*numbers: int) -> int:
    """One well-mixed 32-bit number from several whole numbers."""
    state = 0x9E3779B9
    for number in numbers:
        state = (state ^ (number & MASK)) * 0x85EBCA6B & MASK
        state = ((state ^ (state >> 13)) * 0xC2B2AE35) & MASK
        state ^= state >> 16
    return state


def share(*numbers: int) -> float:
    """A number from 0 to 1 (not included) that several whole numbers decide."""
    return mixed(*numbers) / 2.0**32
