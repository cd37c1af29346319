"""File formats."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import orjson

from backends.faults.changes import (
    needs_token,
    on,
    put,
    refuses_token,
    removed,
    renamed,
)
from backends.faults.exchange import Answered, Ask, Asked, refusal
from backends.faults.rule import Part, Rule, rule

PATH: Final = "/file_formats"
FOREIGN: Final = {"GTiff": "GeoTIFF", "netCDF": "NetCDF4", "JPEG": "JPG", "GPKG": "GeoPackage"}
POSTED: Final = ("/result", "/jobs")


def _case_matters(asked: Asked, ask: Ask) -> Asked | Answered:
    """Formats whose name is not written as it is listed are refused."""
    listed = ask(replace(asked, method="GET", path=PATH, query="", body=b""))
    formats = orjson.loads(b"".join(listed.body)).get("output", {})
    wrong = [name for name in _formats(asked.document) if name not in formats]
    if not wrong:
        return asked
    return refusal(400, "FormatUnsuitable", f"The output format '{wrong[0]}' is not supported.")


def _formats(found: Any) -> list[str]:
    """The formats that any node of a graph saves in."""
    if isinstance(found, list):
        return [name for value in found for name in _formats(value)]
    if not isinstance(found, dict):
        return []
    names = [name for value in found.values() for name in _formats(value)]
    arguments = found.get("arguments")
    if found.get("process_id") == "save_result" and isinstance(arguments, dict):
        names += [name for name in [arguments.get("format")] if isinstance(name, str)]
    return names


def _each(name: str) -> tuple[str, ...]:
    return (f"input/*/{name}", f"output/*/{name}")


def _renamed_both() -> tuple[Callable[[Any], None], ...]:
    return tuple(renamed(key, lambda name: FOREIGN.get(name, name)) for key in ("input", "output"))


RULES: Final[tuple[Rule, ...]] = (
    rule("formats.no-input", "There is no `input`.", "api-40", on(PATH, removed("input"))),
    rule(
        "formats.no-output", "There is no `output`.", "api-40 api-43", on(PATH, removed("output"))
    ),
    rule(
        "formats.none-to-write",
        "No output format is offered.",
        "api-43",
        on(PATH, put("output", {})),
    ),
    rule(
        "formats.needs-token",
        "The file formats are for logged-in users.",
        "api-41",
        needs_token(PATH),
    ),
    rule(
        "formats.token-refused",
        "The file formats are refused to logged-in users.",
        "api-42",
        refuses_token(PATH),
    ),
    rule(
        "formats.names-not-gdal",
        "Formats have names of their own in place of GDAL's.",
        "api-44 api-45",
        on(PATH, *_renamed_both()),
    ),
    rule(
        "formats.case-matters",
        "The name of a format must be written as it is listed.",
        "api-46",
        *(Part(("POST",), path, request=_case_matters) for path in POSTED),
    ),
    rule(
        "formats.no-description",
        "Formats have no `description`.",
        "api-47 api-49",
        on(PATH, removed(*_each("description"))),
    ),
    rule(
        "formats.no-title", "Formats have no `title`.", "api-49", on(PATH, removed(*_each("title")))
    ),
    rule(
        "formats.no-gis-data-types",
        "Formats have no `gis_data_types`.",
        "api-48",
        on(PATH, removed(*_each("gis_data_types"))),
    ),
    rule(
        "formats.no-parameters",
        "Formats have no `parameters`.",
        "api-48",
        on(PATH, removed(*_each("parameters"))),
    ),
    rule(
        "formats.parameters-renamed",
        "The parameters of the formats have names of their own.",
        "api-45 formats-align",
        on(PATH, *(renamed(path, lambda name: f"x_{name}") for path in _each("parameters"))),
    ),
)
