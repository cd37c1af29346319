"""Secondary web services: each lives at one backend, at an address of its own."""

from __future__ import annotations

from aggregator.documents import JsonObject, is_text
from aggregator.errors import ServiceNotFound, ServiceUnsupported
from aggregator.usecases.resources import Resources


class Services(Resources):
    """What can be done with web services; users reach them at the backend's own addresses."""

    collection = "services"
    unknown = ServiceNotFound

    def _service_type(self, body: JsonObject) -> str:
        kind = body.get("type")
        if not is_text(kind):
            raise ServiceUnsupported("", "The request must name one of GET /service_types.")
        return kind
