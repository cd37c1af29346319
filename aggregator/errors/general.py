"""Errors of any request."""

# ruff: noqa: N818  -- the classes bear the names of openEO's codes

from __future__ import annotations

from typing import Unpack

from aggregator.errors.base import Extras, OpenEOError, sentences


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
        super().__init__(sentences(said, hint), **extras)


class RequestTimeout(OpenEOError, status=408):
    """The request took longer than is allowed."""

    wording = "The request took too long and was given up."
