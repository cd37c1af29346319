"""What the views share: the parts of the one provider that this application is."""

from dataclasses import dataclass
from typing import Final, cast

from flask import current_app

from backends.identity.attempts import Attempts
from backends.identity.keys import Keyring
from backends.identity.server import Server
from backends.identity.settings import Settings
from backends.identity.store import Database

KEY: Final = "identity"


@dataclass(frozen=True)
class Provider:
    """One provider. ``names``, ``addresses`` and ``codes`` count wrong passwords for a name
    and from an address, and wrong user codes from an address."""

    settings: Settings
    keys: Keyring
    database: Database
    server: Server
    names: Attempts
    addresses: Attempts
    codes: Attempts


def provider() -> Provider:
    """The provider that answers the current request."""
    return cast(Provider, current_app.extensions[KEY])
