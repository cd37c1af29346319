"""What users own at backends (batch jobs, web services), under federated ids that say where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Protocol
from urllib.parse import quote, unquote

import orjson

from aggregator.documents import JsonObject, is_array, objects, text
from aggregator.errors import (
    BackendError,
    BackendFailure,
    BackendUnavailable,
    DatabaseUnavailable,
    FeatureUnsupported,
    NoBackendForProcess,
    OpenEOError,
)
from aggregator.ids import IdentifierError, federate, split
from aggregator.ledger.orders import read_order
from aggregator.routing import FREE, Billing, read_choice, read_policy, without_choice
from aggregator.settings import Settings
from aggregator.storage.holding import Opened
from aggregator.upstream.client import Answer, Request
from aggregator.upstream.failures import FAILURES, Failure
from aggregator.upstream.fleet import Fleet
from aggregator.usecases.accounts import Access, absent, refusal
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.job_accounts import JobAccounts
from aggregator.usecases.links import relinked
from aggregator.usecases.listings import Item, begin, read_page
from aggregator.usecases.processing import JSON, Processing
from aggregator.usecases.views import View

# More fits into no request line, and dots are steps in a path.
ID_LENGTH = 1000
FAILED_JOB = frozenset({424})
# What openEO answers when it is done, whichever success a backend tells of.
DONE = {"GET": 200, "POST": 202, "PATCH": 204, "DELETE": 204}

Shape = Callable[[str, JsonObject], JsonObject]


class Explains(Protocol):
    """Says why something went where it did."""

    def explain(self) -> str:
        """Text of several lines, for people."""
        ...


class Beside(Protocol):
    """What is listed beside what the backends list, and which of theirs are left out.

    `query` is what a request for such a list says beside limit and cursor.
    """

    name: str
    query: Mapping[str, str]

    def page(self, query: Mapping[str, str]) -> JsonObject:
        """A page as a backend would give it."""
        ...

    def hides(self, backend: str, document: JsonObject) -> bool:
        """Whether that one of a backend is left out."""
        ...


@dataclass(frozen=True)
class Created:
    """Something new, and where it went: a backend, or several of them with commas."""

    identifier: str
    backend: str
    routing: Explains


@dataclass(frozen=True)
class Reply:
    """A backend's answer about one of them, as the federation passes it on.

    `document` is None where the backend sends none.
    """

    status: int
    document: Mapping[str, Any] | None
    costs: str | None = None


class Resources:
    """What can be done with all that users own; `collection` is the path and the key of a list,
    `activity` what kind of work they are to accounting."""

    collection: ClassVar[str]
    activity: ClassVar[str]
    unknown: ClassVar[Callable[[str, str], OpenEOError]]

    def __init__(
        self,
        settings: Settings,
        fleet: Fleet,
        catalogue: Catalogue,
        processing: Processing,
        accounts: JobAccounts | None = None,
    ) -> None:
        self._settings, self._fleet = settings, fleet
        self._catalogue, self._processing = catalogue, processing
        self._accounts = accounts

    def create(self, body: JsonObject, access: Access, view: View) -> Created:
        """Create one at the backend that routing chooses, with every field of the request."""
        decision, reservation = self._processing.admit(
            body,
            access,
            view,
            operation=f"POST /{self.collection}",
            activity=self.activity,
            starts=self._starts(body),
            service_type=self._service_type(body),
        )
        backend = decision.backend
        request = Request("POST", f"/{self.collection}", body=decision.body, headers=JSON)
        with reservation.returned_on_failure():
            answer = self._ask(backend, request, access)
        local_id = id_of(answer, self.collection)
        if not local_id:
            raise BackendFailure(backend, "content", "it does not say the id of what it created")
        reservation.answered(local_id)
        return Created(federate(backend, local_id), backend, decision.routing)

    def list(
        self,
        access: Access,
        view: View,
        limit: int | None,
        cursor: str | None,
        beside: Beside | None = None,
    ) -> dict[str, Any]:
        """One page of what the user has at all backends; CursorError for a cursor not ours."""
        known = list(self._catalogue.known(view))
        offering = self._catalogue.offering(view, f"GET /{self.collection}")
        if not offering:
            raise FeatureUnsupported()
        asked_at = self._accounts.now() if self._accounts else 0
        usable = [b for b in known if b in access.credentials and b in offering]
        asked = begin(cursor, [*([beside.name] if beside else []), *usable])
        listing = read_page(
            asked,
            path=f"/{self.collection}",
            key=self.collection,
            limit=limit,
            ask=partial(self._ask_all, access, beside),
            deadline=self._settings.upstream.listing_deadline,
        )
        refused = refusal(listing.failures)
        if refused is not None and asked.keys() & {*usable} <= listing.failures.keys():
            raise refused
        shown = self._shown(listing.items, access, asked_at)
        restored, own = self._processing.translation.restored, beside.name if beside else ""
        items = [
            dict(i.document)
            if i.backend == own
            else named(i.backend, restored(i.document, i.backend, view))
            for i in shown
        ]
        page: dict[str, Any] = {self.collection: items, "links": []}
        if listing.cursor is not None:
            query = dict(beside.query) if beside else {}
            query |= ({"limit": str(limit)} if limit else {}) | {"next": listing.cursor}
            page["links"] = [{"rel": "next", "href": view.link(self.collection, query=query)}]
        missing = absent(access, listing.failures, [own, *(b for b in known if b in offering)])
        return page | ({"federation:missing": missing} if missing else {})

    def read(self, identifier: str, access: Access, view: View) -> Reply:
        """The full metadata of one."""

        def shaped(backend: str, document: JsonObject) -> JsonObject:
            return named(backend, self._processing.translation.restored(document, backend, view))

        return self._reply(identifier, Request("GET", ""), access, view, shaped)

    def update(self, identifier: str, body: JsonObject, access: Access, view: View) -> Reply:
        """Change one; a new process must be one that its backend can run."""
        backend, _ = self._located(identifier, view)
        billing = self._changed_billing(backend, body)
        if "process" in body:
            changes = self._processing.decide(
                body,
                view,
                operation=self._patch,
                access=access,
                backend=backend,
                billing=billing,
            ).body
        else:
            read_choice(body, base=backend)
            read_policy(body)
            self._processing.check_plan(backend, billing.plan)
            changes = orjson.dumps(without_choice(body))
        request = Request("PATCH", "", body=changes, headers=JSON)
        return self._reply(identifier, request, access, view)

    def delete(self, identifier: str, access: Access, view: View) -> Reply:
        """Delete one with all that belongs to it."""
        return self._reply(identifier, Request("DELETE", ""), access, view)

    def logs(self, identifier: str, query: Mapping[str, str], access: Access, view: View) -> Reply:
        """The log entries of one."""
        request = Request("GET", "/logs", query)
        return self._reply(identifier, request, access, view, _logged)

    def ask_at(self, backend: str, request: Request, access: Access) -> JsonObject:
        """The document with which a backend answers its user."""
        return self._fleet.clients[backend].read(self._ask(backend, request, access))

    def _ask_all(
        self,
        access: Access,
        beside: Beside | None,
        requests: Mapping[str, Request],
        deadline: float,
    ) -> tuple[Mapping[str, JsonObject], Mapping[str, Failure]]:
        """Pages of the backends, and of what is listed beside them."""
        asked = {b: r for b, r in requests.items() if beside is None or b != beside.name}
        documents, failures = ask_all(self._fleet, access, asked, deadline)
        if beside is None:
            return documents, failures
        kept: dict[str, JsonObject] = {
            backend: {
                **page,
                self.collection: [
                    one for one in objects(page, self.collection) if not beside.hides(backend, one)
                ],
            }
            for backend, page in documents.items()
        }
        if beside.name in requests:
            try:
                kept[beside.name] = beside.page(requests[beside.name].query)
            except DatabaseUnavailable:
                failures = {**failures, beside.name: BackendUnavailable(beside.name)}
        return kept, failures

    def _shown(
        self,
        items: Sequence[Item],
        access: Access,  # noqa: ARG002 - jobs are seen by their owner
        asked: int,  # noqa: ARG002 - at a moment
    ) -> Sequence[Item]:
        """The items of a listing as users see them."""
        return items

    def _changed_billing(self, backend: str, body: JsonObject) -> Billing:
        """What changes of an update are to be judged by: plan, and a budget that can be one."""
        if self._accounts is None or not self._accounts.accounts_for(backend):
            return FREE
        return Billing(plan=read_order(body, self.activity).plan)

    @contextmanager
    def _called_off_unless(
        self, opened: Opened | None, is_at_work: Callable[[], bool]
    ) -> Iterator[None]:
        """Gives back what was put aside if what is done in this context fails to start the work.

        After a refusal the backend is asked, since another request may have started it. Where it
        cannot be known the hold stays until a report or its time settles it.
        """
        try:
            yield
        except BackendUnavailable:
            self._call_off(opened)
            raise
        except BackendError:
            with suppress(*FAILURES):
                if opened is not None and opened.fresh and not is_at_work():
                    self._call_off(opened)
            raise

    def _call_off(self, opened: Opened | None) -> None:
        if self._accounts is not None and opened is not None and opened.fresh:
            self._accounts.call_off(opened)

    def _document(self, backend: str, local_id: str, below: str, access: Access) -> JsonObject:
        """The document of one, or of what stands below it, as its backend gives it."""
        path = f"/{self.collection}/{quote(local_id, safe='')}{below}"
        return self.ask_at(backend, Request("GET", path), access)

    def _takes_work(self, identifier: str, view: View) -> None:
        """Raises NoBackendForProcess if the backend of that one is excluded."""
        backend, _ = self._located(identifier, view)
        excluded = self._catalogue.known(view)[backend].excluded
        if excluded:
            said = f"It is at backend {backend}, which takes no new work: it {excluded}."
            raise NoBackendForProcess(said)

    @property
    def _patch(self) -> str:
        return f"PATCH /{self.collection}/{{id}}"

    def _starts(self, body: JsonObject) -> bool:  # noqa: ARG002 - services may
        """Whether what is created with this body begins to work at once."""
        return False

    def _service_type(self, body: JsonObject) -> str | None:  # noqa: ARG002 - services have one
        return None

    def _located(self, identifier: str, view: View) -> tuple[str, str]:
        try:
            backend, local_id = split(identifier, self._catalogue.known(view))
            if local_id in (".", "..") or len(local_id) > ID_LENGTH:
                raise IdentifierError(identifier)
            return backend, local_id
        except IdentifierError as error:
            hint = "Ids begin with the id of their backend and a dash."
            raise type(self).unknown(identifier[:200], hint) from error

    def _reply(
        self,
        identifier: str,
        below: Request,
        access: Access,
        view: View,
        shape: Shape = lambda _, document: document,
    ) -> Reply:
        """Ask what the request's path names below the one."""
        backend, local_id = self._located(identifier, view)
        path = f"/{self.collection}/{quote(local_id, safe='')}{below.path}"
        answer = self._ask(backend, replace(below, path=path), access)
        costs = answer.headers.get("OpenEO-Costs")
        if below.method != "GET":
            return Reply(DONE[below.method], None, costs)
        document = self._fleet.clients[backend].read(answer)
        if answer.status in FAILED_JOB:
            return Reply(answer.status, _telling(backend, answer.status, document), costs)
        origin = self._processing.translation.origin(backend, answer.url)
        return Reply(DONE["GET"], relinked(shape(backend, document), origin, view), costs)

    def _ask(self, backend: str, request: Request, access: Access) -> Answer:
        self._fleet.guard(backend)  # before it is asked who the user is there
        deadline = self._settings.upstream.request_deadline
        return self._fleet.ask(backend, request, access.at(backend), deadline=deadline)


