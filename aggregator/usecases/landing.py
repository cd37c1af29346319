"""What the operator and the federation itself say in the capabilities: title, links, classes."""

from __future__ import annotations

from importlib import metadata
from typing import Any, Final

from aggregator.routing.policies import published
from aggregator.settings import Settings, Terms
from aggregator.usecases.views import View

VERSION: Final = metadata.version("openeo-federation")


def token_classes(providers: bool, passwords: bool) -> list[str]:
    """The class for JWTs as they are, where every token is one: that of a password is not."""
    return (
        ["https://api.openeo.org/1.3.0/authentication/jwt"] if providers and not passwords else []
    )


def landing(settings: Settings, view: View, *, searched: bool) -> dict[str, Any]:
    """The federation's own part of the capabilities; `searched`: there are items to search in."""
    title = settings.title
    if view.backend is not None:
        title = f"{title} ({view.backend} only)"
    json = {"type": "application/json"}
    public = settings.public_url.rstrip("/")
    return {
        "id": "openeo-federation",
        "title": title,
        "description": settings.description,
        "backend_version": VERSION,
        "federation:policies": published(settings.routing.policy),
        "links": [
            {"rel": "self", "href": view.link(), "title": title} | json,
            {"rel": "root", "href": view.link()} | json,
            {"rel": "version-history", "href": f"{public}/.well-known/openeo"} | json,
            {"rel": "conformance", "href": view.link("conformance")} | json,
            {"rel": "data", "href": view.link("collections")} | json,
            *(_search_links(view) if searched else []),
            {
                "rel": "status",
                "href": f"{public}/federation",
                "type": "text/html",
                "title": "State of the federation",
            },
            {
                "rel": "related",
                "href": view.link("federation", "notes"),
                "type": "text/html",
                "title": "What differs between the backends",
            },
            {
                "rel": "related",
                "href": view.link("federation", "policies"),
                "title": "By which policies requests are routed",
            }
            | json,
            *_rates(settings, public),
            *_terms(settings.terms, public),
        ],
    }


def _search_links(view: View) -> list[dict[str, Any]]:
    """How clients of the STAC API find the search."""
    link = {"rel": "search", "href": view.link("search"), "type": "application/geo+json"}
    return [{**link, "method": method} for method in ("GET", "POST")]


def _rates(settings: Settings, public: str) -> list[dict[str, Any]]:
    """A link to what members charge, where that is counted."""
    if settings.accounting is None:
        return []
    page = {"href": f"{public}/federation/pricing", "type": "text/html"}
    return [{"rel": "payment", **page, "title": "What the members charge"}]


def _terms(terms: Terms, public: str) -> list[dict[str, Any]]:
    """Links to what users agree to, if they have to."""
    if terms.version is None:
        return []
    page = {"href": f"{public}/federation/terms", "type": "text/html"}
    links: list[dict[str, Any]] = [{"rel": "terms-of-service", **page, "title": "Terms"}]
    if terms.privacy_url:
        links.append({"rel": "privacy-policy", "href": terms.privacy_url, "title": "Privacy"})
    return links
