"""A small configuration of the provider of identities."""

from __future__ import annotations

from typing import Any

from backends.identity.reading import read_settings
from backends.identity.settings import Settings

ISSUER = "http://127.0.0.1:8090"


def identity_document(**changes: Any) -> dict[str, Any]:
    """The configuration as a document, with what is passed put in place."""
    complete = {
        "title": "Testing Identity",
        "bind": "127.0.0.1:8090",
        "issuer": ISSUER,
        "audience": "openeo",
        "users": {
            "alice": {
                "password": "wonderland",
                "name": "Alice Ahlgren",
                "email": "alice@users.example",
                "claims": {
                    "eduperson_entitlement": ["urn:example:group:members"],
                    "subscriptions": ["general"],
                },
            },
            "bob": {"password": "builder", "sub": "sub-of-bob"},
        },
        "clients": {
            "editor": {
                "title": "Editor",
                "grants": ["authorization_code", "device_code", "refresh_token"],
                "redirect_urls": ["https://editor.example/", "http://localhost/callback"],
            },
            "meter": {
                "grants": ["client_credentials"],
                "secret": "metering",
                "claims": {"roles": ["reporter"]},
            },
            "portal": {
                "title": "Portal",
                "grants": ["authorization_code", "refresh_token"],
                "secret": "portal-secret",
                "redirect_urls": ["https://portal.example/back?from=login"],
            },
        },
    }
    return {**complete, **changes}


def identity_settings(**changes: Any) -> Settings:
    """The configuration as settings."""
    return read_settings(identity_document(**changes), source="identity.yaml")
