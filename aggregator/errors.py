"""Every error that the aggregator answers with, one class per openEO code.

::

    OpenEOError
      General             Internal NotFound FeatureUnsupported InfrastructureMaintenance
                          InfrastructureBusy UnsupportedApiVersion RequestTimeout
      Data and files      CollectionNotFound StorageFailure StorageQuotaExceeded FileNotFound
                          FilePathInvalid FileOperationUnsupported FolderOperationUnsupported
                          ContentTypeInvalid FileTypeInvalid FileSizeExceeded
                          FileContentInvalid FileLocked RangeNotSatisfiable
      Processes           ProcessGraphNotFound ProcessInvalid ProcessGraphMissing
                          ProcessGraphInvalid PredefinedProcessExists ProcessGraphComplexity
                          ProcessUnsupported ProcessParameterUnsupported
                          ProcessParameterInvalid ProcessParameterRequired
      Jobs and services   BudgetInvalid EstimateComplexity NoDataForUpdate PropertyNotEditable
                          JobNotFound JobLocked JobNotFinished JobNotStarted
                          ResultLinkExpired ServiceNotFound ServiceUnsupported
                          ServiceConfigUnsupported ServiceConfigInvalid ServiceConfigRequired
      Workspaces          WorkspaceNotFound WorkspaceProviderUnsupported
      Accounts            PaymentRequired BillingPlanInvalid BillingPlanMissing
                          AuthenticationRequired AuthenticationSchemeInvalid TokenInvalid
                          CredentialsInvalid PermissionsInsufficient
      Federation          NoBackendForProcess BackendUnavailable BackendTimeout
                          BackendFailure BackendError PartFailed IdentityProviderUnavailable
                          ConsentRequired DatabaseUnavailable PolicyUnsupported
                          TilesInvalid TilingUnsupported

The code is the name of the class, the status is the one that openEO's list of errors
(https://api.openeo.org/errors.json) gives; the federation's codes are our own, as the API allows.
The one exception is BackendError, which carries the status and code that a backend sent.
"""

# ruff: noqa: N818  -- the classes bear the names of openEO's codes

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack


class Extras(TypedDict, total=False):
    """What any error may carry beside its message."""

    url: str
    links: Sequence[Mapping[str, Any]]
    headers: Mapping[str, str]


class OpenEOError(Exception):
    """An error with the code, status and message that the client receives.

    `url` and `links` point to an explanation (API 1.0 knew the first, later versions the second),
    `headers` go with the response (Retry-After, WWW-Authenticate). `logged` is what the log says of
    it, which is the message unless that holds what only the user may read.
    """

    code: str = "Internal"
    status: int = 500
    wording: str = "The server could not answer this request."

    def __init_subclass__(cls, status: int | None = None) -> None:
        cls.code = cls.__name__
        if status is not None:
            cls.status = status

    def __init__(self, message: str | None = None, **extras: Unpack[Extras]) -> None:
        self.message = self.logged = self.wording if message is None else message
        self.url = extras.get("url")
        self.links = tuple(extras.get("links", ()))
        self.headers = dict(extras.get("headers", {}))
        super().__init__(self.message)

    def as_json(self, reference: str | None = None) -> dict[str, Any]:
        """The body of the response; `reference` becomes its `id`, by which the logs find it."""
        body: dict[str, Any] = {} if reference is None else {"id": reference}
        body |= {"code": self.code, "message": self.message}
        if self.url is not None:
            body["url"] = self.url
        if self.links:
            body["links"] = [dict(link) for link in self.links]
        return body


def _sentences(*parts: str) -> str:
    return " ".join(part.strip() for part in parts if part)


# General


class Internal(OpenEOError, status=500):
    """The aggregator itself failed."""

    def __init__(
        self, message: str = "it could not answer this request.", **extras: Unpack[Extras]
    ) -> None:
        super().__init__(f"The server failed: {message}", **extras)


class NotFound(OpenEOError, status=404):
    """Nothing stands at the address asked for."""

    wording = "There is nothing at this address."


class FeatureUnsupported(OpenEOError, status=501):
    """The API has this endpoint, the federation does not."""

    wording = "This part of the openEO API is not offered here; GET / lists what is."


class InfrastructureMaintenance(OpenEOError, status=503):
    """Closed for maintenance."""

    wording = "The service is closed for maintenance. Please try again later."


class InfrastructureBusy(OpenEOError, status=503):
    """Too many requests at once."""

    wording = "The service is busy with too many requests. Please try again later."


class UnsupportedApiVersion(OpenEOError, status=404):
    """The address names a version of the API that is not served."""

    def __init__(self, version: str, hint: str = "", **extras: Unpack[Extras]) -> None:
        said = f"Version '{version}' of the openEO API is not served here."
        super().__init__(_sentences(said, hint), **extras)


class RequestTimeout(OpenEOError, status=408):
    """The request took longer than is allowed."""

    wording = "The request took too long and was given up."


# Data and files


class CollectionNotFound(OpenEOError, status=404):
    """No backend knows the collection; `hint` may name similar ones."""

    def __init__(self, identifier: str, hint: str = "", **extras: Unpack[Extras]) -> None:
        said = f"There is no collection '{identifier}' in this federation."
        super().__init__(_sentences(said, hint), **extras)


