"""Results of federated jobs that a process loads: they are those of the last part."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

from aggregator.documents import JsonObject, is_array, is_object
from aggregator.errors import DatabaseUnavailable, ProcessParameterInvalid
from aggregator.ids import federate
from aggregator.routing import Requirements
from aggregator.storage.federated_jobs import FederatedJob, FederatedJobs, Owner
from aggregator.usecases.accounts import Access

FEDERATION = "federation"
LOADING = {"load_result": "id", "load_stac": "url"}
"""Processes that load results, and the argument that says which."""
SIGNATURE = "signature"
"""The query parameter of a link to results that needs no login."""


class References:
    """Puts the id of the last part's job in the place of that of the whole.

    `urls` are the base URLs of the API, below which results stand for their owners.
    """

    def __init__(self, store: FederatedJobs, urls: Collection[str]) -> None:
        self._store, self._urls = store, tuple(f"{url.rstrip('/')}/jobs/" for url in urls)

    def concerned(self, needs: Requirements) -> bool:
        """Whether a process with these needs may load such results."""
        return any(f"{FEDERATION}-" in need.reference for need in needs.references)

    def resolved(self, process: JsonObject, access: Access | None) -> JsonObject:
        """The process as it can be routed; it is not changed where it loads no such results.

        A job that is not the user's, or has no last part yet, is left as it is, and not found; so
        is a signed link, which any backend can read. Raises ProcessParameterInvalid for the id of a
        job in tiles, whose results are many.
        """
        if access is None:
            return process
        owner = Owner(access.issuer, access.user_id)

        def change(process_id: str, reference: str) -> str:
            return self._last(process_id, reference, owner)

        found: JsonObject = _mapped(process, change)
        return found

    def _last(self, process_id: str, reference: str, owner: Owner) -> str:
        """The same for the job of the last part."""
        before = next((url for url in self._urls if reference.startswith(url)), "")
        identifier, slash, below = reference.removeprefix(before).partition("/")
        if not identifier.startswith(f"{FEDERATION}-") or _is_signed(below):
            return reference
        try:
            job = self._store.of(owner, identifier)
        except DatabaseUnavailable:
            return reference
        if job is not None and len(job.plan.resulting) > 1:
            raise ProcessParameterInvalid(LOADING[process_id], process_id, _many(job))
        last = job.state.part((job.state.run, job.plan.last.id)) if job else None
        if last is None or not last.job:
            return reference
        return f"{before}{federate(last.backend, last.job)}{slash}{below}"


def _is_signed(below: str) -> bool:
    """Whether what follows the id of a job in an address has a signature, right or not."""
    return any(name == SIGNATURE for name, _ in parse_qsl(below.partition("?")[2]))


def _many(job: FederatedJob) -> str:
    return (
        f"job '{job.state.id}' has the results of {len(job.plan.resulting)} tiles, which are at no "
        "single backend. Load them with load_stac by their signed address, which is the link "
        "'canonical' in the results of the job, or load those of one of its parts, which are "
        "listed in 'federation:parts'."
    )


def _mapped(value: Any, change: Callable[[str, str], str]) -> Any:
    """The same JSON with changed references; what stays the same is shared."""
    if is_array(value):
        items = [_mapped(item, change) for item in value]
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    if not is_object(value):
        return value
    changed = {key: _mapped(item, change) for key, item in value.items()}
    process_id = str(value.get("process_id"))
    name, arguments = LOADING.get(process_id), changed.get("arguments")
    if name is not None and isinstance(arguments, Mapping):
        reference = arguments.get(name)
        resolved = change(process_id, reference) if isinstance(reference, str) else reference
        if resolved != reference:
            changed["arguments"] = {**arguments, name: resolved}
    return changed if any(changed[key] is not value[key] for key in value) else value
