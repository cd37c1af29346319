"""Composition: the aggregator as a WSGI app."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import Flask, Request, request
from werkzeug.exceptions import BadRequest
from werkzeug.routing import Map, MapAdapter

from aggregator.composition import compose
from aggregator.merging.capabilities import Endpoint
from aggregator.settings import Settings
from aggregator.upstream.client import Transport
from aggregator.web import (
    access_log,
    account,
    accounting,
    availability,
    capabilities,
    cors,
    dashboard,
    discovery,
    errors,
    files,
    items,
    jobs,
    monitoring,
    processing,
    searches,
    services,
    terms,
    usage,
    user_processes,
    workspaces,
)
from aggregator.web.addresses import Addresses
from aggregator.web.context import EXTENSION, check_address
from aggregator.web.responses import tag

SECTIONS = (
    capabilities,
    discovery,
    items,
    searches,
    account,
    processing,
    jobs,
    services,
    files,
    workspaces,
    user_processes,
    monitoring,
    availability,
    dashboard,
)
# What the federation can answer whatever its backends offer.
OWN = {
    ("/conformance", "GET"),
    ("/collections", "GET"),
    ("/collections/{collection_id}", "GET"),
    ("/processes", "GET"),
    ("/file_formats", "GET"),
    ("/search", "GET"),
    ("/search", "POST"),
    ("/validation", "POST"),
    ("/credentials/basic", "GET"),
    ("/process_graphs", "GET"),
    ("/process_graphs/{process_graph_id}", "GET"),
    ("/process_graphs/{process_graph_id}", "PUT"),
    ("/process_graphs/{process_graph_id}", "DELETE"),
    ("/federation/processes/{key}", "GET"),
    ("/health", "GET"),
    ("/federation/notes", "GET"),
    ("/federation/policies", "GET"),
    ("/federation", "GET"),
    ("/federation/{backend}", "GET"),
    ("/federation/badge.svg", "GET"),
    ("/federation/{backend}/badge.svg", "GET"),
    ("/metrics", "GET"),
    ("/federation/history", "GET"),
    ("/federation/feed", "GET"),
    ("/federation/maintenance", "GET"),
    ("/federation/announcements", "GET"),
    ("/federation/incidents", "GET"),
    ("/federation/decisions", "GET"),
    ("/federation/estimates", "GET"),
    ("/federation/estimates", "POST"),
    ("/federation/pricing", "GET"),
    ("/federation/usage", "GET"),
    ("/federation/settlement", "GET"),
    ("/federation/unreconciled", "GET"),
    ("/federation/terms", "GET"),
    ("/federation/terms/consent", "GET"),
    ("/federation/terms/consent", "PUT"),
    ("/federation/terms/consent", "DELETE"),
}


class _App(Flask):
    """Its functions are plain ones, and its routes are the same whatever host is named."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself, which is not looked at before each call to see whether it waits."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Finds routes by path and method; raises BadRequest for what is no name of a host."""
        if request is None:
            return super().create_url_adapter(request)
        environ, scheme = request.environ, request.scheme
        _check_host(environ.get("HTTP_HOST", ""), scheme)
        root, path, method = request.root_path, request.path, request.method
        return MapAdapter(self.url_map, "", root, "", scheme, path, method, "")


@lru_cache(256)
def _check_host(host: str, scheme: str) -> None:
    """What is named once is named again and again."""
    if host:
        asked = {"HTTP_HOST": host, "wsgi.url_scheme": scheme, "REQUEST_METHOD": "GET"}
        try:
            Map().bind_to_environ(asked | {"SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": ""})
        except BadRequest as error:
            said = f"The header Host, '{host[:100]}', cannot be the name of a host."
            raise BadRequest(said) from error


def create_app(
    settings: Settings,
    *,
    transport: Transport | None = None,
    clock: Callable[[], float] = time.time,
) -> Flask:
    """The aggregator of a federation.

    `transport` makes the adapters through which backends are reached, `clock` gives seconds since
    1970. Nothing runs in the background until the first request, or `Federation.start` of
    `app.extensions["federation"]`.
    """
    app = _App(__name__, static_folder=None, template_folder="web/templates")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_request_bytes
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    access_log.install(app)
    cors.install(app)
    errors.install(app, settings.max_request_bytes)
    app.before_request(check_address)
    app.after_request(tag)
    for section in SECTIONS:
        app.register_blueprint(section.blueprint)
    if settings.terms.version is not None:
        app.register_blueprint(terms.blueprint)
    if settings.accounting is not None:
        app.register_blueprint(accounting.blueprint)
        app.register_blueprint(usage.blueprint)
    federation = compose(settings, _endpoints(app), transport=transport, clock=clock)
    app.extensions[EXTENSION] = federation

    @app.before_request
    def ready() -> None:
        if request.path != "/health":
            federation.ready()
        else:
            federation.start()

    app.wsgi_app = Addresses(app.wsgi_app, settings.order)  # type: ignore[assignment, method-assign]
    return app


def _endpoints(app: Flask) -> list[Endpoint]:
    """The endpoints of the app, as capabilities list them."""
    methods: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        if not path.startswith("/."):
            methods.setdefault(path, set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})
    return [
        Endpoint(
            path,
            tuple(sorted(found)),
            own=frozenset(method for method in found if (path, method) in OWN),
        )
        for path, found in methods.items()
    ]
