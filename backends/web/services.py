"""Secondary web services: their metadata, and the tiles that they show."""

import secrets
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Response, send_file

from backends.errors import OpenEOError
from backends.jobs.budgets import check_left
from backends.jobs.records import timestamp
from backends.service_types import configuration_of, service_type
from backends.stored.drawing import with_service_parameters
from backends.stored.services import NewService, Service
from backends.web.authentication import current_user
from backends.web.backend import backend
from backends.web.documents import (
    empty_response,
    json_object,
    json_response,
    without_none,
)
from backends.web.downloads import unless_deleted
from backends.web.listings import newest_first
from backends.web.logs import entry_page
from backends.web.requests import common_values, mistakes_in, process_of, raise_first

services = Blueprint("services", __name__)

FIELDS: Final = frozenset(
    {
        *("title", "description", "process", "type", "enabled", "configuration", "plan"),
        *("budget", "log_level"),
    }
)
READ_ONLY: Final = frozenset({"id", "url", "attributes", "created", "costs", "usage", "links"})


@services.get("/services")
def list_services() -> Response:
    """The user's web services, the newest first."""
    return newest_first("services", backend().services.of_user, brief)


@services.post("/services")
def create_service() -> Response:
    """Create a web service."""
    here, user, body = backend(), current_user(), json_object()
    type_name = service_type(body.get("type"), here.profile.service_types)
    new = NewService(
        id=f"{type_name.lower()}-{secrets.token_hex(16)}",
        user=user,
        type=type_name,
        **_values(body, type_name, user, {"process": process_of(body), "configuration": {}}),
    )
    check_left(here.profile, here.store, user)
    here.services.add(new, here.clock(), at_most=here.profile.limits.services)
    location = f"{here.profile.api_url}/services/{new.id}"
    return empty_response(201, {"Location": location, "OpenEO-Identifier": new.id})


@services.get("/services/<service_id>")
def describe_service(service_id: str) -> Response:
    """All that is known of a web service."""
    return json_response(full(own_service(service_id)))


@services.patch("/services/<service_id>")
def update_service(service_id: str) -> Response:
    """Change a web service."""
    service, body = own_service(service_id), json_object()
    for name in body:
        if name in READ_ONLY or name == "type":
            raise OpenEOError("PropertyNotEditable", f"The property '{name}' cannot be changed.")
    if not body:
        raise OpenEOError("NoDataForUpdate", "Nothing to change was sent.")
    changes = _values(body, service.type, service.user, {})
    if "extra" in changes:
        changes["extra"] = {**service.extra, **changes["extra"]}
    backend().services.update(service.id, changes)
    backend().drawing.forget(service.id)
    return empty_response(204)


@services.delete("/services/<service_id>")
def delete_service(service_id: str) -> Response:
    """Delete a web service; its address leads nowhere from then on."""
    service = own_service(service_id)
    backend().services.delete(service.id)
    backend().drawing.forget(service.id)
    return empty_response(204)


@services.get("/services/<service_id>/logs")
def service_logs(service_id: str) -> Response:
    """A web service's log entries."""
    service = own_service(service_id)
    return entry_page(
        lambda **page: backend().services.logs(service.id, **page),
        service.log_level,
        f"/services/{service.id}/logs",
    )


@services.get("/xyz/<service_id>/<int:z>/<int:x>/<int:y>")
@services.get("/xyz/<service_id>/<int:z>/<int:x>/<int:y>.png")
def tile(service_id: str, z: int, x: int, y: int) -> Response:
    """A tile for a map; whoever has the address of the service may look at it."""
    here = backend()
    service = here.services.find(service_id)
    if service is None or not service.enabled:
        raise _not_found(service_id)
    check_left(here.profile, here.store, service.user)
    if service.budget is not None and service.costs >= service.budget:
        raise OpenEOError("PaymentRequired", "The budget of this service is used up.")
    picture = here.drawing.tile(service, z, x, y)
    with unless_deleted(_not_found(service_id)):
        response = send_file(picture.resolve(), "image/png", conditional=True, max_age=300)
    # A deleted service's picture must not vanish while it is being sent.
    response.direct_passthrough = False
    return response


def own_service(service_id: str) -> Service:
    """The current user's service; those of others do not exist for them."""
    service = backend().services.find(service_id, current_user())
    if service is None:
        raise _not_found(service_id)
    return service


def brief(service: Service) -> dict[str, Any]:
    """A service as it stands in a listing: nothing long."""
    document = {
        **service.extra,
        "id": service.id,
        "title": service.title,
        "description": service.description,
        "url": f"{backend().profile.api_url}/xyz/{service.id}/{{z}}/{{x}}/{{y}}.png",
        "type": service.type,
        "enabled": service.enabled,
        "created": timestamp(service.created),
        "plan": service.plan,
        "costs": round(service.costs, 4),
        "budget": service.budget,
    }
    return without_none(document)


def full(service: Service) -> dict[str, Any]:
    """All that is known of a service."""
    attributes = {"tile_matrix_set": "WebMercatorQuad", "media_type": "image/png"}
    return {
        **brief(service),
        "process": service.process,
        "configuration": service.configuration,
        "attributes": attributes,
        "log_level": service.log_level,
    }


def _values(
    body: Mapping[str, Any], type_name: str, user: str, least: Mapping[str, Any]
) -> dict[str, Any]:
    """What a body says of a service, checked; at least what ``least`` names."""
    here = backend()
    values = common_values(body, here)
    if least:
        values.setdefault("plan", here.profile.default_plan(user))
    if isinstance(process := {**least, **body}.get("process"), dict):
        declared = with_service_parameters(process, type_name)
        raise_first(mistakes_in(declared, here, user))
        values["process"] = process
    elif "process" in body:
        process_of(body)
    if "configuration" in body or least:
        values["configuration"] = configuration_of(type_name, body.get("configuration", {}))
    if "enabled" in body:
        if not isinstance(body["enabled"], bool):
            raise OpenEOError("RequestInvalid", "'enabled' must be true or false.")
        values["enabled"] = body["enabled"]
    if more := {key: body[key] for key in body if key not in FIELDS | READ_ONLY}:
        values["extra"] = more
    return values


def _not_found(service_id: str) -> OpenEOError:
    return OpenEOError("ServiceNotFound", f"The service '{service_id[:100]}' does not exist.")
