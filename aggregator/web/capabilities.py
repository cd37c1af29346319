"""The section Capabilities of the API: versions, capabilities, conformance, formats, runtimes."""

from __future__ import annotations

from flask import Blueprint, Response

from aggregator.usecases.pages import document_page
from aggregator.web.context import federation, view
from aggregator.web.responses import send

blueprint = Blueprint("capabilities", __name__)


@blueprint.get("/.well-known/openeo")
def versions() -> Response:
    """The one version of the API that is served."""
    entry = {
        "url": view().link(),
        "api_version": "1.3.0",
        "production": federation().catalogue.shelf(view()).production,
    }
    return send(document_page({"versions": [entry]}))


@blueprint.get("/")
def capabilities() -> Response:
    """What the federation can do."""
    return send(federation().catalogue.page("capabilities", view()))


@blueprint.get("/conformance")
def conformance() -> Response:
    """The conformance classes, as OGC API clients ask for them."""
    return send(federation().catalogue.page("conformance", view()))


@blueprint.get("/file_formats")
def file_formats() -> Response:
    """File formats of all backends."""
    return send(federation().catalogue.page("file_formats", view()))


@blueprint.get("/udf_runtimes")
def udf_runtimes() -> Response:
    """Runtimes of user-defined functions of all backends."""
    return send(federation().catalogue.offered_page("udf_runtimes", view()))


@blueprint.get("/service_types")
def service_types() -> Response:
    """Types of web services of all backends."""
    return send(federation().catalogue.page("service_types", view()))
