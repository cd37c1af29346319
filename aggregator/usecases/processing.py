"""Where a process runs, and running it while the user waits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import orjson
from cachetools import LRUCache

from aggregator.documents import JsonObject, is_object
from aggregator.errors import BackendFailure, ProcessGraphMissing, ProcessInvalid
from aggregator.identity.secrets import for_logs
from aggregator.ids import federate
from aggregator.ledger.checks import check_plan
from aggregator.ledger.orders import Order, read_order
from aggregator.routing import (
    FREE,
    Abilities,
    Billing,
    CollectionAbility,
    Plan,
    Policy,
    Requirements,
    Routing,
    abilities_of,
    decide,
    owner_by_address,
    read_choice,
    read_requirements,
    without_choice,
)
from aggregator.routing.policies import ORDER
from aggregator.routing.references import OwnerOf
from aggregator.settings import Settings
from aggregator.upstream.client import Request, Stream
from aggregator.upstream.fleet import Fleet
from aggregator.upstream.metadata import Stored
from aggregator.usecases import knowledge
from aggregator.usecases.accounts import Access, name_of
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.credits import NOTHING, SYNCHRONOUS, Credits, Reservation
from aggregator.usecases.definitions import Definitions
from aggregator.usecases.federated.references import References
from aggregator.usecases.links import relinked_header
from aggregator.usecases.policies import Policies
from aggregator.usecases.translation import Translation
from aggregator.usecases.views import View, whole

LOG = logging.getLogger(__name__)

JSON = {"Content-Type": "application/json"}
PASSED_HEADERS = (
    "Content-Type",
    "Content-Length",
    "Content-Encoding",
    "Content-Disposition",
    "OpenEO-Costs",
)


@dataclass(frozen=True)
class Decision:
    """A routed request: the backend, why, and the body as the backend is to get it."""

    backend: str
    routing: Routing
    body: bytes


@dataclass(frozen=True)
class Result:
    """A synchronous result on its way; `close` must be called, read or not.

    `backend` names all of a plan, with commas.
    """

    backend: str
    routing: Routing | Plan
    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]
    close: Callable[[], None]


class Processing:
    """Routes requests with a process."""

    def __init__(
        self,
        settings: Settings,
        fleet: Fleet,
        catalogue: Catalogue,
        definitions: Definitions,
        policies: Policies,
        *,
        credits_: Credits | None = None,
        references: References | None = None,
    ) -> None:
        self._references = references
        self._settings, self._fleet, self._catalogue = settings, fleet, catalogue
        self._definitions, self._policies, self._credits = definitions, policies, credits_
        self._whole = whole(settings.public_url)
        self.translation = Translation(settings, catalogue)
        self._refined: LRUCache[Any, tuple[Any, tuple[Abilities, ...]]] = LRUCache(64)
        self._lock = threading.Lock()

    @property
    def backends(self) -> Sequence[str]:
        """The ids of all backends."""
        return self._settings.order

    def decide(
        self,
        body: JsonObject,
        view: View,
        *,
        operation: str,
        access: Access | None = None,
        backend: str | None = None,
        service_type: str | None = None,
        billing: Billing = FREE,
    ) -> Decision:
        """Find the backend for a request, or raise the error that says why there is none.

        `operation` is the endpoint that it must offer; `backend` the one that has to take it;
        `billing` says where it can be paid for.
        """
        explicit = read_choice(body, base=backend or view.backend)
        policy = self._policies.asked(body)
        process, needs = self.read(process_in(body), access)
        routing = self.route(
            needs,
            view,
            explicit,
            operation,
            service_type=service_type,
            billing=billing,
            policy=policy,
            access=access,
            taking=True,
        )
        if routing.chosen is None:
            raise routing.rejection()
        chosen = _accessible(routing, access)
        if LOG.isEnabledFor(logging.DEBUG):
            LOG.debug("%s goes to %s\n%s", operation, chosen, for_logs(routing.explain()))
        forwarded = without_choice(body) | {
            "process": self.translation.rewritten(process, chosen, view, needs.scopes)
        }
        return Decision(chosen, routing, orjson.dumps(forwarded))

    def routed(
        self,
        body: JsonObject,
        view: View,
        *,
        operation: str,
        access: Access | None,
        billing: Billing,
    ) -> Routing:
        """Who could take a request, and why not the others; nothing is chosen for good."""
        explicit, policy = read_choice(body, base=view.backend), self._policies.asked(body)
        _, needs = self.read(process_in(body), access)
        return self.route(
            needs, view, explicit, operation, billing=billing, policy=policy, access=access
        )

    def admit(
        self,
        body: JsonObject,
        access: Access,
        view: View,
        *,
        operation: str,
        activity: str,
        starts: bool = True,
        service_type: str | None = None,
    ) -> tuple[Decision, Reservation]:
        """Find the backend for what is to be paid for, and put aside credits if it `starts` now.

        Raises PaymentRequired, BudgetInvalid or BillingPlanInvalid beside what `decide` raises.
        """
        wanted = partial(
            self.decide, body, view, operation=operation, access=access, service_type=service_type
        )
        if self._credits is None:
            return wanted(), NOTHING
        order = read_order(body, activity)
        if not starts:
            decision = wanted(billing=self._credits.prospect(access, order))
            self._policies.gathering.given(decision.backend, held=False)
            return decision, NOTHING
        decision, reservation = self._credits.admit(
            access, order, lambda billing: wanted(billing=billing)
        )
        self._policies.gathering.given(decision.backend, held=True)
        return decision, reservation

    def prospect(self, access: Access | None) -> Billing:
        """Where the user could pay for it, as far as that is known."""
        if self._credits is None or access is None:
            return FREE
        return self._credits.prospect(access, Order(SYNCHRONOUS))

    def check_plan(self, backend: str, plan: str | None) -> None:
        """Raises BillingPlanInvalid if the backend is known not to offer the plan."""
        abilities = self._catalogue.shelf(self._whole).abilities
        plans = next((one.plans for one in abilities if one.backend == backend), None)
        if plans is not None:
            check_plan(plan, plans.values())

    def route(
        self,
        requirements: Requirements,
        view: View,
        explicit: str | None,
        operation: str | None = None,
        *,
        service_type: str | None = None,
        billing: Billing = FREE,
        policy: Policy = ORDER,
        access: Access | None = None,
        taking: bool = False,
    ) -> Routing:
        """Judge every backend; the collections' full metadata are looked at for this.

        The able ones are ranked by `policy`; it is `taking` where work is given to the first.
        """
        return decide(
            requirements,
            self.abilities(requirements),
            explicit=explicit,
            policy=policy,
            facts=self._policies.facts(policy, operation, taking=taking),
            reachable=None if access is None else access.credentials,
            owner_of=self.owner_of(view),
            operation=operation,
            service_type=service_type,
            billing=billing,
        )

    def result(self, body: JsonObject, view: View, access: Access, accept: str) -> Result:
        """Run a process now, on the backend that routing chooses."""
        decision, reservation = self.admit(
            body, access, view, operation="POST /result", activity=SYNCHRONOUS
        )
        headers = JSON | {"Accept": accept, "Accept-Encoding": "identity"}
        request = Request("POST", "/result", body=decision.body, headers=headers, patient=True)
        with reservation.returned_on_failure():
            stream = self._fleet.open(
                decision.backend,
                request,
                access.at(decision.backend),
                deadline=self._settings.upstream.result_deadline,
            )
            if stream.status != 200:
                stream.close()
                said = f"it answers with status {stream.status} instead of a result"
                raise BackendFailure(decision.backend, "HTTP", said)
        passed = self._result_headers(stream, decision.backend, view)
        costs = reservation.answered(stream.headers.get("OpenEO-Identifier", ""))
        if costs is not None:
            passed["OpenEO-Costs"] = f"{costs:.15g}"
        return Result(
            decision.backend,
            decision.routing,
            stream.status,
            passed,
            stream.chunks(),
            stream.close,
        )

    def read(self, process: JsonObject, access: Access | None) -> tuple[JsonObject, Requirements]:
        """The process with the users' processes that it calls written out, and what it needs.

        Results of federated jobs that it loads are those of their last parts.
        """
        needs = read_requirements(process)
        if self._references is not None and self._references.concerned(needs):
            process = self._references.resolved(process, access)
            needs = read_requirements(process)
        if self._definitions.concerned(needs.processes):
            user = name_of(access, self._settings.identity) if access else None
            process = self._definitions.written_out(process, user)
            needs = read_requirements(process)
        return process, needs

    def owner_of(self, view: View) -> OwnerOf:
        """Finds the backend that holds a job, by its id or its address in that view."""
        addresses = self._catalogue.shelf(self._whole).addresses
        return owner_by_address(addresses, federation=self.translation.own_urls(view))

    def details(self, requirements: Requirements) -> dict[str, dict[str, Stored]]:
        """What is known of the collections needed in full, by federated id and backend."""
        names = self._catalogue.shelf(self._whole).names
        return {
            need.id: self._catalogue.details(dict(names.resolve(need.id)))
            for need in requirements.collections
        }

    def abilities(self, requirements: Requirements) -> tuple[Abilities, ...]:
        """The abilities of all backends, with all that is known of the collections needed."""
        shelf, details = self._catalogue.shelf(self._whole), self.details(requirements)
        mark = tuple(
            (name, backend, stored.digest)
            for name, found in details.items()
            for backend, stored in found.items()
        )
        with self._lock:
            kept = self._refined.get(mark)
        if kept is None or kept[0] is not shelf.abilities:
            refined = tuple(_refined(one, details) for one in shelf.abilities)
            kept = (shelf.abilities, refined)
            with self._lock:
                self._refined[mark] = kept
        return knowledge.with_status(kept[1], self._catalogue.known(self._whole))

    def _result_headers(self, stream: Stream, backend: str, view: View) -> dict[str, str]:
        headers = {name: stream.headers[name] for name in PASSED_HEADERS if name in stream.headers}
        identifier = stream.headers.get("OpenEO-Identifier")
        if identifier:
            headers["OpenEO-Identifier"] = federate(backend, identifier)
        links = stream.headers.get("Link")
        link = relinked_header(links, self.translation.origin(backend), view) if links else ""
        return headers | ({"Link": link} if link else {})


def process_in(body: JsonObject) -> JsonObject:
    """The process of a request. Raises ProcessGraphMissing or ProcessInvalid if it has none."""
    process = body.get("process")
    if process is None:
        raise ProcessGraphMissing(
            "The request has no process: its property 'process' must be an object with a "
            "'process_graph'."
        )
    if not is_object(process):
        raise ProcessInvalid("The property 'process' must be an object with a 'process_graph'.")
    return process


def _accessible(routing: Routing, access: Access | None) -> str:
    """The most preferred backend at which the user is known."""
    if access is None:
        return routing.able[0]
    usable = [backend for backend in routing.able if backend in access.credentials]
    if not usable:
        access.at(routing.able[0])
    return usable[0]


def _refined(one: Abilities, details: Mapping[str, Mapping[str, Any]]) -> Abilities:
    """The abilities with what the collections' full metadata add to the listing."""
    found: dict[str, CollectionAbility] = {}
    for name, stored in details.items():
        if one.backend in stored and name in (one.collections or {}):
            document = stored[one.backend].document
            own = abilities_of(one.backend, collections=[document]).collections or {}
            found |= dict.fromkeys([name], *own.values())
    if not found or one.collections is None:
        return one
    return replace(one, collections={**one.collections, **found})
