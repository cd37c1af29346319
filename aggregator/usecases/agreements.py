"""The federation's terms: what they are, who has agreed, and the page on which that is done."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from aggregator.errors import ConsentRequired, NotFound
from aggregator.identity.consent import Consent, Deed, Event, as_json, consent, next_event
from aggregator.settings import Settings
from aggregator.storage.consents import Consents
from aggregator.usecases import knowledge
from aggregator.usecases.accounts import Access
from aggregator.usecases.tickets import Holder, Tickets


class Agreements:
    """What users agree to before their data go to the members; off without a version of terms."""

    def __init__(
        self,
        settings: Settings,
        consents: Consents,
        tickets: Tickets,
        clock: Callable[[], float],
    ) -> None:
        self._settings, self._consents = settings, consents
        self._tickets, self._clock = tickets, clock
        self._version = settings.terms.version

    @property
    def asked(self) -> bool:
        """Whether users have to agree to anything."""
        return self._version is not None

    @property
    def version(self) -> str:
        """The version of the terms; NotFound if there are none."""
        if self._version is None:
            raise NotFound("This federation has no terms that users have to agree to.")
        return self._version

    def refusal(self, access: Access) -> ConsentRequired | None:
        """The error for a user who has not agreed, with the address of the page to do so."""
        if not self.asked:
            return None
        last = self._consents.last(access.issuer, access.user_id)
        if Consent(self.version, last).given:
            return None
        return ConsentRequired(self.version, self.page(holder_of(access)))

    def page(self, holder: Holder) -> str:
        """The address of the page for this user, good for an hour."""
        return f"{self.address}?ticket={self._tickets.ticket(holder)}"

    @property
    def address(self) -> str:
        """The address of the page for everybody."""
        return self._settings.public_url.rstrip("/") + "/federation/terms"

    def holder(self, ticket: str) -> Holder | None:
        """For whom the page was opened; None if the ticket is none, or too old."""
        return self._tickets.holder(ticket)

    def do(self, deed: Deed, holder: Holder) -> None:
        """Record that a user agrees to the present terms, or withdraws from those agreed to."""
        now = int(self._clock() * 1000)

        def then(last: Event | None) -> Event | None:
            return next_event(Consent(self.version, last), deed, now)

        self._consents.add(holder.issuer, holder.user_id, partial(then))

    def standing(self, holder: Holder) -> Consent:
        """Where a user stands with the present terms."""
        return consent(self.version, self._consents.record(holder.issuer, holder.user_id))

    def terms(self) -> dict[str, Any]:
        """The terms, for everybody."""
        terms = self._settings.terms
        links = [
            {"rel": rel, "href": href}
            for rel, href in (
                ("terms-of-service", terms.url),
                ("privacy-policy", terms.privacy_url),
            )
            if href
        ]
        return {
            "version": self.version,
            **({"text": terms.text} if terms.text.strip() else {}),
            "members": {b.id: b.title or b.id for b in self._settings.backends},
            "links": [{"rel": "self", "href": self.address}, *links],
        }

    def agreement(self, holder: Holder) -> dict[str, Any]:
        """What a user has agreed to and when, and what there is to agree to."""
        events = self._consents.record(holder.issuer, holder.user_id)
        return {
            "version": self.version,
            "agreed": consent(self.version, events).given,
            "record": [as_json(event, str(knowledge.moment(event.at / 1000))) for event in events],
            "links": [
                {"rel": "terms-of-service", "href": self.page(holder), "type": "text/html"},
            ],
        }


def holder_of(access: Access) -> Holder:
    """The user who asks, as records name them."""
    return Holder(access.issuer, access.user_id)
