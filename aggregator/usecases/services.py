"""Secondary web services: each lives at one backend, at an address of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from aggregator.documents import JsonObject, flag, is_text
from aggregator.errors import (
    BackendUnavailable,
    NoBackendForProcess,
    ServiceNotFound,
    ServiceUnsupported,
)
from aggregator.routing import Plan
from aggregator.upstream.client import Request
from aggregator.usecases.accounts import Access
from aggregator.usecases.credits import BATCH, SERVICE
from aggregator.usecases.federated.planning import BATCH_ONLY, Planning, no_tiles, with_sentence
from aggregator.usecases.listings import Item
from aggregator.usecases.resources import Created, Reply, Resources, named
from aggregator.usecases.splitting import Whole
from aggregator.usecases.views import View


class Services(Resources):
    """What can be done with web services; users reach them at the backend's own addresses."""

    collection = "services"
    activity = SERVICE
    unknown = ServiceNotFound

    def __init__(self, *parts: Any, planning: Planning | None = None) -> None:
        super().__init__(*parts)
        self._planning = planning

    def create(self, body: JsonObject, access: Access, view: View) -> Created:
        """Create a service at the backend that routing chooses; it lives at one backend only."""
        no_tiles(body, BATCH_ONLY)
        try:
            return super().create(body, access, view)
        except NoBackendForProcess as refusal:
            if self._planning is None:
                raise
            whole = Whole(body, view, "POST /jobs", BATCH, access)
            try:
                plan = self._planning.plan(whole, refusal)
            except BackendUnavailable:  # which would not help a service
                raise refusal from None
            raise with_sentence(refusal, _as_batch_job(plan)) from refusal

    def read(self, identifier: str, access: Access, view: View) -> Reply:
        """The full metadata of a service, with its costs as they were charged."""
        accounts, (backend, _) = self._accounts, self._located(identifier, view)
        if accounts is None or not accounts.accounts_for(backend):
            return super().read(identifier, access, view)

        def shaped(backend: str, document: JsonObject) -> JsonObject:
            (costed,) = accounts.costed(access, backend, [document])
            restored = self._processing.translation.restored(costed, backend, view)
            return named(backend, restored)

        return self._reply(identifier, Request("GET", ""), access, view, shaped)

    def update(self, identifier: str, body: JsonObject, access: Access, view: View) -> Reply:
        """Change a service; enabling it puts aside what it is expected to cost."""
        accounts, (backend, local_id) = self._accounts, self._located(identifier, view)
        if accounts is None or not self._starts(body) or not accounts.accounts_for(backend):
            return super().update(identifier, body, access, view)
        asked = accounts.now()
        service = self._document(backend, local_id, "", access)
        if flag(service, "enabled"):
            return super().update(identifier, body, access, view)
        changed = {**service, **{key: body[key] for key in ("budget", "plan") if key in body}}
        opened = accounts.begin(access, backend, changed, activity=SERVICE, asked=asked)
        with self._called_off_unless(opened, partial(self._is_enabled, backend, local_id, access)):
            return super().update(identifier, body, access, view)

    def _shown(
        self,
        items: Sequence[Item],
        access: Access,
        asked: int,  # noqa: ARG002 - services do not end
    ) -> Sequence[Item]:
        """The services with their costs as they were charged."""
        accounts = self._accounts
        if accounts is None:
            return items
        paid_for = {item.backend for item in items if accounts.accounts_for(item.backend)}
        costed = {
            backend: iter(
                accounts.costed(
                    access, backend, [i.document for i in items if i.backend == backend]
                )
            )
            for backend in paid_for
        }
        return [
            replace(item, document=next(costed[item.backend])) if item.backend in costed else item
            for item in items
        ]

    def _is_enabled(self, backend: str, local_id: str, access: Access) -> bool:
        return flag(self._document(backend, local_id, "", access), "enabled")

    def _starts(self, body: JsonObject) -> bool:
        return flag(body, "enabled")

    def _service_type(self, body: JsonObject) -> str:
        kind = body.get("type")
        if not is_text(kind):
            said = "The property 'type' must be the name of one of the types in GET /service_types."
            raise ServiceUnsupported("", said)
        return kind


def _as_batch_job(plan: Plan) -> str:
    """How the process of a service could run all the same."""
    if len(plan.backends) == 1:
        return f"As a batch job (POST /jobs) it could run at {plan.backends[0]}."
    return (
        "It could run in parts at several backends as a batch job (POST /jobs); a web service "
        "cannot be split."
    )
