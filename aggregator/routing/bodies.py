"""The choice of a backend, or of how to choose it, in the body of a request beside the process.

`federation:backend`, as a property of the body or one of the `job_options`, is this federation's;
`federation:force-backend` is what other federations call it. `federation:policy` names the policy
by which the backends that are able are ranked, `federation:tiles` says how an area is divided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from aggregator.documents import JsonObject
from aggregator.errors import NoBackendForProcess, OpenEOError, PolicyUnsupported, TilesInvalid
from aggregator.routing.policies import POLICIES, Policy
from aggregator.routing.suggestions import enumerated, shortened

BACKEND = ("federation:backend", "federation:force-backend")
POLICY = ("federation:policy",)
TILES = "federation:tiles"
PROPERTIES = (*BACKEND, *POLICY, TILES)
OPTIONS = ("job_options", "options")


def read_choice(body: JsonObject, *, base: str | None = None) -> str | None:
    """The backend that a request asks for, None if for none in particular.

    `base` is the backend in the address of the request, if it has one. Raises NoBackendForProcess
    if two places name different backends or one names none.
    """
    places = list(_choices(body, BACKEND))
    if base is not None:
        places.append(("the address", base))
    for place, value in places:
        if not (isinstance(value, str) and value):
            raise _unusable(f"{place} must be the id of one backend")
    for place, value in places:
        if value != places[0][1]:
            named = f"'{shortened(places[0][1], 50)}' in {places[0][0]}"
            raise _unusable(f"it names backend {named} and '{shortened(value, 50)}' in {place}")
    return places[0][1] if places else None


def read_policy(body: JsonObject) -> Policy | None:
    """The policy that a request asks for, None if for none in particular.

    Raises PolicyUnsupported, which names those that there are, if there is no such policy or two
    places name different ones.
    """
    places = list(_choices(body, POLICY))
    for place, value in places:
        if not isinstance(value, str) or value not in POLICIES:
            named = f"'{shortened(value, 50)}'" if isinstance(value, str) else "no name"
            raise PolicyUnsupported(f"{place} is {named}", enumerated([*POLICIES]))
        if value != places[0][1]:
            said = f"it names '{places[0][1]}' in {places[0][0]} and '{value}' in {place}"
            raise PolicyUnsupported(said, enumerated([*POLICIES]))
    return POLICIES[places[0][1]] if places else None


def read_tiles(body: JsonObject) -> Any:
    """How a request wants its area divided, as it says so; None if it does not.

    Raises TilesInvalid if it says so in two places.
    """
    places = list(_choices(body, (TILES,)))
    if len(places) > 1:
        said = f"it is there twice, in {places[0][0]} and in {places[1][0]}"
        raise TilesInvalid(TILES, said)
    return places[0][1] if places else None


def choices_in(body: JsonObject) -> dict[str, Any]:
    """All such choices that a request makes, each once and as a property of the body.

    Raises what `read_choice`, `read_policy` and `read_tiles` raise.
    """
    read_policy(body)
    policies = [value for _, value in _choices(body, POLICY)]
    made = {
        BACKEND[0]: read_choice(body),
        POLICY[0]: policies[0] if policies else None,
        TILES: read_tiles(body),
    }
    return {name: value for name, value in made.items() if value is not None}


def without_choice(body: JsonObject) -> dict[str, Any]:
    """The body as it is forwarded, without such choices; the one given stays as it is."""
    forwarded = {key: value for key, value in body.items() if key not in PROPERTIES}
    for place in OPTIONS:
        options = body.get(place)
        if isinstance(options, dict) and not options.keys().isdisjoint(PROPERTIES):
            kept = {key: value for key, value in options.items() if key not in PROPERTIES}
            forwarded[place] = kept
            if not kept:
                del forwarded[place]
    return forwarded


def _choices(body: JsonObject, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for name in names:
        if body.get(name) is not None:
            yield f"the property '{name}'", body[name]
    for place in OPTIONS:
        options = body.get(place)
        for name in names:
            if isinstance(options, dict) and options.get(name) is not None:
                yield f"the property '{name}' of '{place}'", options[name]


def _unusable(reason: str) -> OpenEOError:
    return NoBackendForProcess(f"The request does not ask for one backend: {reason}.")
