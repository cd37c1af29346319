"""What else is seen when one rule of the contract is broken, and what is not: with the reasons."""

from __future__ import annotations

from collections.abc import Mapping

DERIVED = frozenset({"profile-api", "profile-processes", "profile-experimental", "collections-6"})
"""They follow from other findings, and say so."""
NOT_HELD_STILL = frozenset({"auth-backend-2"})
"""Whether several jobs had to wait is a matter of moments."""
UNSEEN: Mapping[str, tuple[str, str]] = {
    "wellknown.missing": ("api-21", "there is nothing to read; api-20 fails"),
    "capabilities.no-synchronous": ("api-702", "batch jobs and web services are two ways"),
    "capabilities.no-batch": ("api-702", "synchronous processing and web services are two ways"),
    "collections.needs-token": ("api-322", "without the list no id is known; api-301 fails"),
    "collections.no-id": ("api-321 collections-4", "without ids none is fetched; api-307 fails"),
    "collections.flags-missing": (
        "collections-experimental",
        "that a flag is missing is not seen from outside",
    ),
    "collections.dimensions-renamed": ("api-326", "the new names are as plausible as the old"),
    "results.files-without-cors": ("api-2 api-3", "files are judged by formats-gtiff-5c"),
    "oidc.provider-missing": ("api-113", "outdated in the federation; auth-1 fails"),
    "jobs.failed-seem-finished": ("api-700", "the move to finished is a documented one"),
    "results.no-stac-version": ("api-866", "what is not said is not old; api-865 fails"),
    "formats.parameters-renamed": ("api-45", "no list is agreed on; see the federation's below"),
    "processes.missing": ("profile-processes", "it follows from processes-L2-nan"),
}
"""What a fault says that it violates, and the review cannot or does not hold against it: why."""
ALSO = {"collections.all-experimental": frozenset({"collections-experimental"})}
"""What a fault violates besides what it says: the flag is set without its extension."""
CONSEQUENCES: Mapping[str, tuple[str, str]] = {
    "errors.status-200": ("api-101 api-102", "refusals have status 200 as well"),
    "auth.no-token-is-404": ("api-32", "what is listed answers 404"),
    "capabilities.no-api-version": ("api-version", "it judges the same version"),
    "capabilities.methods-unlisted": ("api-702 api-703", "POST /jobs is not listed any more"),
    "capabilities.no-batch": ("api-31", "DELETE /jobs/{job_id} still answers"),
    "capabilities.no-processing": ("api-31", "what is not listed still answers"),
    "processes.truncated": ("processes-*", "half of the processes are not to be found"),
    "processes.missing": ("processes-L2-nan", "that process is missing"),
    "collections.truncated": ("collections-7", "half of the collections are gone"),
    "collections.stac-version": ("collections-4", "it is no valid STAC"),
    "collections.no-links-of-their-own": ("api-321", "it is no valid STAC"),
    "collections.all-experimental": (
        "api-325 collections-4",
        "the flag is set without its extension",
    ),
    "collections.extensions-undeclared": (
        "collections-experimental",
        "the version extension is undeclared too",
    ),
    "collections.no-dimensions": ("collections-7", "the dimensions are gone"),
    "collections.ids-lower-case": (
        "collections-7 harmonization-1",
        "the agreed names and the old ids are gone",
    ),
    "collections.ids-with-dashes": (
        "collections-7 harmonization-1",
        "the agreed names and the old ids are gone",
    ),
    "collections.not-harmonised": ("collections-7", "the old ids are gone"),
    "collections.no-angle-bands": ("collections-7", "bands are gone"),
    "graphs.parameters-refused": ("api-13", "callbacks refer to parameters"),
    "jobs.start-by-themselves": ("api-700", "what ended by itself is started once more"),
    "jobs.create-fails": ("api-731", "invalid jobs are answered with 500 as well"),
    "result.errors-as-text": ("api-7 api-910", "they look at errors of POST /result too"),
    "result.fails": (
        "api-901 api-11 collections-9",
        "invalid processes are answered with 500 as well, and nothing can be computed",
    ),
    "results.no-assets": ("api-870", "the metadata stand at the assets"),
    "results.no-metadata": ("api-865", "a STAC item without its extent is not valid"),
    "result.invalid-accepted": ("api-905", "what is invalid is answered as a success"),
    "oidc.provider-missing": ("api-112", "it is the only provider"),
    "results.links-dead": ("results-signed-urls", "the links of results are the same"),
}
"""What else fails by a fault, since the one cannot be broken without the other: why."""
SPOILED_TOO: Mapping[str, tuple[frozenset[str], str]] = {
    "formats-gtiff-1 formats-gtiff-2": (
        frozenset({"processes-L2A-filter_bands-band-names"}),
        "there are other bands than were asked for",
    ),
    "formats-gtiff-2": (
        frozenset(
            {"processes-L2A-filter_bands-band-names", "processes-L2-rename_labels-dimension"}
        ),
        "bands that were asked for are gone",
    ),
    "formats-netcdf-1": (frozenset({"formats-netcdf-2"}), "the label of the band is gone"),
}
"""What else fails by a spoiled file: why."""
