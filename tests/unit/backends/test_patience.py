"""Others are waited for in growing pauses, for a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from backends.addresses import Away
from backends.errors import OpenEOError
from backends.patience import Patience


@dataclass
class Time:
    """A clock that only pauses move on."""

    now: float = 0.0
    pauses: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def patience(self, seconds: float) -> Patience:
        return Patience(seconds, self.said.append, self._sleep, lambda: self.now)

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def away() -> Away:
    return Away("http://127.0.0.1:1/a", "Connection refused")


def test_a_server_that_is_away_is_asked_again_until_it_answers() -> None:
    time = Time()
    answers: Iterator[Away | str] = iter([away(), away(), away(), "here"])

    def ask() -> str:
        answer = next(answers)
        if isinstance(answer, Away):
            raise answer
        return answer

    assert time.patience(60).asking(ask) == "here"
    assert time.pauses == [1, 2, 4]
    assert time.said == [
        "'http://127.0.0.1:1/a' cannot be loaded: Connection refused. It is tried again."
    ]


@pytest.mark.parametrize(
    ("seconds", "pauses"), [(0, []), (5, [1, 2, 2]), (30, [1, 2, 4, 8, 10, 5])]
)
def test_patience_ends(seconds: float, pauses: list[float]) -> None:
    time = Time()

    def ask() -> str:
        raise away()

    with pytest.raises(OpenEOError, match="Connection refused"):
        time.patience(seconds).asking(ask)
    assert time.pauses == pauses


def test_what_will_not_come_is_not_waited_for() -> None:
    time = Time()

    def ask() -> str:
        raise OpenEOError("UrlNotAvailable", "It answers with status 404.")

    with pytest.raises(OpenEOError, match="404"):
        time.patience(60).asking(ask)
    assert time.pauses == []
