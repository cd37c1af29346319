"""Who asks: logging in at the backends, and whose token goes to which of them.

A password is forwarded once, at login, to the backends that the operator trusts with it. Later
requests carry the backends' tokens sealed (`tokens`), or a token of an OpenID Connect provider,
which is verified (`identities`) and goes to the backends that know the provider.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aggregator.documents import JsonObject, links, text, texts
from aggregator.errors import (
    AuthenticationRequired,
    AuthenticationSchemeInvalid,
    BackendError,
    BackendUnavailable,
    CredentialsInvalid,
    FeatureUnsupported,
    OpenEOError,
    PermissionsInsufficient,
    TokenInvalid,
)
from aggregator.identity.claims import Claims
from aggregator.merging.oidc import issuer_of
from aggregator.routing import Abilities
from aggregator.settings import Identity, Settings
from aggregator.upstream.client import Request
from aggregator.upstream.failures import Failure
from aggregator.upstream.fleet import Fleet
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.identities import Identities
from aggregator.usecases.tokens import Login, Sealer
from aggregator.usecases.views import View

JWT_CLASS = re.compile(r"https://api\.openeo\.org/[^/]+/authentication/jwt")
REFUSED = {401, 403}
OwnIds = Mapping[str, str]
ME = Request("GET", "/me")
OIDC = "oidc"
# Between a user's id and the issuer, in names.
OF = " of "
# Of a name and password as a header has them; backends' servers take little more.
BASIC_LENGTH = 4096


@dataclass(frozen=True)
class Access:
    """Who asks, and their credentials ready to be sent: for each backend the header Authorization.

    `user_id` is the subject (`sub`) of a token, or the name that was given with a password; of a
    token there are also the verified `claims`. `unreached` are the backends that were down when the
    user logged in with a password, or have moved since; with a token, those that have not said yet
    whose tokens they take. Neither credentials nor the user are shown when printed.
    """

    user_id: str = field(repr=False)
    credentials: Mapping[str, str] = field(repr=False)
    unreached: tuple[str, ...] = ()
    claims: Claims | None = None

    @property
    def issuer(self) -> str:
        """Who says that it is this user: an issuer of tokens; empty after a login by password.

        With it `user_id` is one user only; the same `user_id` of another issuer may be another.
        """
        return self.claims.issuer if self.claims else ""

    def at(self, backend: str) -> str:
        """The credentials for one backend; an error that says why there are none."""
        if backend in self.credentials:
            return self.credentials[backend]
        if backend in self.unreached and self.claims is not None:
            raise BackendUnavailable(backend, "It has not said yet whose logins it takes.")
        if backend in self.unreached:
            raise TokenInvalid(
                f"You are not logged in at backend '{backend}', which could not be reached then "
                "or has moved since. Please log in again to use it."
            )
        raise PermissionsInsufficient(f"Your account is not known at backend '{backend}'.")


class Accounts:
    """Logs users in and reads the header Authorization."""

    def __init__(
        self,
        settings: Settings,
        fleet: Fleet,
        catalogue: Catalogue,
        sealer: Sealer,
        identities: Identities,
    ) -> None:
        self._settings, self._fleet, self._catalogue = settings, fleet, catalogue
        self._sealer, self._identities = sealer, identities
        self._trusted = trusted_issuers(settings.identity)
        self._plain: dict[View, tuple[tuple[Abilities, ...], set[str]]] = {}
        self._places = {
            backend.id: _place(backend.id, backend.url) for backend in settings.backends
        }

    def login(self, authorization: str | None) -> str:
        """A sealed token for the name and password in a header of HTTP Basic authentication.

        Raises CredentialsInvalid if no backend lets the user in, BackendUnavailable if none could
        be asked.
        """
        user, header = _basic(authorization)
        asked = [b.id for b in self._settings.backends if b.basic_authentication]
        if not asked:
            raise FeatureUnsupported("No backend of this federation takes passwords.")
        answers = self._fleet.ask_all(
            dict.fromkeys(asked, Request("GET", "/credentials/basic")),
            dict.fromkeys(asked, header),
            deadline=self._settings.upstream.listing_deadline,
        )
        found = {
            backend: text(document, "access_token")
            for backend, document in answers.documents.items()
        }
        tokens = {self._places[backend]: token for backend, token in found.items() if token}
        refused = [backend for backend, failure in answers.failures.items() if _refuses(failure)]
        unreached = tuple(b for b in asked if not found.get(b) and b not in refused)
        if tokens:
            return self._sealer.seal(Login(user, tokens, unreached))
        if refused:
            raise CredentialsInvalid()
        raise BackendUnavailable(unreached, "Nobody can log in with a password without it.")

    def access(self, authorization: str | None, view: View) -> Access:
        """Who sends this header, and what may be sent to each backend for them.

        Raises AuthenticationRequired, AuthenticationSchemeInvalid, TokenInvalid,
        IdentityProviderUnavailable.
        """
        kind, provider, token = _bearer(authorization)
        if kind == "oidc":
            return self._with_token(token, *self._provider(provider, view), view)
        login = self._sealer.open(token) if kind == "basic" or "." not in token else None
        if login is not None:
            return self._with_password(login, view)
        if kind == "basic":
            raise TokenInvalid()
        return self._with_token(token, *self._provider_of(token, view), view)

    def me(self, access: Access, view: View, *, members: bool = True) -> dict[str, Any]:
        """What the federation knows of the user, joined with what the backends say.

        What only one backend can say is left out. Without `members` none of them is asked.
        """
        known = self._catalogue.known(view)
        own = access.credentials if members else {}
        answers = self._fleet.ask_all(
            dict.fromkeys(own, ME), own, deadline=self._settings.upstream.listing_deadline
        )
        refused = None if answers.documents else refusal(answers.failures)
        if refused is not None:
            raise refused
        missing = absent(access, answers.failures, known) if members else []
        return _joined(access, answers.documents, missing)

    def _with_password(self, login: Login, view: View) -> Access:
        plain, known = self._takes_plain_tokens(view), self._catalogue.known(view)
        tokens = {backend: login.tokens.get(self._places[backend]) for backend in known}
        credentials = {
            backend: f"Bearer {token}" if backend in plain else f"Bearer basic//{token}"
            for backend, token in tokens.items()
            if token
        }
        before = {place.partition(" ")[0] for place in login.tokens}
        moved = tuple(b for b in known if b in before and b not in credentials)
        return Access(login.user, credentials, (*login.unreached, *moved))

    def _with_token(self, token: str, issuer: str, own_ids: OwnIds, view: View) -> Access:
        claims = self._identities.verified(token, issuer)
        plain = self._takes_plain_tokens(view)
        credentials = {
            backend: f"Bearer {token}" if backend in plain else f"Bearer oidc/{own}/{token}"
            for backend, own in own_ids.items()
        }
        known = self._catalogue.known(view)
        untold = (name for name, snapshot in known.items() if snapshot.never_told(OIDC))
        unreached = tuple(name for name in untold if name not in credentials)
        return Access(claims.subject, credentials, unreached, claims)

    def _provider(self, identifier: str, view: View) -> tuple[str, OwnIds]:
        """The issuer of a provider in the list, and what each backend calls it."""
        shelf = self._catalogue.shelf(view)
        issuers = {str(known["id"]): str(known["issuer"]) for known in shelf.providers}
        if identifier not in issuers:
            raise TokenInvalid(
                "The bearer token is sent for an OpenID Connect provider that is not known here"
                + (f"; known are {', '.join(issuers)}." if issuers else ".")
            )
        return issuers[identifier], shelf.oidc.own_ids[identifier]

    def _provider_of(self, token: str, view: View) -> tuple[str, OwnIds]:
        """The issuer that a JWT names, which is not verified yet, and what each backend calls it.

        One that the operator trusts counts also where no backend knows it: its users are then known
        to the federation alone.
        """
        if "." not in token:
            raise TokenInvalid()
        issuer, shelf = self._identities.issuer(token), self._catalogue.shelf(view)
        for provider in shelf.providers:
            if issuer and provider["issuer"] == issuer:
                return issuer, shelf.oidc.own_ids[text(provider, "id")]
        if issuer in self._trusted:
            return issuer, {}
        raise TokenInvalid(
            "The bearer token is from no issuer that is known here; GET /credentials/oidc lists "
            "those that are."
        )

    def _takes_plain_tokens(self, view: View) -> set[str]:
        """The backends that want a JWT as it is; the others want to be told what it is."""
        abilities = self._catalogue.shelf(view).abilities
        kept = self._plain.get(view)
        if kept is None or kept[0] is not abilities:
            found = {a.backend for a in abilities if any(map(JWT_CLASS.fullmatch, a.conformance))}
            kept = self._plain[view] = (abilities, found)
        return kept[1]


def _place(backend: str, url: str) -> str:
    """A backend with its address: what was given there is for no other host of that name."""
    return f"{backend} {hashlib.blake2b(url.encode(), digest_size=8).hexdigest()}"


def trusted_issuers(settings: Identity) -> list[str]:
    """The issuers that the operator names, written as in the list of providers."""
    return [issuer_of({"issuer": issuer}) for issuer in settings.trusted_issuers]


def name_of(access: Access, settings: Identity) -> str:
    """The name under which a user's stored processes are kept, and called by others: the id.

    Two issuers can give the same `sub`, so that a trusted one that is not the first stands beside
    it; no other user's name can look like that.
    """
    issuer, trusted = issuer_of({"issuer": access.issuer}), trusted_issuers(settings)
    if issuer not in trusted[1:] and OF not in access.user_id:
        return access.user_id
    return f"{access.user_id}{OF}{issuer}"


def refusal(failures: Mapping[str, Failure]) -> OpenEOError | None:
    """The backends' own error if all of them refuse the user's token."""
    found = [failure for failure in failures.values() if _refuses(failure)]
    return found[0] if found and len(found) == len(failures) else None


def _refuses(failure: Failure) -> bool:
    return isinstance(failure, BackendError) and failure.status in REFUSED


def missing_from(failures: Mapping[str, Failure]) -> list[str]:
    """The backends that could not answer; one that does not know the user has nothing to say."""
    return [backend for backend, failure in failures.items() if not _refuses(failure)]


def absent(access: Access, failures: Mapping[str, Failure], known: Iterable[str]) -> list[str]:
    """`federation:missing` of an answer for a user: who failed, and who missed the login.

    One that let the user in with a password and now refuses has something to say: that login ended.
    """
    failed = failures if access.claims is None else missing_from(failures)
    late = {*failed, *access.unreached}
    return [backend for backend in known if backend in late]


def _basic(authorization: str | None) -> tuple[str, str]:
    """The user name in a header of HTTP Basic authentication, and the header to forward."""
    scheme, _, encoded = (authorization or "").strip().partition(" ")
    if not authorization:
        raise AuthenticationRequired(
            "This needs your user name and password by HTTP Basic authentication.",
            headers={"WWW-Authenticate": "Basic"},
        )
    if scheme.lower() != "basic":
        raise AuthenticationSchemeInvalid("Log in here by HTTP Basic authentication.")
    try:
        user, colon, _ = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        name = user.decode()
    except (binascii.Error, ValueError) as error:
        raise CredentialsInvalid() from error
    if not colon or not name or len(encoded) > BASIC_LENGTH:
        raise CredentialsInvalid()
    return name, f"Basic {encoded.strip()}"


def _bearer(authorization: str | None) -> tuple[str, str, str]:
    """Kind (`basic`, `oidc` or empty), provider and token of a header Authorization."""
    if not authorization or not authorization.strip():
        raise AuthenticationRequired(headers={"WWW-Authenticate": "Bearer"})
    scheme, _, bearer = authorization.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise AuthenticationSchemeInvalid()
    bearer = bearer.strip()
    if not bearer.isascii() or bearer.split() != [bearer]:
        raise TokenInvalid()
    kind, slash, rest = bearer.partition("/")
    if kind not in ("basic", "oidc") or not slash:
        return "", "", bearer
    provider, slash, token = rest.partition("/")
    if not slash or not token or (kind == "basic") != (provider == ""):
        raise TokenInvalid("A bearer token has the form basic//TOKEN or oidc/PROVIDER/TOKEN.")
    return kind, provider, token


def _joined(
    access: Access, documents: Mapping[str, JsonObject], missing: Sequence[str]
) -> dict[str, Any]:
    claims = access.claims
    joined: dict[str, Any] = {"user_id": _identifier(access.user_id)}
    names = [text(document, "name") for document in documents.values()]
    name = next(filter(None, [claims.name if claims else "", *names]), "")
    if name:
        joined["name"] = name
    own_roles = claims.subscriptions if claims else ()
    roles = dict.fromkeys((*own_roles, *(r for d in documents.values() for r in texts(d, "roles"))))
    if roles:
        joined["roles"] = list(roles)
    # Storage and budgets of different backends are not one, and one of several is not the whole.
    if len(documents) == 1 and not missing:
        (only,) = documents.values()
        joined |= {key: only[key] for key in ("default_plan", "storage", "budget") if key in only}
    if documents:
        joined["federation:backends"] = list(documents)
        joined["federation:users"] = {backend: dict(d) for backend, d in documents.items()}
    if missing:
        joined["federation:missing"] = list(missing)
    joined["links"] = [link for d in documents.values() for link in links(d)]
    return joined


def _identifier(user_id: str) -> str:
    """The user id in the characters that the API allows; others as `~` and their code.

    Its pattern is one of JSON Schema, where `\\w` means letters of ASCII only.
    """
    return re.sub(r"[^A-Za-z0-9_\-.~]", lambda found: f"~{ord(found[0]):02x}", user_id)
