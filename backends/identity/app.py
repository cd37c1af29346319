"""Composition: settings, a data directory and a clock make the provider's Flask application."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask

from backends.identity.attempts import Attempts
from backends.identity.keys import Keyring
from backends.identity.server import Server
from backends.identity.settings import Settings
from backends.identity.store import Database
from backends.identity.web.authorize import authorize
from backends.identity.web.cors import open_to_all_origins
from backends.identity.web.device import device
from backends.identity.web.discovery import discovery
from backends.identity.web.failures import answer_with_errors
from backends.identity.web.logout import logout
from backends.identity.web.oauth import oauth
from backends.identity.web.people import forget
from backends.identity.web.provider import KEY, Provider
from backends.secret import read_or_make_key

KEY_FILE: Final = "keys.json"
SESSION_FILE: Final = "session.key"
STORE_FILE: Final = "identity.sqlite"
REQUEST_BYTES: Final = 64 * 1024
LEEWAY: Final = 300.0
"""Seconds that a key stays published after the last token that it signed."""


def create_app(
    settings: Settings, *, data_directory: Path, clock: Callable[[], float] = time.time
) -> Flask:
    """The application of the provider; ``data_directory`` keeps its keys and logins."""
    # At its lowest level the library writes tokens into the log.
    logging.getLogger("authlib").setLevel(logging.INFO)
    place = urlsplit(settings.issuer).path
    app = Flask("backends.identity", static_url_path=f"{place}/static")
    app.url_map.merge_slashes = False  # a redirect would lead to any host that a request names
    app.config.update(_cookies(settings), MAX_CONTENT_LENGTH=REQUEST_BYTES)
    app.extensions[KEY] = _assemble(settings, data_directory, clock)
    app.secret_key = read_or_make_key(data_directory / SESSION_FILE)
    pages = (authorize, device, logout)
    open_to_all_origins(app, but=[section.name for section in pages])
    answer_with_errors(app)
    for section in (discovery, oauth, *pages):
        app.register_blueprint(section, url_prefix=place or None)
    return app


def _cookies(settings: Settings) -> dict[str, Any]:
    """Cookies do not tell ports apart, so the port stands in the name."""
    return {
        "SESSION_COOKIE_NAME": f"openeo_identity_{settings.bind.rpartition(':')[2]}",
        "SESSION_COOKIE_PATH": urlsplit(settings.issuer).path or "/",
        "SESSION_COOKIE_SECURE": settings.is_secure,
        "SESSION_COOKIE_SAMESITE": "Lax",
    }


def keyring(settings: Settings, data_directory: Path, clock: Callable[[], float]) -> Keyring:
    """The keys in the data directory; makes them where there are none."""
    lifetimes = settings.lifetimes
    keep = max(lifetimes.access_token, lifetimes.id_token) + LEEWAY
    path = data_directory / KEY_FILE
    return Keyring(path, clock=clock, lifetime=lifetimes.key, keep=keep)


def _assemble(settings: Settings, folder: Path, clock: Callable[[], float]) -> Provider:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = keyring(settings, folder, clock)
    database = Database(folder / STORE_FILE, clock)
    limits = settings.limits

    def attempts(limit: int) -> Attempts:
        return Attempts(limit, limits.window, clock)

    return Provider(
        settings=settings,
        keys=keys,
        database=database,
        server=Server(settings, keys, database, forget_browser=forget),
        names=attempts(limits.failures),
        addresses=attempts(limits.failures_of_address),
        codes=attempts(limits.failures),
    )
