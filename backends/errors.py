"""The errors that a simulated backend shows to its users, by openEO's codes.

Whoever finds a user's mistake raises ``OpenEOError(code, message)``; the HTTP
side turns it into the response body ``{"id", "code", "message"}`` with the
status that ``STATUS`` gives for the code.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

STANDARD: Final[Mapping[str, int]] = MappingProxyType(
    {
        "AuthenticationRequired": 401,
        "AuthenticationSchemeInvalid": 403,
        "BillingPlanInvalid": 400,
        "BillingPlanMissing": 400,
        "BudgetInvalid": 400,
        "CollectionNotFound": 404,
        "ContentTypeInvalid": 400,
        "CredentialsInvalid": 403,
        "EstimateComplexity": 500,
        "FeatureUnsupported": 501,
        "FileContentInvalid": 400,
        "FileLocked": 400,
        "FileNotFound": 404,
        "FileOperationUnsupported": 400,
        "FilePathInvalid": 400,
        "FileSizeExceeded": 400,
        "FileTypeInvalid": 400,
        "FolderOperationUnsupported": 400,
        "InfrastructureBusy": 503,
        "InfrastructureMaintenance": 503,
        "Internal": 500,
        "JobLocked": 400,
        "JobNotFinished": 400,
        "JobNotFound": 404,
        "JobNotStarted": 400,
        "NoDataForUpdate": 400,
        "NotFound": 404,
        "PaymentRequired": 402,
        "PermissionsInsufficient": 403,
        "PredefinedProcessExists": 400,
        "ProcessGraphComplexity": 400,
        "ProcessGraphInvalid": 400,
        "ProcessGraphMissing": 400,
        "ProcessGraphNotFound": 404,
        "ProcessInvalid": 400,
        "ProcessParameterInvalid": 400,
        "ProcessParameterRequired": 400,
        "ProcessParameterUnsupported": 400,
        "ProcessUnsupported": 400,
        "PropertyNotEditable": 400,
        "RequestTimeout": 408,
        "ResultLinkExpired": 410,
        "ServiceConfigInvalid": 400,
        "ServiceConfigRequired": 400,
        "ServiceConfigUnsupported": 400,
        "ServiceNotFound": 404,
        "ServiceUnsupported": 400,
        "StorageFailure": 500,
        "StorageQuotaExceeded": 400,
        "TokenInvalid": 403,
        "UnsupportedApiVersion": 404,
    }
)
"""The codes of the openEO API with their HTTP status (openEO API 1.2.0, errors.json)."""

PROPRIETARY: Final[Mapping[str, int]] = MappingProxyType(
    {
        # The exceptions that the definitions of the processes themselves name
        # (openEO processes 2.0.0) travel under the process' own code.
        "BandExists": 400,
        "BandMismatch": 400,
        "DataInvalid": 400,
        "DimensionAmbiguous": 400,
        "DimensionExists": 400,
        "DimensionMissing": 400,
        "DimensionNotAvailable": 400,
        "DimensionMismatch": 400,
        "IdentityProviderUnavailable": 503,
        "IncompatibleDataCubes": 400,
        "LabelExists": 400,
        "LabelMismatch": 400,
        "LabelNotAvailable": 400,
        "MethodNotAllowed": 405,
        "MinMaxSwapped": 400,
        "NirBandAmbiguous": 400,
        "NoDataAvailable": 400,
        "OverlapResolverMissing": 400,
        "RedBandAmbiguous": 400,
        "RequestInvalid": 400,
        "RequestTooLarge": 413,
        "ResultsExpired": 410,
        "TemporalExtentEmpty": 400,
        "TooManyDimensions": 400,
        "UrlNotAllowed": 400,
        "UrlNotAvailable": 400,
        # The Workspaces Extension names no codes of its own.
        "WorkspaceNotFound": 404,
        "WorkspaceParameterInvalid": 400,
        "WorkspaceProviderUnsupported": 400,
        "WorkspaceUnavailable": 400,
    }
)
"""Codes that the API's list lacks but allows a backend to add."""

STATUS: Final[Mapping[str, int]] = MappingProxyType({**STANDARD, **PROPRIETARY})
"""Every code that these backends know, with its HTTP status."""


class OpenEOError(Exception):
    """A mistake or failure that may be told to the user.

    ``code`` is one of openEO's error codes or one of our own, ``message`` says
    in plain words what is wrong and what would be right. The status follows
    from the code; an unknown code counts as a mistake of the user (400).
    ``headers`` are sent along with the response, ``links`` go into the body.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        links: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        # These two make it anew where it travels between processes.
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = STATUS.get(code, 400) if status is None else status
        self.headers: Mapping[str, str] = headers or {}
        self.links = tuple(links)

    def as_json(self, error_id: str) -> dict[str, Any]:
        """The body of the response (openEO API, section Error Handling)."""
        body: dict[str, Any] = {"id": error_id, "code": self.code, "message": self.message}
        if self.links:
            body["links"] = [dict(link) for link in self.links]
        return body

    def __repr__(self) -> str:
        return f"OpenEOError({self.code!r}, {self.message!r})"

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OpenEOError):
            return NotImplemented
        return (self.code, self.message, self.status) == (other.code, other.message, other.status)

    def __hash__(self) -> int:
        return hash((self.code, self.message, self.status))


class LocatedError(OpenEOError):
    """An error that already says which process failed at which node."""


def located(error: OpenEOError, place: str) -> LocatedError:
    """The error with its place, such as "(process 'add' at node 'a')", in its message."""
    message = f"{error.message.rstrip('.')} {place}."
    return LocatedError(
        error.code, message, status=error.status, headers=error.headers, links=error.links
    )


def collection_not_found(identifier: str, known: Sequence[str] = ()) -> OpenEOError:
    """The collection does not exist here; names those that do, if few."""
    hint = f" Available are: {', '.join(known)}." if 0 < len(known) <= 20 else ""
    return OpenEOError("CollectionNotFound", f"Collection '{identifier}' does not exist.{hint}")


def job_not_found(identifier: str) -> OpenEOError:
    """No such job, or not one of this user's: the two look the same."""
    return OpenEOError("JobNotFound", f"The batch job '{identifier}' does not exist.")


def parameter_invalid(process: str, parameter: str, reason: str) -> OpenEOError:
    """The value passed for a process parameter is wrong; ``reason`` ends with a full stop."""
    return OpenEOError(
        "ProcessParameterInvalid",
        f"The value passed for parameter '{parameter}' in process '{process}' is invalid: {reason}",
    )
