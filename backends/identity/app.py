"""Composition: settings, a data directory and a clock make the provider's Flask application."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from flask import Flask

from backends.identity.keys import Keyring
from backends.identity.server import Server
from backends.identity.settings import Settings
from backends.identity.store import Database
from backends.identity.web.cors import open_to_all_origins
from backends.identity.web.discovery import discovery
from backends.identity.web.failures import answer_with_errors
from backends.identity.web.oauth import oauth
from backends.identity.web.provider import KEY, Provider

KEY_FILE: Final = "keys.json"
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
    app = Flask("backends.identity", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = REQUEST_BYTES
    app.extensions[KEY] = _assemble(settings, data_directory, clock)
    open_to_all_origins(app, but="pages")
    answer_with_errors(app)
    prefix = urlsplit(settings.issuer).path or None
    for section in (discovery, oauth):
        app.register_blueprint(section, url_prefix=prefix)
    return app


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
    return Provider(settings, keys, database, Server(settings, keys, database))
