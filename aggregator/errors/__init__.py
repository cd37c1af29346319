"""Every error of openEO, and those of the federation: one class per code.

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
                          BackendPaused ConsentRequired DatabaseUnavailable
                          PolicyUnsupported TilesInvalid TilingUnsupported

The code is the name of the class, the status is the one that openEO's list of errors
(https://api.openeo.org/errors.json) gives; the federation's codes are our own, as the API allows.
The one exception is BackendError, which carries the status and code that a backend sent.
"""

from aggregator.errors.accounts import (
    AuthenticationRequired,
    AuthenticationSchemeInvalid,
    BillingPlanInvalid,
    BillingPlanMissing,
    CredentialsInvalid,
    PaymentRequired,
    PermissionsInsufficient,
    TokenInvalid,
)
from aggregator.errors.base import Extras, OpenEOError
from aggregator.errors.data import (
    CollectionNotFound,
    ContentTypeInvalid,
    FileContentInvalid,
    FileLocked,
    FileNotFound,
    FileOperationUnsupported,
    FilePathInvalid,
    FileSizeExceeded,
    FileTypeInvalid,
    FolderOperationUnsupported,
    RangeNotSatisfiable,
    StorageFailure,
    StorageQuotaExceeded,
)
from aggregator.errors.federation import (
    BackendError,
    BackendFailure,
    BackendPaused,
    BackendTimeout,
    BackendUnavailable,
    ConsentRequired,
    DatabaseUnavailable,
    IdentityProviderUnavailable,
    NoBackendForProcess,
    PartFailed,
    PolicyUnsupported,
    TilesInvalid,
    TilingUnsupported,
)
from aggregator.errors.general import (
    FeatureUnsupported,
    InfrastructureBusy,
    InfrastructureMaintenance,
    Internal,
    NotFound,
    RequestTimeout,
    UnsupportedApiVersion,
)
from aggregator.errors.jobs import (
    BudgetInvalid,
    EstimateComplexity,
    JobLocked,
    JobNotFinished,
    JobNotFound,
    JobNotStarted,
    NoDataForUpdate,
    PropertyNotEditable,
    ResultLinkExpired,
    ServiceConfigInvalid,
    ServiceConfigRequired,
    ServiceConfigUnsupported,
    ServiceNotFound,
    ServiceUnsupported,
    WorkspaceNotFound,
    WorkspaceProviderUnsupported,
)
from aggregator.errors.processes import (
    PredefinedProcessExists,
    ProcessGraphComplexity,
    ProcessGraphInvalid,
    ProcessGraphMissing,
    ProcessGraphNotFound,
    ProcessInvalid,
    ProcessParameterInvalid,
    ProcessParameterRequired,
    ProcessParameterUnsupported,
    ProcessUnsupported,
)

__all__ = [
    "AuthenticationRequired",
    "AuthenticationSchemeInvalid",
    "BackendError",
    "BackendFailure",
    "BackendPaused",
    "BackendTimeout",
    "BackendUnavailable",
    "BillingPlanInvalid",
    "BillingPlanMissing",
    "BudgetInvalid",
    "CollectionNotFound",
    "ConsentRequired",
    "ContentTypeInvalid",
    "CredentialsInvalid",
    "DatabaseUnavailable",
    "EstimateComplexity",
    "Extras",
    "FeatureUnsupported",
    "FileContentInvalid",
    "FileLocked",
    "FileNotFound",
    "FileOperationUnsupported",
    "FilePathInvalid",
    "FileSizeExceeded",
    "FileTypeInvalid",
    "FolderOperationUnsupported",
    "IdentityProviderUnavailable",
    "InfrastructureBusy",
    "InfrastructureMaintenance",
    "Internal",
    "JobLocked",
    "JobNotFinished",
    "JobNotFound",
    "JobNotStarted",
    "NoBackendForProcess",
    "NoDataForUpdate",
    "NotFound",
    "OpenEOError",
    "PartFailed",
    "PaymentRequired",
    "PermissionsInsufficient",
    "PolicyUnsupported",
    "PredefinedProcessExists",
    "ProcessGraphComplexity",
    "ProcessGraphInvalid",
    "ProcessGraphMissing",
    "ProcessGraphNotFound",
    "ProcessInvalid",
    "ProcessParameterInvalid",
    "ProcessParameterRequired",
    "ProcessParameterUnsupported",
    "ProcessUnsupported",
    "PropertyNotEditable",
    "RangeNotSatisfiable",
    "RequestTimeout",
    "ResultLinkExpired",
    "ServiceConfigInvalid",
    "ServiceConfigRequired",
    "ServiceConfigUnsupported",
    "ServiceNotFound",
    "ServiceUnsupported",
    "StorageFailure",
    "StorageQuotaExceeded",
    "TilesInvalid",
    "TilingUnsupported",
    "TokenInvalid",
    "UnsupportedApiVersion",
    "WorkspaceNotFound",
    "WorkspaceProviderUnsupported",
]
