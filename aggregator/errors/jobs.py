"""Errors about batch jobs, services and workspaces."""

# ruff: noqa: N818  -- the classes bear the names of openEO's codes

from __future__ import annotations

from typing import Unpack

from aggregator.errors.base import Extras, OpenEOError, sentences


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
        super().__init__(sentences(f"You have no batch job '{identifier}'.", hint), **extras)


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
        super().__init__(sentences(f"You have no web service '{identifier}'.", hint), **extras)


class ServiceUnsupported(OpenEOError, status=400):
    """A type of web service that is not offered."""

    def __init__(self, type_: str, hint: str = "", **extras: Unpack[Extras]) -> None:
        said = f"Web services of type '{type_}' are not offered here." if type_ else ""
        super().__init__(sentences(said, hint), **extras)


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
        super().__init__(sentences(f"You have no workspace '{identifier}'.", hint), **extras)


class WorkspaceProviderUnsupported(OpenEOError, status=400):
    """No backend makes workspaces of that provider, in that way."""

    wording = "No backend here makes workspaces of that provider, in that way."