def named(backend: str, document: JsonObject) -> dict[str, Any]:
    """The document with its federated id, and the backend at which it lives.

    Raises BackendFailure if it has no id.
    """
    local_id = text(document, "id")
    if not local_id:
        raise BackendFailure(backend, "content", "it answers without the id of what was asked for")
    return {**document, "id": federate(backend, local_id), "federation:backends": [backend]}


def _telling(backend: str, status: int, document: JsonObject) -> JsonObject:
    """What a backend tells of an error; BackendFailure if that is nothing."""
    if not text(document, "message"):
        reason = f"status {status} without an openEO error"
        raise BackendFailure(backend, "HTTP", reason, status_there=status)
    return document


def _logged(backend: str, document: JsonObject) -> JsonObject:
    if not is_array(document.get("logs")):
        raise BackendFailure(backend, "content", "it answers without the entries of the log")
    return {"links": [], **document, "logs": objects(document, "logs")}


def ask_all(
    fleet: Fleet, access: Access, requests: Mapping[str, Request], deadline: float
) -> tuple[Mapping[str, JsonObject], Mapping[str, Failure]]:
    """Asks backends for a listing, each with the user's credentials there."""
    answers = fleet.ask_all(requests, access.credentials, deadline=deadline)
    return answers.documents, answers.failures


def id_of(answer: Answer, collection: str) -> str:
    """The backend's own id of what it says to have created; empty if it does not say."""
    location = answer.headers.get("Location", "")
    return answer.headers.get("OpenEO-Identifier") or _id_in(location, collection)


def _id_in(location: str, collection: str) -> str:
    """The id at the end of an address below the collection, on whatever host that is."""
    parent, _, last = location.partition("?")[0].rstrip("/").rpartition("/")
    return unquote(last) if parent.rpartition("/")[2] == collection else ""
