"""The kinds of secondary web services that backends can offer, and their settings."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from backends.errors import OpenEOError

_EXTENT: Final = {
    "name": "spatial_extent",
    "description": "The bounding box of the tile, in EPSG:3857. Data are loaded for the tile also "
    "where the process does not refer to it.",
    "schema": {"type": "object", "subtype": "bounding-box"},
    "optional": True,
    "default": None,
}

SERVICE_TYPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "XYZ": {
        "title": "XYZ tiles",
        "description": "Map tiles (PNG, EPSG:3857), computed when a map shows them. The result of "
        "the process is drawn: one band in shades of grey, three bands as red, green and blue; "
        "of several dates the latest value.",
        "configuration": {
            "tile_size": {
                "type": "integer",
                "description": "Width and height of the tiles in pixels.",
                "enum": [256, 512],
                "default": 256,
            },
            "minimum": {
                "type": "number",
                "description": "The value that is drawn black.",
                "default": 0,
            },
            "maximum": {
                "type": "number",
                "description": "The value that is drawn white.",
                "default": 255,
            },
        },
        "process_parameters": [_EXTENT],
        "links": [
            {
                "href": "https://wiki.openstreetmap.org/wiki/Slippy_map_tilenames",
                "rel": "about",
                "title": "How tiles are numbered",
            }
        ],
    }
}
"""The body of GET /service_types for all kinds."""


def service_type(name: object, offered: Collection[str]) -> str:
    """The official spelling of a type's name; raises ``ServiceUnsupported``."""
    for official in offered:
        if isinstance(name, str) and name.lower() == official.lower():
            return official
    known = ", ".join(offered)
    raise OpenEOError(
        "ServiceUnsupported", f"There is no service type {name!r} here; there is {known}."
    )


def configuration_of(type_name: str, given: object) -> dict[str, Any]:
    """The settings of a service, checked, with defaults for those left out.

    Raises ``ServiceConfigInvalid`` and ``ServiceConfigUnsupported``.
    """
    if not isinstance(given, Mapping):
        raise OpenEOError("ServiceConfigInvalid", "'configuration' must be an object.")
    settings = SERVICE_TYPES[type_name]["configuration"]
    for name, value in given.items():
        if name not in settings:
            known = ", ".join(settings)
            raise OpenEOError(
                "ServiceConfigUnsupported",
                f"{type_name} services have no setting '{name}'; there are {known}.",
            )
        _check(name, value, settings[name])
    found = {name: setting["default"] for name, setting in settings.items()} | dict(given)
    if not found["minimum"] < found["maximum"]:
        message = "The setting 'minimum' must be less than 'maximum'."
        raise OpenEOError("ServiceConfigInvalid", message)
    return found


def _check(name: str, value: object, setting: Mapping[str, Any]) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    allowed = setting.get("enum")
    if not number or (allowed is not None and value not in allowed):
        wanted = f"one of {', '.join(map(str, allowed))}" if allowed else "a number"
        raise OpenEOError("ServiceConfigInvalid", f"The setting '{name}' must be {wanted}.")
