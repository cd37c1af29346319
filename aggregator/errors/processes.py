"""Errors about processes."""

# ruff: noqa: N818  -- the classes bear the names of openEO's codes

from __future__ import annotations

from typing import Unpack

from aggregator.errors.base import Extras, OpenEOError, sentences


class ProcessGraphNotFound(OpenEOError, status=404):
    """The user has stored no such process, or the `owner` of the namespace no such public one."""

    def __init__(
        self, identifier: str, hint: str = "", owner: str = "", **extras: Unpack[Extras]
    ) -> None:
        said = f"You have no stored process '{identifier}'."
        if owner:
            said = f"There is no public process '{identifier}' of '{owner}'."
        super().__init__(sentences(said, hint), **extras)


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
        super().__init__(sentences(said, hint), **extras)


class ProcessParameterUnsupported(OpenEOError, status=400):
    """The process has no such parameter."""

    def __init__(
        self, process: str, parameter: str, hint: str = "", **extras: Unpack[Extras]
    ) -> None:
        said = f"The process '{process}' has no parameter '{parameter}'."
        super().__init__(sentences(said, hint), **extras)


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
