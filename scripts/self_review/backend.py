"""The examined backend: what it says, asked once and shared by all checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

from scripts.self_review.account import Account
from scripts.self_review.findings import (
    Cause,
    Evidence,
    NotJudgedError,
    could_not_tell,
    not_applicable,
)
from scripts.self_review.making import Making, Patience
from scripts.self_review.once import Once
from scripts.self_review.probe.addresses import parts
from scripts.self_review.probe.answer import Answer, NotJsonError
from scripts.self_review.probe.client import NoAnswerError, Probe

T = TypeVar("T")
Entry = Mapping[str, Any]
ABSENT: Final = frozenset({404, 405, 410, 501})
"""Statuses that say that nothing is there."""
MOST_PAGES: Final = 20
CDSE: Final = "https://identity.dataspace.copernicus.eu/auth/realms/CDSE"
NO_LOGIN: Final = could_not_tell(
    "No login was given to this review.", Cause.LOGIN, hint="Give --basic or one of --oidc-…."
)


@dataclass(frozen=True)
class Options:
    """What the person who reviews has decided."""

    read_only: bool = False
    aggregator: bool = False
    """Whether the URL is one of an aggregator, so that its rules apply too."""
    sample: int = 40
    """So many collections are looked at one by one."""
    links: int = 30
    """So many links are followed."""
    federation: Mapping[str, Any] | None = None
    """The collections of the federation that the backend would join, by id."""
    history: Sequence[Any] | None = None
    """The backend's months in a monitor's history."""
    earlier: Mapping[str, Any] | None = None
    """The snapshot in an earlier report."""
    collection: str | None = None
    """The collection to compute with."""
    issuer: str = CDSE
    """The identity provider that the federation has agreed on."""
    budget: float = 5.0
    """What one computation may cost, in the currency of the backend."""
    patience: Patience = field(default_factory=Patience)
    computations: int | None = None
    """So many results and jobs may be computed, None for any number."""


class Backend:
    """One backend under review.

    `root` is the versioned address of its API, `host` the address of its host. Paths begin with a
    slash and are below the root.
    """

    def __init__(
        self,
        probe: Probe,
        root: str,
        options: Options | None = None,
        account: Account | None = None,
        penniless: Account | None = None,
    ) -> None:
        self.probe = probe
        self.root = root.rstrip("/")
        self.host = _host(self.root)
        self.options = options or Options()
        self.account = account
        self.penniless = penniless
        """Another user, who has no credits."""
        self._once = Once()

    def once(self, key: object, make: Callable[[], T]) -> T:
        """What `make` gives, made once for this key and kept."""
        return self._once.get(key, make)

    def url(self, path: str, **query: object) -> str:
        """The address of a path; a path with a scheme is an address already."""
        address = path if "://" in path else f"{self.root}{path}"
        return f"{address}?{urlencode(query)}" if query else address

    def get(self, path: str, **query: object) -> Answer:
        """What anybody gets; asked once. Raises NoAnswerError."""
        url = self.url(path, **query)
        return self.once(("GET", url), lambda: self.probe.ask("GET", url))

    def get_as_user(self, path: str, **query: object) -> Answer:
        """What the logged-in user gets; asked once. Raises NoAnswerError, NotJudgedError."""
        url = self.url(path, **query)
        return self.once(("GET", url, "user"), lambda: self.send("GET", url))

    def send(self, method: str, path: str, **options: Any) -> Answer:
        """A request of the logged-in user, sent each time. Raises NoAnswerError, NotJudgedError."""
        return self.send_as(self.user, method, path, **options)

    def send_as(self, account: Account, method: str, path: str, **options: Any) -> Answer:
        """A request of that user, sent each time. Raises NoAnswerError, NotJudgedError."""
        headers = {**account.headers(self), **options.pop("headers", {})}
        return self.probe.ask(method, self.url(path), headers=headers, **options)

    def send_anonymously(self, method: str, path: str, **options: Any) -> Answer:
        """A request of nobody in particular, sent each time. Raises NoAnswerError."""
        return self.probe.ask(method, self.url(path), **options)

    @property
    def user(self) -> Account:
        """The login of this review; raises NotJudgedError if there is none."""
        if self.account is None:
            says = "No login was given to this review."
            raise NotJudgedError(
                could_not_tell(says, Cause.LOGIN, hint="Give --basic or --oidc-….")
            )
        return self.account

    @property
    def making(self) -> Making:
        """Makes things at the backend; raises NotJudgedError without a login or if read-only.

        Where the login fails there is nothing to make, nor to remove. Raises NoAnswerError.
        """
        if self.account is None:
            raise NotJudgedError(NO_LOGIN)
        if self.options.read_only:
            says = "It would make something at the backend, and this review is read-only."
            raise NotJudgedError(could_not_tell(says, Cause.READ_ONLY))
        self.account.token(self)
        return self.once("making", self._making)

    def _making(self) -> Making:
        options = self.options
        return Making(self, options.patience, self._budget(), most=options.computations)

    def _budget(self) -> dict[str, object]:
        """What limits the costs of each computation, where the backend bills at all."""
        billing = self.capabilities.get("billing")
        bills = isinstance(billing, dict) and billing.get("currency") is not None
        return {"budget": self.options.budget} if bills else {}

    def clean_up(self) -> None:
        """Removes what this review made at the backend."""
        made = self._once.known("making")
        if isinstance(made, Making):
            made.clean_up()

    @property
    def left_behind(self) -> list[str]:
        """What could not be removed."""
        made = self._once.known("making")
        return made.left_behind if isinstance(made, Making) else []

    # What the backend says of itself.

    def document(self, path: str, owner: str = "", **query: object) -> Entry:
        """The JSON object at a path; raises NotJudgedError, naming the check that fails."""
        return usable(self.get(path, **query), owner)

    def user_document(self, path: str, owner: str = "", **query: object) -> Entry:
        """The JSON object that the logged-in user gets; raises NotJudgedError."""
        return usable(self.get_as_user(path, **query), owner)

    @property
    def capabilities(self) -> Entry:
        return self.document("/", "api-30")

    @property
    def endpoints(self) -> dict[str, set[str]]:
        """The methods of each listed path; paths with their variables emptied: `/jobs/{}`."""
        listed = listing(self.capabilities, "/", "endpoints", "api-30")
        found: dict[str, set[str]] = {}
        for one in objects(listed):
            path, methods = one.get("path"), one.get("methods")
            if isinstance(path, str) and isinstance(methods, list):
                found.setdefault(plain(path), set()).update(
                    m for m in methods if isinstance(m, str)
                )
        return found

    def lists(self, method: str, path: str) -> bool:
        """Whether the capabilities list this method of the path."""
        return method in self.endpoints.get(plain(path), set())

    def is_there(self, path: str, **query: object) -> bool:
        """Whether something answers at the path, if only that a login is needed."""
        return self.get(path, **query).status not in ABSENT

    def required_there(self, path: str, owner: str) -> None:
        """Raises NotJudgedError, as not applicable, where an optional endpoint is absent."""
        answer = self.get(path)
        if answer.status in ABSENT:
            says = f"There is no {path} (judged by {owner})."
            raise NotJudgedError(not_applicable(says, answer))

    def optional_document(self, path: str, owner: str) -> Entry:
        """The JSON object of an endpoint that need not be; not applicable where it is absent."""
        self.required_there(path, owner)
        return self.document(path, owner)

    def entries(self, path: str, name: str, owner: str) -> list[Entry]:
        """The objects of a public list, of all of its pages; raises NotJudgedError."""
        return self.once(("entries", path), lambda: self._all_pages(path, name, owner))

    def _all_pages(self, path: str, name: str, owner: str) -> list[Entry]:
        document = self.document(path, owner)
        found = objects(listing(document, path, name, owner))
        for _ in range(MOST_PAGES):
            onwards = link(document, "next")
            if onwards is None:
                break
            document = usable(self.get(onwards), owner)
            found += objects(document.get(name))
        return found

    @property
    def processes(self) -> list[Entry]:
        return self.entries("/processes", "processes", "api-200")

    @property
    def processes_by_id(self) -> dict[str, Entry]:
        return self.once("processes by id", lambda: _by_id(self.processes))

    @property
    def collections(self) -> list[Entry]:
        return self.entries("/collections", "collections", "api-300")

    @property
    def file_formats(self) -> Entry:
        return self.document("/file_formats", "api-40")

    def sampled(self) -> list[tuple[str, Answer]]:
        """The answers for single collections, all of them or so many spread over the list."""
        return self.once("sample", self._sample)

    def _sample(self) -> list[tuple[str, Answer]]:
        ids = [one["id"] for one in self.collections if isinstance(one.get("id"), str)]
        return [(one, self.get(collection_path(one))) for one in spread(ids, self.options.sample)]

    def full_collections(self) -> list[Entry]:
        """The documents of the sampled collections; raises NotJudgedError if none is readable."""
        found = [one for _, answer in self.sampled() if (one := read_object(answer)) is not None]
        if not found:
            says = "No single collection could be read (judged by api-320)."
            raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE))
        return found

    def looked_at(self) -> str:
        """What was sampled of the collections, for reports."""
        return f"{len(self.sampled())} of {len(self.collections)} collections"


def collection_path(identifier: str) -> str:
    return f"/collections/{quote(identifier, safe='')}"


def spread(values: Sequence[T], most: int) -> list[T]:
    """At most so many of them, evenly spread."""
    if len(values) <= most:
        return list(values)
    return [values[i * len(values) // most] for i in range(most)]


def plain(path: str) -> str:
    """A path as the capabilities write it, with its variables emptied."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def objects(value: object) -> list[Entry]:
    """The objects in an array; none if it is no array."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def link(document: Entry, relation: str) -> str | None:
    """The address of the first link with that relation."""
    for one in objects(document.get("links")):
        if one.get("rel") == relation and isinstance(one.get("href"), str):
            return str(one["href"])
    return None


def read_object(answer: Answer) -> Entry | None:
    """The JSON object of a good answer; None if it is not good or not that."""
    if not answer.ok:
        return None
    try:
        return answer.object()
    except NotJsonError:
        return None


def usable(answer: Answer, owner: str = "") -> Entry:
    """The JSON object of a good answer; raises NotJudgedError, naming the check that fails."""
    see = f" (judged by {owner})" if owner else ""
    if not answer.ok:
        raise NotJudgedError(_unusable(f"{answer.request} answered {answer.status}{see}.", answer))
    try:
        return answer.object()
    except NotJsonError as error:
        raise NotJudgedError(_unusable(f"{answer.request}: {error}{see}.", answer)) from error


def listing(document: Entry, path: str, name: str, owner: str) -> list[Any]:
    """The array of that name in a list document; raises NotJudgedError."""
    found = document.get(name)
    if isinstance(found, list):
        return found
    says = f"GET {path} has no array {name!r} (judged by {owner})."
    keys = ", ".join(list(map(str, document))[:10])
    raise NotJudgedError(_unusable(says, Evidence(f"GET {path}", f"an object with {keys}")))


def _unusable(says: str, shown: Answer | Evidence) -> Any:
    return could_not_tell(says, Cause.UNUSABLE, shown)


def _by_id(entries: Sequence[Entry]) -> dict[str, Entry]:
    return {one["id"]: one for one in entries if isinstance(one.get("id"), str)}


def find_root(probe: Probe, url: str) -> str:
    """The versioned address of the API at or behind an address.

    The address itself if it answers with capabilities; else the newest production version that
    `/.well-known/openeo` lists, at the address or at its host; else the address as it is.
    """
    url = url.rstrip("/")
    if _is_root(probe, url):
        return url
    for base in dict.fromkeys((url, _host(url))):
        found = _newest(probe, f"{base}/.well-known/openeo")
        if found is not None:
            return found.rstrip("/")
    return url


def _host(url: str) -> str:
    found = parts(url)
    return f"{found.scheme}://{found.netloc}"


def _is_root(probe: Probe, url: str) -> bool:
    found = _quietly(probe, f"{url}/")
    return found is not None and "api_version" in found


def _newest(probe: Probe, url: str) -> str | None:
    found = _quietly(probe, url) or {}
    versions = [one for one in objects(found.get("versions")) if parts(str(one.get("url"))).netloc]
    best = max(
        versions,
        key=lambda one: (one.get("production") is not False, numbers(one.get("api_version"))),
        default=None,
    )
    return None if best is None else str(best["url"])


def _quietly(probe: Probe, url: str) -> Entry | None:
    """The object there, or None: that nothing is there is judged later, by the checks."""
    try:
        return read_object(probe.ask("GET", url))
    except NoAnswerError:
        return None


def numbers(version: object) -> tuple[int, ...]:
    """A version as numbers that compare: "1.10.0" is above "1.9.0"; nothing if it is no version."""
    if not isinstance(version, str):
        return ()
    return tuple(int(one) for one in re.findall(r"\d{1,9}", version.partition("-")[0])[:3])
