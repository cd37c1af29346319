"""Signed links to joined results: who has one reads them without a login, for a time.

They are those that the user got when the link was made: nothing is asked of a backend for whoever
has the link, since no credentials are kept for that. The files in them are at the backends, behind
their own signatures. A link ends with the job, and when the job is run again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from aggregator.documents import JsonObject
from aggregator.errors import DatabaseUnavailable, JobNotFound, ResultLinkExpired, TokenInvalid
from aggregator.moments import rfc3339
from aggregator.storage.federated_jobs import FederatedJob
from aggregator.storage.federated_results import FederatedResults
from aggregator.usecases.federated.references import SIGNATURE
from aggregator.usecases.resources import Reply
from aggregator.usecases.views import View

PURPOSE = b"links to results"
DAYS = 7
"""How long a link is good at most; not longer than the files in the results."""


class Sharing:
    """Makes links and reads what they lead to; `key` is that of the federation."""

    def __init__(self, store: FederatedResults, key: str, clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock
        self._key = hashlib.blake2b(PURPOSE, key=key.encode(), digest_size=32).digest()

    def shared(
        self, job: FederatedJob, document: JsonObject, until: int | None, view: View
    ) -> dict[str, Any]:
        """The results with a signed link (`rel=canonical`); files can be had `until` then.

        Without the link if they cannot be kept for it.
        """
        latest = int(self._clock() * 1000) + DAYS * 86_400_000
        expires, run = min(until or latest, latest) // 1000, job.state.run
        stated = {**document, "expires": rfc3339(expires * 1000)}
        try:
            if not self._store.keep(job.state.id, run, stated):
                return dict(document)
        except DatabaseUnavailable:
            return dict(document)
        return _linked(stated, "canonical", self._address(job.state.id, run, expires, view))

    def read(self, identifier: str, query: Mapping[str, str], view: View) -> Reply:
        """What a link leads to.

        Raises TokenInvalid for a link that was not made here, ResultLinkExpired for one that is too
        old or of an earlier run, and JobNotFound.
        """
        run, expires = _number(query.get("run")), _number(query.get("expires"))
        wanted = self._signature(identifier, run, expires)
        if not hmac.compare_digest(wanted.encode(), query.get(SIGNATURE, "").encode()):
            raise TokenInvalid(
                "The signature of this link to results is not valid. Ask for the results of the "
                "job to get a new link."
            )
        if expires <= self._clock():
            raise ResultLinkExpired
        try:
            document = self._store.read(identifier, run)
        except KeyError:
            raise JobNotFound(identifier[:200]) from None
        if document is None:
            raise ResultLinkExpired("The job was run again. Ask for its results again.")
        address = self._address(identifier, run, expires, view)
        return Reply(200, _linked(_linked(document, "canonical", address), "self", address))

    def _address(self, identifier: str, run: int, expires: int, view: View) -> str:
        signature = self._signature(identifier, run, expires)
        query = {"run": str(run), "expires": str(expires), SIGNATURE: signature}
        return view.link("jobs", identifier, "results", query=query)

    def _signature(self, identifier: str, run: int, expires: int) -> str:
        signed = f"{identifier}/{run}/{expires}".encode()
        return hmac.new(self._key, signed, hashlib.sha256).hexdigest()


def _linked(document: JsonObject, relation: str, address: str) -> dict[str, Any]:
    link = {"rel": relation, "href": address, "type": "application/json"}
    return {**document, "links": [link, *document["links"]]}


def _number(given: str | None) -> int:
    """A number in a query; -1, for which nothing is signed, if it is none."""
    known = given is not None and given.isascii() and given.isdigit() and len(given) < 13
    return int(given) if known and given else -1
