"""What a rule says about a backend, and what all rules together say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aggregator.routing.billing import FREE, Billing
from aggregator.routing.references import OwnerOf, keeper_of
from aggregator.routing.requirements import ReferenceNeed
from aggregator.routing.suggestions import shortened


def _nobody(_reference: str) -> str | None:
    return None


@dataclass(frozen=True)
class Reason:
    """Why a backend cannot run a process.

    `text` continues a sentence that begins with the backend's name; `path` is the node that needs
    what is lacking (empty if it is the request as a whole).
    """

    rule: str
    text: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.text} (node '{shortened(self.path, 150)}')" if self.path else self.text


@dataclass(frozen=True)
class Verdict:
    """The reasons against one backend; none if it is able. `more` says if some are not listed."""

    backend: str
    reasons: tuple[Reason, ...] = ()
    more: bool = False

    @property
    def able(self) -> bool:
        """Whether the backend can run the process now."""
        return not self.reasons

    @property
    def able_if_online(self) -> bool:
        """Whether nothing but being offline stands in its way."""
        return all(reason.rule == "online" for reason in self.reasons)


@dataclass(frozen=True)
class Asked:
    """The request around the process, as far as rules look at it.

    `explicit` is the backend that the request names, `operation` the endpoint that the process is
    for (such as `POST /jobs`), `service_type` the type if it is for a web service, `owner_of` finds
    the backend that holds a job or address, and `billing` says how it is to be paid for.
    """

    members: Sequence[str]
    explicit: str | None = None
    operation: str | None = None
    service_type: str | None = None
    owner_of: OwnerOf = _nobody
    billing: Billing = FREE

    def holder_of(self, need: ReferenceNeed) -> str | None:
        """The backend that holds what is referred to, if that is known."""
        if need.kind == "file":
            return keeper_of(need.reference, self.members)
        return self.owner_of(need.reference)
