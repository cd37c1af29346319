"""Capabilities: what this backend is, speaks and serves."""

import re
from importlib import metadata
from typing import Any, Final

from flask import Blueprint, Response, current_app

from backends.billing import Billing, Plan
from backends.jobs.stac import STAC_VERSION
from backends.profile import Profile
from backends.web.backend import backend
from backends.web.documents import json_response, link, web_link, without_none

host = Blueprint("host", __name__)
capabilities = Blueprint("capabilities", __name__)

GEOJSON: Final = "application/geo+json"
VERSION: Final = metadata.version("openeo-federation")

WORKSPACES: Final = "https://api.openeo.org/extensions/workspaces/0.1.0"
_METHODS: Final = ("GET", "POST", "PATCH", "PUT", "DELETE")
_INTERNAL: Final = ("/requests/", "/results/", "/health", "/static/", "/shared/", "/xyz/")


@host.get("/.well-known/openeo")
def versions() -> Response:
    """The one version of the API that is served."""
    profile = backend().profile
    version = {"url": f"{profile.api_url}/", "api_version": profile.api_version, "production": True}
    return json_response({"versions": [version]}, revalidate=True)


@host.get("/health")
@capabilities.get("/health")
def health() -> Response:
    """That the backend answers, and can read what it keeps."""
    backend().store.running()
    return json_response({"status": "ok", "backend": backend().profile.id})


@capabilities.get("/")
def describe() -> Response:
    """What the backend is, speaks and serves."""
    profile = backend().profile
    document: dict[str, Any] = {
        "api_version": profile.api_version,
        "backend_version": VERSION,
        "stac_version": STAC_VERSION,
        "id": profile.id,
        "title": profile.title,
        "description": profile.description,
        "production": True,
        "endpoints": endpoints(profile.url_path),
        "billing": _billing(profile),
        "links": _links(profile),
    }
    if profile.version >= (1, 3, 0):
        document |= {"type": "Catalog", "conformsTo": conformance_classes(profile)}
    return json_response(document, revalidate=True)


@capabilities.get("/conformance")
def conformance() -> Response:
    """The conformance classes, as OGC API clients ask for them."""
    return json_response({"conformsTo": conformance_classes(backend().profile)}, revalidate=True)


def conformance_classes(profile: Profile) -> list[str]:
    """The conformance classes that this backend keeps to."""
    classes = [
        f"https://api.openeo.org/{profile.api_version}",
        "https://api.stacspec.org/v1.0.0/core",
        "https://api.stacspec.org/v1.0.0/collections",
        "https://api.stacspec.org/v1.0.0/ogcapi-features",
        "https://api.stacspec.org/v1.0.0/item-search",
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    ]
    if profile.workspaces:
        classes.append(WORKSPACES)
    if profile.version >= (1, 3, 0) and profile.token_form == "jwt":  # noqa: S105  # a form
        classes.append(f"https://api.openeo.org/{profile.api_version}/authentication/jwt")
    return classes


def endpoints(url_path: str) -> list[dict[str, Any]]:
    """What is served, read from the routes themselves, paths as the specification has them."""
    found: dict[str, set[str]] = {}
    for rule in current_app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule.removeprefix(url_path))
        in_api = rule.rule.startswith(url_path) and not path.startswith(_INTERNAL)
        if in_api:
            found.setdefault(path or "/", set()).update(rule.methods or ())
    return [
        {"path": path, "methods": [name for name in _METHODS if name in methods]}
        for path, methods in sorted(found.items())
    ]


def _billing(profile: Profile) -> dict[str, Any]:
    billing = profile.billing
    plans = [
        {"name": plan.name, "description": _prices(plan, billing), "paid": plan.paid}
        for plan in billing.plans
    ]
    return {"currency": billing.currency, "default_plan": billing.plans[0].name, "plans": plans}


def _prices(plan: Plan, billing: Billing) -> str:
    return (
        f"{plan.description} {billing.per_cpu_hour * plan.factor:g} {billing.currency} per CPU "
        f"hour and {billing.per_gigabyte_hour * plan.factor:g} per gigabyte-hour of memory."
    )


def _links(profile: Profile) -> list[dict[str, str]]:
    links = [
        link("self", "/", "This document"),
        link("root", "/", profile.title),
        link("data", "/collections", "Collections"),
        *({**link("search", "/search", "Items", GEOJSON), "method": m} for m in ("GET", "POST")),
        link("conformance", "/conformance", "Conformance classes"),
        link("http://www.opengis.net/def/rel/ogc/1.0/conformance", "/conformance"),
        web_link(
            "version-history",
            f"{profile.public_url}/.well-known/openeo",
            "API versions",
            "application/json",
        ),
    ]
    if profile.provider.url:
        links.append(without_none(web_link("about", profile.provider.url, profile.provider.name)))
    return links
