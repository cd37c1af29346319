"""Who holds a job, a result or a model that a process refers to."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property

from aggregator.ids import IdentifierError, split, split_path

OwnerOf = Callable[[str], str | None]
_SCRIPT = re.compile(r"[^\r\n()=;]{1,1000}\.(py|r|jl|js)", re.IGNORECASE)


def is_address(reference: str) -> bool:
    """Whether the reference is a URL rather than an identifier."""
    return reference.startswith(("https://", "http://"))


def is_own_results(address: str) -> bool:
    """Whether the address is one of job results that only their owner's account can read.

    Results that anybody may read have a signature, in the query or as a further part of the path.
    Source: openEO process `load_stac`, parameter `url`.
    """
    parts = address.split("/")
    return "?" not in address and parts[-3:-2] == ["jobs"] and parts[-1] == "results"


def is_script(udf: str) -> bool:
    """Whether the user-defined function is given as the path of a file rather than as code.

    Source: openEO process `run_udf`, parameter `udf`: code, an absolute URL, or a path.
    """
    return _SCRIPT.fullmatch(udf) is not None and not is_address(udf)


def keeper_of(path: str, backends: Collection[str]) -> str | None:
    """The backend that keeps the file of this path; None if the path does not begin with one."""
    try:
        return split_path(path, backends)[0]
    except IdentifierError:
        return None


def owner_by_id(backends: Collection[str]) -> OwnerOf:
    """Finds the owner of a federated id; of nothing else."""

    def owner_of(reference: str) -> str | None:
        try:
            return None if is_address(reference) else split(reference, backends)[0]
        except IdentifierError:
            return None

    return owner_of


def owner_by_address(
    addresses: Mapping[str, Sequence[str]], *, federation: Sequence[str] = ()
) -> OwnerOf:
    """Finds the owner of a federated id, and of an address by what it begins with.

    `addresses` has the base URLs of each backend, `federation` those of the aggregator itself,
    below which job results stand under federated ids. The longest base that fits decides.
    """
    return _Owners(addresses, federation)


class _Owners:
    """What is looked for in addresses is gathered for the first: few processes refer to any."""

    def __init__(self, addresses: Mapping[str, Sequence[str]], federation: Sequence[str]) -> None:
        self._addresses, self._federation = addresses, federation
        self._by_id = owner_by_id(addresses)

    def __call__(self, reference: str) -> str | None:
        if not is_address(reference):
            return self._by_id(reference)
        if reference.startswith(self._jobs):
            start = next(url for url in self._jobs if reference.startswith(url))
            return self._by_id(reference.removeprefix(start).partition("/")[0])
        found = (backend for base, backend in self._bases if reference.startswith(base))
        return next(found, None)

    @cached_property
    def _jobs(self) -> tuple[str, ...]:
        return tuple(f"{_base(url)}jobs/" for url in self._federation)

    @cached_property
    def _bases(self) -> list[tuple[str, str]]:
        found = [(_base(url), backend) for backend, urls in self._addresses.items() for url in urls]
        return sorted(found, key=lambda entry: -len(entry[0]))


def _base(url: str) -> str:
    return url.rstrip("/") + "/"
