"""A simulated backend in process under review, whose rules can be broken one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from backends.app import STORE_FILE, create_app
from backends.faults.effects import Broken, Effect
from backends.faults.reading import Faults
from backends.faults.scope import Fault
from backends.jobs.store import Store
from backends.profile import Profile
from backends.profile_reading import load_profile
from scripts.self_review.account import Account, BasicLogin
from scripts.self_review.backend import Options
from scripts.self_review.catalogue import Catalogue, load
from scripts.self_review.findings import Finding
from scripts.self_review.making import Patience
from scripts.self_review.probe.pace import Limits
from scripts.self_review.review import Review
from tests.fakes.engines import ThreadEngine
from tests.fakes.transports import WsgiAdapter
from tests.web.self_review.computing import Computing

PROFILE = Path(__file__).parents[3] / "config" / "backends" / "terra.yaml"
HOST = "http://terra.test"
ISSUER = "http://127.0.0.1:8090"
"""The identity provider that the profile names."""
SHORT = Patience(job=10, pause=0.01, quiet=0.1)
QUICK = Limits(per_second=1e9, at_once=4, seconds=20, overall=600, requests=100_000)


class World:
    """Terra Observatory, and reviews of it. `changes` are made to its profile."""

    def __init__(self, folder: Path, *, real: bool = False, **changes: Any) -> None:
        folder.mkdir(exist_ok=True)
        self.profile = replace(_profile(), **changes)
        self.store = Store(folder / STORE_FILE)
        self.computing = Computing(PROFILE, real=real)
        self.engine = ThreadEngine(self.computing.executor(), self.store)
        self.app = create_app(self.profile, data_directory=folder, engine=self.engine)
        self.catalogue: Catalogue = load()

    def close(self) -> None:
        self.computing.closing.set()
        self.engine.close()
        self.store.close()

    def breaks(self, *rules: str) -> None:
        """From now on these rules are broken, and no other."""
        self.switch(*map(Broken, rules))

    def switch(self, *effects: Effect) -> None:
        """From now on this goes wrong."""
        self.plan(map(Fault, effects))

    def plan(self, faults: Iterable[Fault]) -> None:
        """From now on these faults are on."""
        self.app.wsgi_app.plan_anew(Faults(tuple(faults)))  # type: ignore[attr-defined]

    def review(
        self,
        wanted: Iterable[str] | None = None,
        *,
        user: str | None = None,
        penniless: str | None = None,
        options: Options | None = None,
        earlier: Mapping[str, Any] | None = None,
    ) -> dict[str, Finding]:
        """The findings by requirement: of the given ones, or of the whole minimum."""
        ids = None if wanted is None else set(wanted)
        rows = [
            row
            for row in self.catalogue
            if (row.id in ids if ids is not None else self.catalogue.in_minimum(row))
        ]
        review = Review(
            url=self.profile.api_url,
            catalogue=self.catalogue,
            wanted=rows,
            limits=QUICK,
            options=options or Options(earlier=earlier, patience=SHORT, issuer=ISSUER),
            account=Account(BasicLogin(user, user)) if user else None,
            penniless=Account(BasicLogin(penniless, penniless)) if penniless else None,
            transport=WsgiAdapter({HOST: self.app}),
        )
        report = review.run()
        self.requests = report.requests
        self.snapshot = report.snapshot
        return {one.id: one for one in report.findings}


def _profile() -> Profile:
    found = load_profile(PROFILE)
    rich = replace(found.billing, budget=1e9)
    return replace(found, public_url=HOST, faults=Faults(control=True), billing=rich)