class StorageFailure(OpenEOError, status=500):
    """A file could not be stored."""

    wording = "The file could not be stored because of a fault of the server."


class StorageQuotaExceeded(OpenEOError, status=400):
    """The user's files fill the space there is."""

    wording = "Your files would take more space than you have. Delete some first."


class FileNotFound(OpenEOError, status=404):
    """The user has no such file."""

    def __init__(self, file: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"You have no file '{file}'.", **extras)


class FilePathInvalid(OpenEOError, status=400):
    """A path that cannot be used."""

    def __init__(self, reason: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"This path cannot be used for a file: {reason}", **extras)


class FileOperationUnsupported(OpenEOError, status=400):
    """This cannot be done with that path."""

    wording = "This operation cannot be done at the given path."


class FolderOperationUnsupported(OpenEOError, status=400):
    """A folder where a file is needed."""

    wording = "This operation works on files, and the path is a folder."


class ContentTypeInvalid(OpenEOError, status=400):
    """A body in a media type that is not read here."""

    def __init__(self, types: str, **extras: Unpack[Extras]) -> None:
        super().__init__(
            f"The media type of the body is not read here. Send one of: {types}", **extras
        )


class FileTypeInvalid(OpenEOError, status=400):
    """A file format that is not accepted."""

    def __init__(self, type_: str, types: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"Files of format {type_} are not accepted; these are: {types}", **extras)


class FileSizeExceeded(OpenEOError, status=400):
    """A file over the limit."""

    def __init__(self, size: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"The file is too large; at most {size} are accepted.", **extras)


class FileContentInvalid(OpenEOError, status=400):
    """A file whose content does not fit its name."""

    wording = "The content of the file cannot be read as what its name says it is."


class FileLocked(OpenEOError, status=400):
    """A file in use."""

    def __init__(self, file: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"The file '{file}' is in use by something else at the moment.", **extras)


class RangeNotSatisfiable(OpenEOError, status=416):
    """A part of a file that lies outside of it; the header Content-Range says its length."""

    wording = "The file has no such part; the header Content-Range says how long it is."


# Processes


class ProcessGraphNotFound(OpenEOError, status=404):
    """The user has stored no such process."""

    def __init__(self, identifier: str, hint: str = "", **extras: Unpack[Extras]) -> None:
        said = f"You have no stored process '{identifier}'."
        super().__init__(_sentences(said, hint), **extras)


class ProcessInvalid(OpenEOError, status=400):
    """What was sent as a process is none."""

    wording = "The process is not a valid openEO process."


class ProcessGraphMissing(OpenEOError, status=400):
    """A process without a process graph."""

    wording = "The process has no process graph: its property 'process_graph' must be an object."


class ProcessGraphInvalid(OpenEOError, status=400):
    """A process graph that breaks the rules of the API."""

    wording = "The process graph is not valid."


class PredefinedProcessExists(OpenEOError, status=400):
    """A stored process may not take the name of a predefined one."""

    wording = "A predefined process has this name already; choose another."


class ProcessGraphComplexity(OpenEOError, status=400):
    """Too large for the way it was sent."""

    wording = "The process is too complex to be run while you wait. Send it as a batch job."


class ProcessUnsupported(OpenEOError, status=400):
    """No backend knows the process; `hint` may name similar ones."""

    def __init__(
        self, process: str, namespace: str = "backend", hint: str = "", **extras: Unpack[Extras]
    ) -> None:
        said = f"There is no process '{process}' in namespace '{namespace}'."
        super().__init__(_sentences(said, hint), **extras)


class ProcessParameterUnsupported(OpenEOError, status=400):
    """The process has no such parameter."""

    def __init__(
        self, process: str, parameter: str, hint: str = "", **extras: Unpack[Extras]
    ) -> None:
        said = f"The process '{process}' has no parameter '{parameter}'."
        super().__init__(_sentences(said, hint), **extras)


class ProcessParameterInvalid(OpenEOError, status=400):
    """The value given for a parameter cannot be used."""

    def __init__(self, parameter: str, process: str, reason: str, **extras: Unpack[Extras]) -> None:
        said = (
            f"The value of parameter '{parameter}' of process '{process}' cannot be used: {reason}"
        )
        super().__init__(said, **extras)


class ProcessParameterRequired(OpenEOError, status=400):
    """The process needs a parameter that was not given."""

    def __init__(self, process: str, parameter: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"The process '{process}' needs its parameter '{parameter}'.", **extras)


# Jobs and services


class BudgetInvalid(OpenEOError, status=400):
    """A budget that cannot pay for anything."""

    wording = "The budget must be greater than 0 and cover the costs."


class EstimateComplexity(OpenEOError, status=500):
    """No estimate can be made."""

    wording = "The process is too complex for an estimate of its costs."


class NoDataForUpdate(OpenEOError, status=400):
    """An update that changes nothing."""

    wording = "The request names nothing that is to be changed."


