"""The aggregator, listening on this machine in front of members that compute for real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml
from flask import Flask

from aggregator.app import create_app
from aggregator.settings import load
from tests.fakes.holdings import HOLDINGS, Computing
from tests.fakes.servers import PATIENCE, Api, Listening, free_port


class Front(Api):
    """An aggregator and its users. `restart` makes it anew over the same database."""

    def __init__(self, members: Mapping[str, Computing], folder: Path, **settings: Any) -> None:
        self._port = free_port()
        self.host = f"http://127.0.0.1:{self._port}"
        self.settings = folder / "federation.yaml"
        document = {
            "title": "Federation",
            "description": "Members that each hold what the others lack.",
            "public_url": self.host,
            "bind": f"127.0.0.1:{self._port}",
            "data_directory": str(folder / "aggregator"),
            "splitting": {"longest_pause": 0.2, "lease": 2.0},
            "backends": {
                name: {"url": members[name].url, "title": name, "basic_authentication": True}
                for name in HOLDINGS
            },
            **settings,
        }
        self.settings.write_text(yaml.safe_dump(document), encoding="utf-8")
        self.app = self._started()
        super().__init__(self._api())

    def _started(self) -> Flask:
        app = create_app(load(self.settings))
        app.extensions["federation"].start()
        self._server = Listening(app, self._port)
        return app

    def _api(self) -> str:
        versions = requests.get(f"{self.host}/.well-known/openeo", timeout=PATIENCE).json()
        return str(versions["versions"][0]["url"]).rstrip("/")

    def close(self) -> None:
        """Stop listening, and what runs in the background."""
        self._server.close()
        self.app.extensions["federation"].stop()

    def restart(self) -> None:
        self.close()
        self.app = self._started()


@contextmanager
def front(members: Mapping[str, Computing], folder: Path, **settings: Any) -> Iterator[Front]:
    """An aggregator in front of these members; `settings` as in its configuration file."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Front(members, folder, **settings)
    try:
        yield made
    finally:
        made.close()
