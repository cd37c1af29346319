"""What can go wrong on the way, by kind; each kind's docstring is its documentation."""

from dataclasses import dataclass
from typing import ClassVar, Final


@dataclass(frozen=True)
class Effect:
    """Something that goes wrong with a request. A fault of this kind is written as its name."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True)
class Delay(Effect):
    """The answer comes `seconds` late, and up to `jitter` seconds later still."""

    kind: ClassVar[str] = "delay"
    seconds: float = 1.0
    jitter: float = 0.0


@dataclass(frozen=True)
class Error(Effect):
    """The answer is an error with that `status`.

    In openEO's form if a `code` is given, otherwise a web page; `retry_after` seconds are
    announced unless 0.
    """

    kind: ClassVar[str] = "error"
    status: int = 500
    code: str = ""
    message: str = "This error was switched on."
    retry_after: int = 0


@dataclass(frozen=True)
class Hang(Effect):
    """Nothing comes for `seconds`; then, if the peer still waits, the right answer."""

    kind: ClassVar[str] = "hang"
    seconds: float = 600.0


@dataclass(frozen=True)
class Reset(Effect):
    """The connection is reset in place of an answer."""

    kind: ClassVar[str] = "reset"


@dataclass(frozen=True)
class Outage(Effect):
    """The backend is away: every connection is reset.

    With a `status` such as 503 a reverse proxy is there, which says so in a web page of its own.
    """

    kind: ClassVar[str] = "outage"
    status: int = 0


@dataclass(frozen=True)
class HalfBody(Effect):
    """The connection ends after this `share` of the body, though its whole length was said."""

    kind: ClassVar[str] = "half-body"
    share: float = 0.5


@dataclass(frozen=True)
class Garbage(Effect):
    """The body is no JSON though its type says so."""

    kind: ClassVar[str] = "garbage"


@dataclass(frozen=True)
class Scramble(Effect):
    """A `share` of the values in JSON are of wrong types; which ones depends on `salt` alone."""

    kind: ClassVar[str] = "scramble"
    share: float = 0.05
    salt: int = 0


@dataclass(frozen=True)
class ContentType(Effect):
    """The right body has a wrong media `type`."""

    kind: ClassVar[str] = "content-type"
    type: str = "text/html"


@dataclass(frozen=True)
class Drip(Effect):
    """The right body comes `size` bytes at a time with `seconds` between them."""

    kind: ClassVar[str] = "drip"
    size: int = 1
    seconds: float = 0.5


@dataclass(frozen=True)
class Endless(Effect):
    """The body never ends: `size` bytes more every `seconds`."""

    kind: ClassVar[str] = "endless"
    size: int = 65_536
    seconds: float = 0.0


@dataclass(frozen=True)
class RedirectLoop(Effect):
    """The answer redirects to the same place with another query, with that `status`."""

    kind: ClassVar[str] = "redirect-loop"
    status: int = 302


@dataclass(frozen=True)
class Giant(Effect):
    """The right JSON is followed by blanks until it has that many `megabytes`."""

    kind: ClassVar[str] = "giant"
    megabytes: float = 1024.0


@dataclass(frozen=True)
class Clock(Effect):
    """The clock is `ahead` or `behind` by seconds: the header Date, and timestamps in JSON."""

    kind: ClassVar[str] = "clock"
    ahead: float = 0.0
    behind: float = 0.0

    @property
    def offset(self) -> float:
        """Seconds to add to a right time."""
        return self.ahead - self.behind


@dataclass(frozen=True)
class Broken(Effect):
    """A rule of the contract is broken, the one of that name (with its value after a colon)."""

    kind: ClassVar[str] = "rule"
    rule: str = ""


KINDS: Final[dict[str, type[Effect]]] = {
    effect.kind: effect
    for effect in (
        *(Delay, Error, Hang, Reset, Outage, HalfBody, Garbage, Scramble, ContentType, Drip),
        *(Endless, RedirectLoop, Giant, Clock, Broken),
    )
}
