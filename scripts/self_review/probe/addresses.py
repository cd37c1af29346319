"""Addresses that a backend names: some are none, as `http://[`, which must cost nothing else."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

NONE = SplitResult("", "", "", "", "")


def parts(address: str) -> SplitResult:
    """Its parts; all of them empty where it is no address."""
    try:
        return urlsplit(address)
    except ValueError:
        return NONE


def resolved(base: str, address: str) -> str:
    """The address as it is meant at `base`; as it is where it is none."""
    try:
        return urljoin(base, address)
    except ValueError:
        return address
