"""Secondary web services: each lives at one backend, at an address of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from aggregator.documents import JsonObject, flag, is_text
from aggregator.errors import ServiceNotFound, ServiceUnsupported
from aggregator.upstream.client import Request
from aggregator.usecases.accounts import Access
from aggregator.usecases.credits import SERVICE
from aggregator.usecases.listings import Item
from aggregator.usecases.resources import Reply, Resources, named
from aggregator.usecases.views import View


class Services(Resources):
    """What can be done with web services; users reach them at the backend's own addresses."""

    collection = "services"
    activity = SERVICE
    unknown = ServiceNotFound

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
            raise ServiceUnsupported("", "The request must name one of GET /service_types.")
        return kind
