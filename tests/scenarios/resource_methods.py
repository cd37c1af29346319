"""The client's classes of which every public method is called, and the methods left out."""

from __future__ import annotations

from openeo.rest.capabilities import OpenEoCapabilities
from openeo.rest.connection import Connection
from openeo.rest.job import BatchJob, JobResults, ResultAsset
from openeo.rest.service import Service
from openeo.rest.udp import RESTUserDefinedProcess
from openeo.rest.userfile import UserFile

KINDS = (
    Connection,
    OpenEoCapabilities,
    BatchJob,
    JobResults,
    ResultAsset,
    Service,
    UserFile,
    RESTUserDefinedProcess,
)
LEFT_OUT = {
    # Logging in has tests of its own (test_login.py).
    "Connection.authenticate_oidc",
    "Connection.authenticate_oidc_device",
    "Connection.authenticate_oidc_refresh_token",
    # The provider of identities gives nobody a token for a password.
    "Connection.authenticate_oidc_resource_owner_password_credentials",
    # The client itself does not have them yet.
    "RESTUserDefinedProcess.validate",
    "Service.update_service",
}
