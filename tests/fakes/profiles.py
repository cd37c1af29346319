"""A small profile for tests of simulated backends."""

from __future__ import annotations

from typing import Any

from backends.limits import Limits
from backends.passwords import Password
from backends.profile import CollectionSpec, Profile, Provider, User


def profile(**changes: Any) -> Profile:
    """The profile "testing", with what is passed put in place."""
    values: dict[str, Any] = {
        "id": "testing",
        "title": "Testing Backend",
        "description": "A backend for tests.",
        "provider": Provider("Testing Provider", "https://testing.example"),
        "api_version": "1.3.0",
        "token_form": "jwt",
        "bind": "127.0.0.1:8199",
        "url_path": "/openeo/1.3",
        "public_url": "http://backend.test",
        "users": {
            "alice": User("alice", Password("wonderland")),
            "bob": User("bob", Password("builder")),
        },
        "collections": (
            CollectionSpec("SENTINEL2_L2A", "world", "sentinel2_l2a"),
            CollectionSpec("DEM", "world", "elevation"),
            CollectionSpec("COVER", "world", "landcover"),
        ),
        "processes": ("add", "load_collection", "reduce_dimension", "mean", "save_result"),
        "output_formats": ("GTiff", "JSON"),
        "input_formats": (),
        "limits": Limits(),
    }
    return Profile(**{**values, **changes})
