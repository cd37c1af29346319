"""What a user reads of themselves: what members say, joined with what the federation knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aggregator.errors import OpenEOError
from aggregator.usecases.accounts import Access, Accounts
from aggregator.usecases.admission import Admission
from aggregator.usecases.agreements import Agreements, holder_of
from aggregator.usecases.views import View

Addition = Callable[[Access, View], Mapping[str, Any]]
"""What a part of the federation knows of a user, as members of `GET /me`; `links` are joined."""


class Profiles:
    """The answer to `GET /me`."""

    def __init__(
        self,
        accounts: Accounts,
        admission: Admission,
        agreements: Agreements,
        additions: Sequence[Addition] = (),
    ) -> None:
        self._accounts, self._admission = accounts, admission
        self._agreements, self._additions = agreements, tuple(additions)

    def of(self, access: Access, view: View) -> dict[str, Any]:
        """All that is known of the user. Members are asked only if they may work for the user."""
        refusal = self._admission.refusal(access)
        found = self._accounts.me(access, view, members=refusal is None)
        links = [*found.pop("links", ()), *self._links(access, refusal)]
        if refusal is not None:
            found["federation:refusal"] = {"code": refusal.code, "message": refusal.message}
        for addition in self._additions:
            more = dict(addition(access, view))
            links += more.pop("links", ())
            found |= more
        return found | {"links": links}

    def _links(self, access: Access, refusal: OpenEOError | None) -> list[Any]:
        """What the user lacks and where it is to be had, or the terms that hold."""
        if refusal is not None:
            return [dict(link) for link in refusal.links]
        if not self._agreements.asked:
            return []
        page = self._agreements.page(holder_of(access))
        return [{"rel": "related", "href": page, "title": "The terms you have agreed to"}]
