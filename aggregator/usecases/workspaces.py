"""Users' workspaces: storage that results are exported to, each known to one backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import Any

import orjson

from aggregator.documents import JsonObject, is_object, is_text, texts
from aggregator.errors import (
    BackendFailure,
    BackendUnavailable,
    FeatureUnsupported,
    NoBackendForProcess,
    WorkspaceNotFound,
    WorkspaceProviderUnsupported,
)
from aggregator.ids import federate
from aggregator.routing import read_choice, without_choice
from aggregator.routing.suggestions import enumerated, shortened
from aggregator.upstream.client import Request
from aggregator.usecases import knowledge
from aggregator.usecases.accounts import Access
from aggregator.usecases.pages import Page
from aggregator.usecases.processing import JSON
from aggregator.usecases.resources import Created, Reply, Resources, id_of
from aggregator.usecases.views import View

PROVIDERS = "workspace_providers"
POST = "POST /workspaces"
INTENTS = ("create", "register")


@dataclass(frozen=True)
class Chosen:
    """The backend that makes a workspace, and why."""

    backend: str
    reasons: Sequence[str]

    def explain(self) -> str:
        """Who was left out for what, and who was chosen."""
        return "\n".join([*self.reasons, f"{self.backend} makes the workspace"])


class Workspaces(Resources):
    """What can be done with workspaces; what is in them is between users and their storage.

    Source: Workspaces Extension 0.1.0.
    """

    collection = "workspaces"
    activity = ""
    unknown = WorkspaceNotFound

    def providers(self, view: View) -> Page:
        """All providers of storage; an error if no backend has any."""
        if not self._catalogue.offering(view, f"GET /{PROVIDERS}"):
            raise FeatureUnsupported()
        return self._catalogue.page(PROVIDERS, view)

    def create(self, body: JsonObject, access: Access, view: View) -> Created:
        """Create or register one at the backend that is named, or else the first that can.

        Nobody else sees what is sent, which may hold the credentials of the user's storage.
        """
        chosen = self._chosen(body, access, view)
        backend = chosen.backend
        sent = orjson.dumps(without_choice(body))
        request = Request("POST", "/workspaces", body=sent, headers=JSON)
        local_id = id_of(self._ask(backend, request, access), self.collection)
        if not local_id:
            raise BackendFailure(backend, "content", "it does not say the id of what it created")
        return Created(federate(backend, local_id), backend, chosen)

    def update(self, identifier: str, body: JsonObject, access: Access, view: View) -> Reply:
        """Change what is said of one."""
        backend, _ = self._located(identifier, view)
        read_choice(body, base=backend)
        sent = orjson.dumps(without_choice(body))
        request = Request("PATCH", "", body=sent, headers=JSON)
        return self._reply(identifier, request, access, view)

    def _chosen(self, body: JsonObject, access: Access, view: View) -> Chosen:
        """The first backend, in configured order, that offers what is wanted and can be asked."""
        explicit = read_choice(body, base=view.backend)
        known = self._catalogue.known(view)
        offering = self._catalogue.offering(view, POST)
        if not offering:
            raise FeatureUnsupported()
        if explicit is not None and explicit not in known:
            there = enumerated([f"'{backend}'" for backend in known])
            said = f"There is no backend '{shortened(explicit, 50)}' in this federation"
            raise NoBackendForProcess(f"{said}; its backends are {there}.")
        asked = [b for b in known if b in offering and explicit in (None, b)]
        lacking = {b: self._lack(b, body, view) for b in asked}
        able = [b for b in asked if not lacking[b]]
        if not able:
            raise self._unsupported(body, explicit, view)
        reasons = [f"{backend} {reason}" for backend, reason in lacking.items() if reason]
        return Chosen(_usable(able, known, access), reasons)

    def _lack(self, backend: str, body: JsonObject, view: View) -> str:
        """What of the wanted provider that backend does not offer, or nothing."""
        wanted, intent = body.get("type"), body.get("intent")
        offered = {name.casefold(): intents for name, intents in self._offered(backend, view)}
        if not offered:
            return "" if wanted is None else "has no providers that are known"
        if wanted is None:
            intents = [known for known in offered.values() if not known or intent in known]
            return "" if intents else "has no provider for that intent"
        intents_there = offered.get(str(wanted).casefold())
        if intents_there is None:
            return "does not have that provider"
        able = not intents_there or intent in intents_there
        return "" if able else "does not have that provider for that intent"

    def _offered(self, backend: str, view: View) -> Iterator[tuple[str, Sequence[str]]]:
        """The providers of a backend, and for which intents each is."""
        documents = knowledge.documents(self._catalogue.known(view), PROVIDERS)
        found = documents.get(backend, {}).get("providers")
        for name, provider in found.items() if is_object(found) else ():
            yield name, texts(provider, "intents")

    def _unsupported(
        self, body: JsonObject, explicit: str | None, view: View
    ) -> WorkspaceProviderUnsupported:
        """Says what is wrong with the wish, and which providers there are, where and for what."""
        known: Mapping[str, Any] = self._catalogue.known(view)
        there = {b: list(starmap(_described, self._offered(b, view))) for b in known}
        listed = [f"{b} has {enumerated(names)}" for b, names in there.items() if names]
        at = f" At backend '{explicit}' there are none of them." if explicit else ""
        said = f"{_wish(body)}: {'; '.join(listed) or 'there is no provider'}.{at}"
        return WorkspaceProviderUnsupported(said)


def _described(name: str, intents: Sequence[str]) -> str:
    return f"{name} (to {' or '.join(intents)})" if intents else name


def _wish(body: JsonObject) -> str:
    """That nobody can make what is wanted, as far as the wish can be read."""
    wanted, intent = body.get("type"), body.get("intent")
    if intent not in INTENTS:
        return "The property 'intent' must be 'create' or 'register', as the provider has it"
    if wanted is not None and not is_text(wanted):
        return "The property 'type' must be the name of a provider"
    named = f" '{shortened(wanted, 50)}'" if is_text(wanted) else ""
    return f"There is no provider{named} of workspaces here to {intent} one"


def _usable(able: Sequence[str], known: knowledge.Known, access: Access) -> str:
    """The first that the user can use and that takes work; an error if there is none."""
    for_user = [backend for backend in able if backend in access.credentials]
    if not for_user:
        access.at(able[0])
    taking = [backend for backend in for_user if not known[backend].excluded]
    if not taking:
        raise NoBackendForProcess(f"Backend '{for_user[0]}' takes no new work.")
    online = [backend for backend in taking if known[backend].online]
    if not online:
        raise BackendUnavailable(taking)
    return online[0]
