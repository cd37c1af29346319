"""Errors of the federation's own, and of its backends."""

# ruff: noqa: N818  -- the classes bear the names of openEO's codes

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from aggregator.errors.base import Extras, OpenEOError, sentences


class NoBackendForProcess(OpenEOError, status=400):
    """Each need can be met somewhere, but no single backend meets them all.

    `lacking` names for each backend what it lacks; it goes into the body beside the message.
    """

    wording = "No single backend of the federation can run this process."

    def __init__(
        self,
        message: str | None = None,
        lacking: Mapping[str, Sequence[str]] | None = None,
        **extras: Unpack[Extras],
    ) -> None:
        super().__init__(message, **extras)
        self.lacking = {backend: tuple(reasons) for backend, reasons in (lacking or {}).items()}

    def as_json(self, reference: str | None = None) -> dict[str, Any]:
        body = super().as_json(reference)
        if self.lacking:
            body["federation:lacking"] = {b: list(reasons) for b, reasons in self.lacking.items()}
        return body


class PolicyUnsupported(OpenEOError, status=400):
    """The request asks for a policy that does not exist, or for several."""

    def __init__(self, said: str, known: str, **extras: Unpack[Extras]) -> None:
        message = f"The request does not ask for one policy: {said}. There are: {known}."
        super().__init__(message, **extras)


class TilesInvalid(OpenEOError, status=400):
    """The request asks for tiles in a way that is not understood, or where there are none."""

    def __init__(self, name: str, said: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"The property '{name}' cannot be used: {said}.", **extras)


class TilingUnsupported(OpenEOError, status=400):
    """The process cannot be run in tiles: their results joined would not be its result."""

    wording = "The area of the process cannot be divided."


class DatabaseUnavailable(OpenEOError, status=503):
    """The federation's own database cannot be used; `reason` is for operators, not for users."""

    wording = "The federation's records cannot be reached at the moment. Please try again later."

    def __init__(self, reason: str = "") -> None:
        super().__init__(headers={"Retry-After": "5"})
        self.reason = reason


class _AboutBackends(OpenEOError):
    """An error that names the backends it is about, for people and in the body."""

    def __init__(
        self, backend: str | Sequence[str], message: str, **extras: Unpack[Extras]
    ) -> None:
        super().__init__(message, **extras)
        self.backends = (backend,) if isinstance(backend, str) else tuple(backend)

    def as_json(self, reference: str | None = None) -> dict[str, Any]:
        return super().as_json(reference) | {"federation:backends": list(self.backends)}


def _named(backend: str | Sequence[str]) -> str:
    names = [backend] if isinstance(backend, str) else list(backend)
    return "backend " + " or ".join(f"'{name}'" for name in names)


class BackendUnavailable(_AboutBackends, status=503):
    """Only this backend (or these) could answer, and it is offline at the moment."""

    def __init__(
        self, backend: str | Sequence[str], reason: str = "", **extras: Unpack[Extras]
    ) -> None:
        said = f"This needs {_named(backend)}, which cannot be reached at the moment."
        super().__init__(backend, sentences(said, reason), **extras)


class BackendPaused(BackendUnavailable, status=503):
    """The backend answers, but has kept requests of this kind waiting; they pause for `seconds`."""

    def __init__(self, backend: str, seconds: int, **extras: Unpack[Extras]) -> None:
        extras.setdefault("headers", {"Retry-After": str(seconds)})
        super().__init__(backend, **extras)
        self.message = self.logged = (
            f"The {_named(backend)} has kept requests of this kind waiting in vain, so that it is "
            f"not asked at the moment. It is asked again in {seconds} seconds."
        )


class BackendTimeout(_AboutBackends, status=504):
    """The backend did not answer in the time it was given; `seconds` says how long that was."""

    def __init__(
        self, backend: str, seconds: float | None = None, **extras: Unpack[Extras]
    ) -> None:
        within = "in time" if seconds is None else f"within {seconds:.3g} seconds"
        super().__init__(backend, f"The {_named(backend)} did not answer {within}.", **extras)


class BackendFailure(_AboutBackends, status=502):
    """The backend failed without an openEO error.

    `layer` says which part failed (such as name resolution, connection, TLS, HTTP, content) and
    `reason` how; `status_there` is the status of its answer, if that was the failure.
    """

    def __init__(
        self,
        backend: str,
        layer: str,
        reason: str = "",
        *,
        status_there: int | None = None,
        **extras: Unpack[Extras],
    ) -> None:
        said = f"The {_named(backend)} failed ({layer}){': ' + reason if reason else '.'}"
        super().__init__(backend, said, **extras)
        self.layer, self.status_there = layer, status_there


class BackendError(_AboutBackends):
    """A backend's own openEO error, passed on with its status, code, message and headers.

    `message` stays the backend's; the body adds whose message it is and by which reference the
    backend's operators find it, since identifiers in it may be the backend's own. `work` is the id
    of the work that has begun and failed, if the backend tells it.
    """

    def __init__(
        self,
        backend: str,
        *,
        status: int,
        code: str,
        message: str,
        upstream_id: str | None = None,
        work: str = "",
        **extras: Unpack[Extras],
    ) -> None:
        super().__init__(backend, message, **extras)
        self.status, self.code, self.backend = status, code, backend
        self.upstream_id, self.work = upstream_id, work

    def as_json(self, reference: str | None = None) -> dict[str, Any]:
        about = "" if self.upstream_id is None else f", its reference {self.upstream_id}"
        message = f"{self.message} (from {_named(self.backend)}{about})"
        return super().as_json(reference) | {"message": message}


class PartFailed(_AboutBackends, status=502):
    """A part of a process that runs at several backends failed; the message says which and why."""


class IdentityProviderUnavailable(OpenEOError, status=503):
    """A token cannot be verified, since its issuer's keys cannot be had at the moment."""

    def __init__(self, provider: str, reason: str = "", **extras: Unpack[Extras]) -> None:
        said = f"Your login cannot be verified: the keys of {provider} cannot be had at the moment."
        super().__init__(sentences(said, reason, "Please try again later."), **extras)


class ConsentRequired(OpenEOError, status=403):
    """The user has to agree to the federation's terms first; `page` is where that is done.

    The address of the page is the user's own, and is not logged.
    """

    def __init__(self, version: str, page: str) -> None:
        said = (
            "Please agree to the terms of this federation first: without that your data do not go "
            f"to its members. You can do so at {page}"
        )
        link = {
            "rel": "terms-of-service",
            "href": page,
            "type": "text/html",
            "title": "Terms to agree to",
        }
        super().__init__(said, url=page, links=[link])
        self.logged = f"The user has not agreed to version '{version}' of the terms."
