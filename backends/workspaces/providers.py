"""The kinds of storage that can be offered, and what users say to get a workspace there."""

import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

from backends.addresses import AddressPolicy
from backends.errors import OpenEOError
from backends.workspaces.configuration import Offer
from backends.workspaces.places import BucketPlace, bucket_place
from backends.workspaces.records import FOLDER, S3, NewWorkspace, Provider

REGION: Final = "us-east-1"
_INTENTS: Final = ("create", "register")

PROVIDERS: Final[Mapping[str, Mapping[str, Any]]] = {
    FOLDER: {
        "title": "A folder at the backend",
        "description": "A folder of your own that the backend makes on its disk. It is deleted "
        "with the workspace, and all that is in it.",
        "intents": ["create"],
        "parameters": {},
        "links": [],
    },
    S3: {
        "title": "S3-compatible object storage",
        "description": "A bucket of your own: `url` is `https://HOST/BUCKET`, or Amazon's with the "
        "bucket before the host; what follows is put in front of the keys. The credentials must "
        "allow to read, write and delete objects. They are kept sealed, are never shown again, and "
        "are deleted with the workspace; the bucket itself stays as it is.",
        "intents": ["register"],
        "parameters": {
            "access_key_id": {
                "type": "string",
                "description": "The public part of the credentials.",
                "required": True,
            },
            "secret_access_key": {
                "type": "string",
                "description": "The secret part of the credentials.",
                "required": True,
            },
            "session_token": {
                "type": "string",
                "description": "What belongs to temporary credentials.",
            },
            "region": {
                "type": "string",
                "description": "The region of the bucket, where the storage has several.",
                "default": REGION,
            },
        },
        "links": [],
    },
}
"""The property ``providers`` of GET /workspace_providers for all kinds."""

_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    "access_key_id": re.compile(r"[!-~]{1,512}"),
    "secret_access_key": re.compile(r"[!-~]{1,512}"),
    "session_token": re.compile(r"[!-~]{1,4096}"),
    "region": re.compile(r"[a-z0-9][a-z0-9-]{0,49}"),
}
"""What the values look like; nothing in them may end a header."""


def offered(offer: Offer) -> dict[Provider, Mapping[str, Any]]:
    """The providers of a backend by their names."""
    found: dict[Provider, Mapping[str, Any]] = {}
    if offer.folders is not None:
        found[FOLDER] = PROVIDERS[FOLDER]
    if offer.buckets is not None:
        found[S3] = PROVIDERS[S3]
    return found


def read_workspace(
    body: Mapping[str, Any], user: str, offer: Offer, *, most_bytes: int
) -> NewWorkspace:
    """The workspace that a body of POST /workspaces asks for; raises its first mistake.

    Nothing is asked of the storage itself, but whether its host may be used.
    """
    provider = _provider(body, offer)
    given = _parameters(body, provider)
    texts = texts_of(body)
    if provider == S3:
        place = _place(body, given.pop("region", REGION), offer)
        return NewWorkspace(_new_id(), user, S3, place.as_json(), given, **texts)
    return NewWorkspace(_new_id(), user, FOLDER, quota=_quota(body, most_bytes), **texts)


def texts_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Title and description, as far as the body has them."""
    for name in ("title", "description"):
        if not isinstance(body.get(name), str | None):
            raise OpenEOError("RequestInvalid", f"'{name}' must be a text.")
    return {name: body[name] for name in ("title", "description") if name in body}


def _provider(body: Mapping[str, Any], offer: Offer) -> Provider:
    intent, named = body.get("intent"), body.get("type")
    if intent not in _INTENTS:
        raise OpenEOError("RequestInvalid", "'intent' must be 'create' or 'register'.")
    able = {name: one for name, one in offered(offer).items() if intent in one["intents"]}
    if named is None and intent == "create" and able:
        return next(iter(able))
    for name in able:
        if isinstance(named, str) and named.lower() == name.lower():
            return name
    known = " or ".join(f"'{name}'" for name in able) or "nothing"
    shown = f"'{named[:50]}'" if isinstance(named, str) else "what 'type' says"
    raise OpenEOError(
        "WorkspaceProviderUnsupported",
        f"With the intent '{intent}' there can be workspaces of {known} here, not of {shown}.",
    )


def _parameters(body: Mapping[str, Any], provider: Provider) -> dict[str, str]:
    given = body.get("parameters") or {}
    if not isinstance(given, Mapping):
        raise OpenEOError("RequestInvalid", "'parameters' must be an object.")
    known: Mapping[str, Mapping[str, Any]] = PROVIDERS[provider]["parameters"]
    for name in given:
        if name not in known:
            raise _wrong(name[:50], f"is not known; there are {', '.join(known) or 'none'}")
    for name, parameter in known.items():
        if parameter.get("required") and name not in given:
            raise _wrong(name, "is missing")
    # The values are not repeated: they may be secret.
    for name, value in given.items():
        if not isinstance(value, str) or not _FORMS[name].fullmatch(value):
            raise _wrong(name, "is no text of the form that it must have")
    return dict(given)


def _place(body: Mapping[str, Any], region: str, offer: Offer) -> BucketPlace:
    url, policy = body.get("url"), offer.buckets or AddressPolicy(())
    if not isinstance(url, str) or len(url) > 2000:
        raise OpenEOError("RequestInvalid", "'url' must be the URL of the bucket.")
    try:
        place = bucket_place(url, region)
    except ValueError as error:
        raise OpenEOError("RequestInvalid", f"'url' cannot be used: {error}.") from None
    policy.check(place.url)
    host = place.endpoint.partition("://")[2]
    if place.endpoint.startswith("http:") and not (policy.allow_private or host in policy.own):
        raise OpenEOError("UrlNotAllowed", "A bucket is reached by https only.")
    return place


def _quota(body: Mapping[str, Any], most_bytes: int) -> int:
    quota = body.get("quota")
    if quota is None:
        return most_bytes
    if isinstance(quota, bool) or not isinstance(quota, int) or quota < 0:
        raise OpenEOError("RequestInvalid", "'quota' must be a number of bytes.")
    return min(quota, most_bytes)


def _new_id() -> str:
    return f"w-{secrets.token_hex(8)}"


def _wrong(name: str, problem: str) -> OpenEOError:
    return OpenEOError("WorkspaceParameterInvalid", f"The parameter '{name}' {problem}.")