class PropertyNotEditable(OpenEOError, status=400):
    """A property that only the server sets."""

    def __init__(self, property_: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"The property '{property_}' can be read but not changed.", **extras)


class JobNotFound(OpenEOError, status=404):
    """The user has no such batch job."""

    def __init__(self, identifier: str, hint: str = "", **extras: Unpack[Extras]) -> None:
        super().__init__(_sentences(f"You have no batch job '{identifier}'.", hint), **extras)


class JobLocked(OpenEOError, status=400):
    """The job is queued or running."""

    wording = "The batch job is queued or running and cannot be changed. Cancel it first."


class JobNotFinished(OpenEOError, status=400):
    """The results are not there yet."""

    wording = "The batch job has no results yet, since it has not finished."


class JobNotStarted(OpenEOError, status=400):
    """The job was never started."""

    wording = "The batch job was not started yet."


class ResultLinkExpired(OpenEOError, status=410):
    """A signed link past its time."""

    wording = "This link to results has expired. Ask for the results again to get a new one."


class ServiceNotFound(OpenEOError, status=404):
    """The user has no such web service."""

    def __init__(self, identifier: str, hint: str = "", **extras: Unpack[Extras]) -> None:
        super().__init__(_sentences(f"You have no web service '{identifier}'.", hint), **extras)


class ServiceUnsupported(OpenEOError, status=400):
    """A type of web service that is not offered."""

    def __init__(self, type_: str, hint: str = "", **extras: Unpack[Extras]) -> None:
        said = f"Web services of type '{type_}' are not offered here."
        super().__init__(_sentences(said, hint), **extras)


class ServiceConfigUnsupported(OpenEOError, status=400):
    """The type of service has no such setting."""

    def __init__(self, parameter: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"This type of web service has no setting '{parameter}'.", **extras)


class ServiceConfigInvalid(OpenEOError, status=400):
    """The value of a service's setting cannot be used."""

    def __init__(self, parameter: str, reason: str, **extras: Unpack[Extras]) -> None:
        said = f"The value of the web service's setting '{parameter}' cannot be used: {reason}"
        super().__init__(said, **extras)


class ServiceConfigRequired(OpenEOError, status=400):
    """A service needs a setting that was not given."""

    def __init__(self, parameter: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"This type of web service needs the setting '{parameter}'.", **extras)


# Workspaces (Workspaces Extension 0.1.0, which names no codes)


class WorkspaceNotFound(OpenEOError, status=404):
    """The user has no such workspace."""

    def __init__(self, identifier: str, hint: str = "", **extras: Unpack[Extras]) -> None:
        super().__init__(_sentences(f"You have no workspace '{identifier}'.", hint), **extras)


class WorkspaceProviderUnsupported(OpenEOError, status=400):
    """No backend makes workspaces of that provider, in that way."""

    def __init__(self, provider: str, hint: str = "", **extras: Unpack[Extras]) -> None:
        said = f"Workspaces of '{provider}' are not offered here." if provider else ""
        super().__init__(_sentences(said, hint), **extras)


# Accounts


class PaymentRequired(OpenEOError, status=402):
    """The account cannot pay for the request."""

    wording = "Your budget does not cover this request. A payment is needed first."


class BillingPlanInvalid(OpenEOError, status=400):
    """No such billing plan."""

    wording = "There is no such billing plan; GET / lists the plans."


class BillingPlanMissing(OpenEOError, status=400):
    """The request must name a billing plan."""

    wording = "Name the billing plan that this is to be charged under; GET / lists the plans."


class AuthenticationRequired(OpenEOError, status=401):
    """The request needs a bearer token and has none."""

    wording = "This needs a login: send a bearer token in the header Authorization."


class AuthenticationSchemeInvalid(OpenEOError, status=403):
    """A way of logging in that is not offered."""

    wording = "This way of logging in is not offered; send a bearer token."


class TokenInvalid(OpenEOError, status=403):
    """The token has expired or was never given out."""

    wording = "The bearer token has expired or is not one of ours. Please log in again."


class CredentialsInvalid(OpenEOError, status=403):
    """A wrong name or password."""

    wording = "The user name or the password is wrong."


class PermissionsInsufficient(OpenEOError, status=403):
    """Logged in, but not allowed to do this."""

    wording = "Your account is not allowed to do this."


# Federation


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
        super().__init__(backend, _sentences(said, reason), **extras)


class BackendTimeout(_AboutBackends, status=504):
    """The backend did not answer in the time it was given; `seconds` says how long that was."""

    def __init__(
        self, backend: str, seconds: float | None = None, **extras: Unpack[Extras]
    ) -> None:
        within = "in time" if seconds is None else f"within {seconds:g} seconds"
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
    backend's operators find it, since identifiers in it may be the backend's own.
    """

    def __init__(
        self,
        backend: str,
        *,
        status: int,
        code: str,
        message: str,
        upstream_id: str | None = None,
        **extras: Unpack[Extras],
    ) -> None:
        super().__init__(backend, message, **extras)
        self.status, self.code, self.backend = status, code, backend
        self.upstream_id = upstream_id

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
        super().__init__(_sentences(said, reason, "Please try again later."), **extras)


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
