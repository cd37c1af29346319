"""The public keys of the issuers of tokens: fetched ahead, kept, and looked for again.

Requests find the keys ready: a thread fetches them before, and again from time to time. A request
fetches only what nobody has yet, one at a time for each issuer, within a deadline. Keys stay while
their issuer is down, also over a restart. A token can name any key: to look for an unknown one is
done once per interval only, however many tokens ask for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import orjson
from cachetools import LRUCache

from aggregator.documents import JsonObject, is_array, is_object, text
from aggregator.errors import BackendTimeout, BackendUnavailable, IdentityProviderUnavailable
from aggregator.identity.keys import KeySet, read_keys
from aggregator.merging.oidc import issuer_of
from aggregator.settings import Identity
from aggregator.upstream.archive import Archive
from aggregator.upstream.client import Client, Request
from aggregator.upstream.failures import FAILURES, Failure
from aggregator.upstream.flights import Flights
from aggregator.upstream.metadata import stored

LOG = logging.getLogger(__name__)

DISCOVERY = "/.well-known/openid-configuration"
DOCUMENT_BYTES = 1024 * 1024
RETRY_SECONDS = 5.0
"""An issuer that has just failed is not asked again for so long."""
CLIENTS = 64
"""Of as many hosts connections are kept."""
WATCHED = 32
"""As many issuers' keys are fetched ahead."""

Clock = Callable[[], float]
Connect = Callable[[str, str], Client]
"""Makes the client of a named peer at an origin (`https://host:port`)."""


@dataclass(frozen=True)
class Standing:
    """How an issuer is, as far as this process knows: its keys, since when, and what is wrong."""

    keys: int
    fetched_at: float | None
    problem: str


@dataclass
class _Held:
    """What is known of an issuer, and when it was last looked at, in vain or not, and why."""

    archive: Archive
    keys: KeySet | None = None
    fetched_at: float | None = None
    tried_at: float | None = None
    asked_at: float | None = None
    problem: str = ""


