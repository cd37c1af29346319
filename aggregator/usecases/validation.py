"""What is wrong with a process, and who can run it: asked of those that could."""

from __future__ import annotations

from typing import Any

import orjson

from aggregator.documents import JsonObject, objects
from aggregator.errors import OpenEOError
from aggregator.routing import Routing, invalid, read_choice, validation, without_choice
from aggregator.settings import Settings
from aggregator.upstream.client import Request
from aggregator.upstream.fleet import Fleet
from aggregator.usecases.accounts import Access
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.policies import Policies
from aggregator.usecases.processing import JSON, Processing
from aggregator.usecases.verdicts import verdict
from aggregator.usecases.views import View, whole


class Validation:
    """Judges processes by what is known of the backends, then has the able ones check them."""

    def __init__(
        self,
        settings: Settings,
        fleet: Fleet,
        catalogue: Catalogue,
        policies: Policies,
        processing: Processing,
    ) -> None:
        self._settings, self._fleet, self._catalogue = settings, fleet, catalogue
        self._policies, self._processing = policies, processing
        self._whole = whole(settings.public_url)

    def of(
        self, body: JsonObject, view: View, access: Access | None
    ) -> tuple[dict[str, Any], Routing | None]:
        """What is wrong with a process and who can run it (Federation Extension), and why.

        A process that is malformed comes without a decision.
        """
        process: JsonObject = without_choice(body)
        try:
            explicit, policy = read_choice(body, base=view.backend), self._policies.asked(body)
            process, requirements = self._processing.read(process, access)
        except OpenEOError as error:
            return invalid([error], self._settings.order).as_json(), None
        routing = self._processing.route(
            requirements,
            view,
            explicit,
            billing=self._processing.prospect(access),
            policy=policy,
            access=access,
        )
        if not routing.able:
            return validation(routing).as_json(), routing
        return self._asked(process, routing, view, access), routing

    def _asked(
        self, process: JsonObject, routing: Routing, view: View, access: Access | None
    ) -> dict[str, Any]:
        """What the able backends themselves say; who has no validation or refuses it is able."""
        offering = self._catalogue.offering(self._whole, "POST /validation")
        rewritten = self._processing.translation.rewritten
        requests = {
            backend: Request(
                "POST",
                "/validation",
                body=orjson.dumps(rewritten(process, backend, view)),
                headers=JSON,
            )
            for backend in self._settings.order
            if backend in routing.able and backend in offering
        }
        answers = self._fleet.ask_all(
            requests,
            access.credentials if access else {},
            deadline=self._settings.upstream.listing_deadline,
        )
        errors = {backend: objects(d, "errors") for backend, d in answers.documents.items()}
        return verdict(routing, errors, answers.failures)
