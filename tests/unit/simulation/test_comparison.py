from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as some

from scripts.simulation.comparison import jain, quantile

SHARES = some.lists(some.integers(0, 10**6).map(Fraction), min_size=1)


def test_fairness_is_one_where_all_have_the_same_and_one_nth_where_one_has_all() -> None:
    assert jain([Fraction(3)] * 4) == 1
    assert jain([Fraction(3), Fraction(0), Fraction(0)]) == Fraction(1, 3)
    assert jain([]) == jain([Fraction(0)]) == 1, "where nobody has anything nobody is worse off"


@given(SHARES, some.integers(1, 1000))
def test_fairness_lies_between_these_and_has_no_unit(shares: list[Fraction], unit: int) -> None:
    assert Fraction(1, len(shares)) <= jain(shares) <= 1
    assert jain([share * unit for share in shares]) == jain(shares)


def test_a_quantile_is_the_least_value_that_so_many_do_not_exceed() -> None:
    assert quantile([*range(1, 101)], 95) == 95
    assert quantile([7, 1], 95) == 7
    assert quantile([7, 1], 50) == 1
    assert quantile([], 95) == 0