class Issuers:
    """The keys of every issuer that is asked for, in this process.

    An issuer is named as in a merged list of providers (`merging.oidc.issuer_of`).
    """

    def __init__(
        self, connect: Connect, times: Identity, *, directory: Path | None, clock: Clock
    ) -> None:
        self._connect, self._times, self._clock = connect, times, clock
        self._directory = directory
        self._clients: LRUCache[str, Client] = LRUCache(CLIENTS)
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()
        self._flights = Flights()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def keys(self, issuer: str) -> KeySet:
        """The keys, fetched if there are none yet.

        Raises IdentityProviderUnavailable, at once if the issuer has failed a moment ago.
        """
        held = self._of(issuer)
        if held.keys is None:
            with self._flights.only_one(issuer, self._until()) as first:
                if first:
                    self._fetch_first(issuer, held)
        return held.keys or self._unavailable(issuer, held)

    def newer(self, issuer: str, than: KeySet) -> KeySet:
        """The keys if they have changed since, looked for now; the same if that was done lately."""
        held = self._of(issuer)
        for _ in range(2):  # whoever was first may have begun before the change
            with self._flights.only_one(issuer, self._until()) as first:
                if first:
                    self._fetch_newer(issuer, held, than)
            if first or held.keys is not than:
                break
        return held.keys or than

    def refresh(self, issuers: Iterable[str]) -> None:
        """Fetch, one after the other, the keys of those that are due."""
        for issuer in issuers:
            held = self._of(issuer)
            if not self._is_due(held) or self._stopping.is_set():
                continue
            with self._flights.only_one(issuer, self._until()) as first:
                if first:
                    self._fetch(issuer, held)

    def standings(self) -> dict[str, Standing]:
        """How each issuer is that was looked at."""
        return {
            issuer: Standing(len(held.keys.keys) if held.keys else 0, held.fetched_at, held.problem)
            for issuer, held in list(self._held.items())
        }

    def start(self, known: Callable[[], Iterable[str]]) -> None:
        """Keep the keys of the issuers that are known at the time, in the background."""
        with self._lock:
            if self._thread is None:
                self._stopping.clear()
                self._thread = threading.Thread(
                    target=self._tend, args=(known,), name="issuers", daemon=True
                )
                self._thread.start()

    def wake(self) -> None:
        """Look soon whether other issuers are known by now."""
        self._wake.set()

    def stop(self, timeout: float = 5.0) -> None:
        """End the thread; one that waits for an issuer ends when its deadline strikes."""
        with self._lock:
            thread, self._thread = self._thread, None
        self._stopping.set()
        self._wake.set()
        if thread is not None:
            thread.join(timeout)

    def _tend(self, known: Callable[[], Iterable[str]]) -> None:
        while not self._stopping.is_set():
            try:
                self.refresh(list(known())[:WATCHED])
            except Exception:  # the thread outlives what a document may hold
                LOG.exception("looking after the keys of issuers failed")
            self._wake.wait(min(self._times.key_refresh_interval, RETRY_SECONDS))
            self._wake.clear()
            self._stopping.wait(0.2)  # changes come in bursts

    def _of(self, issuer: str) -> _Held:
        held = self._held.get(issuer)
        if held is None:
            with self._lock:
                held = self._held.get(issuer)
                if held is None:
                    held = self._restored(issuer)
                    self._held[issuer] = held
        return held

    def _restored(self, issuer: str) -> _Held:
        held = _Held(Archive(self._directory, issuer))
        known = held.archive.load(f"keys {issuer}")
        document = known.document if known is not None else None
        if known is not None and is_object(document) and issuer_of(document) == issuer:
            keys = read_keys(text(document, "issuer"), document)
            held.keys, held.fetched_at = (keys if keys.keys else None), known.fetched_at
        return held

    def _until(self) -> float:
        return time.monotonic() + self._times.deadline

    def _unavailable(self, issuer: str, held: _Held) -> NoReturn:
        raise IdentityProviderUnavailable(
            f"the OpenID Connect provider at {issuer}",
            held.problem,
            headers={"Retry-After": f"{RETRY_SECONDS:.0f}"},
        )

    def _fetch_first(self, issuer: str, held: _Held) -> None:
        if held.keys is None and not self._within(RETRY_SECONDS, held.tried_at):
            self._fetch(issuer, held)

    def _fetch_newer(self, issuer: str, held: _Held, than: KeySet) -> None:
        if held.keys is than and not self._within(self._times.unknown_key_interval, held.asked_at):
            held.asked_at = self._clock()
            self._fetch(issuer, held)

    def _within(self, seconds: float, moment: float | None) -> bool:
        return moment is not None and 0 <= self._clock() - moment < seconds

    def _is_due(self, held: _Held) -> bool:
        if self._within(RETRY_SECONDS, held.tried_at):
            return False
        return not self._within(self._times.key_refresh_interval, held.fetched_at)

    def _fetch(self, issuer: str, held: _Held) -> None:
        """Look at the issuer now; what went wrong is kept, and so are the old keys."""
        now = held.tried_at = self._clock()
        try:
            found = self._fetched(issuer)
        except _Unusable as error:
            held.problem = str(error)
            LOG.warning("the keys of issuer %s cannot be had: %s", issuer, held.problem)
            return
        held.problem, held.fetched_at = "", now
        body = orjson.dumps(found)
        keys = read_keys(text(found, "issuer"), found)
        if held.keys is None or keys != held.keys:
            held.keys = keys
        held.archive.save(f"keys {issuer}", stored(body, None, now))

    def _fetched(self, issuer: str) -> JsonObject:
        """The issuer's name as it spells it, and its keys, of which at least one can be used."""
        discovered = self._document(issuer + DISCOVERY)
        if issuer_of(discovered) != issuer:
            raise _Unusable("It says that it is another issuer.")
        address = text(discovered, "jwks_uri")
        if issuer.startswith("https:") and not address.startswith("https:"):
            raise _Unusable("It does not say where its keys are, by https.")
        found = self._document(address)
        name = text(discovered, "issuer")
        if not is_array(found.get("keys")) or not read_keys(name, found).keys:
            raise _Unusable("It publishes no key that can be used.")
        return {"issuer": name, "keys": found["keys"]}

    def _document(self, address: str) -> JsonObject:
        try:
            parts = urlsplit(address)
        except ValueError as error:
            raise _Unusable("It names no usable address.") from error
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise _Unusable("It names no usable address.")
        client = self._client(f"{parts.scheme}://{parts.netloc}")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            _, document = client.document(
                Request("GET", target), deadline=self._times.deadline / 2, limit=DOCUMENT_BYTES
            )
        except FAILURES as error:
            raise _Unusable(_reason(error)) from error
        return document

    def _client(self, origin: str) -> Client:
        with self._lock:
            client = self._clients.get(origin)
            if client is None:
                client = self._clients[origin] = self._connect("issuer", origin)
        return client


class _Unusable(Exception):  # noqa: N818 - why, in words for users
    """What an issuer answered, or did not, cannot be used."""


def _reason(error: Failure) -> str:
    if isinstance(error, BackendUnavailable):
        return "It cannot be reached."
    if isinstance(error, BackendTimeout):
        return "It did not answer in time."
    return "Its answer cannot be used."
