"""STAC documents that a user's graph leads to: fetched, counted, and held against their form."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import jsonschema
import pystac
from pystac.stac_io import DefaultStacIO

from backends.errors import OpenEOError
from backends.processes.values import invalid

logger = logging.getLogger(__name__)

MAX_DOCUMENTS: Final = 2000
"""How many documents one `load_stac` reads."""

_TEXT: Final = {"type": "string"}
_NUMBERS: Final = {"type": "array", "items": {"type": "number"}}
_BOX: Final = {**_NUMBERS, "minItems": 4, "maxItems": 6}
_BANDS: Final = {"type": "array", "items": {"type": "object"}}
_LINK: Final = {
    "type": "object",
    "required": ["rel", "href"],
    "properties": {"rel": _TEXT, "href": _TEXT},
}
_ASSET: Final = {
    "type": "object",
    "required": ["href"],
    "properties": {
        "href": _TEXT,
        "type": {"type": ["string", "null"]},
        "roles": {"type": ["array", "null"], "items": _TEXT},
        "bands": _BANDS,
        "eo:bands": _BANDS,
        "raster:bands": _BANDS,
    },
}
_GEOMETRY: Final = {
    "type": ["object", "null"],
    "required": ["type"],
    "properties": {"type": _TEXT, "coordinates": {"type": "array"}},
    "anyOf": [{"required": ["coordinates"]}, {"required": ["geometries"]}, {"type": "null"}],
}
_INTERVAL: Final = {
    "type": "array",
    "items": {"type": ["string", "null"]},
    "minItems": 2,
    "maxItems": 2,
}
_ITEM: Final = {
    "required": ["id", "properties", "assets"],
    "properties": {
        "geometry": _GEOMETRY,
        "bbox": {"anyOf": [{"type": "null"}, _BOX]},
        "properties": {
            "type": "object",
            "properties": {
                "datetime": {"type": ["string", "null"]},
                "proj:shape": {"type": ["array", "null"], "minItems": 2, "maxItems": 2},
                "proj:transform": {"type": ["array", "null"], "minItems": 6},
            },
        },
        "assets": {"type": "object", "additionalProperties": _ASSET},
    },
}
_COLLECTION: Final = {
    "required": ["id", "extent"],
    "properties": {
        "extent": {
            "type": "object",
            "required": ["spatial", "temporal"],
            "properties": {
                "spatial": {
                    "type": "object",
                    "properties": {"bbox": {"type": "array", "items": _BOX}},
                },
                "temporal": {
                    "type": "object",
                    "properties": {"interval": {"type": "array", "items": _INTERVAL}},
                },
            },
        },
        "assets": {"type": "object", "additionalProperties": _ASSET},
    },
}
_FORMS: Final[Mapping[str, Mapping[str, Any]]] = {
    "Feature": _ITEM,
    "Collection": _COLLECTION,
    "Catalog": {"required": ["id"]},
    "FeatureCollection": {
        "required": ["features"],
        "properties": {"features": {"type": "array", "items": {"type": "object", **_ITEM}}},
    },
}
FORM: Final = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"enum": list(_FORMS)},
        "stac_version": _TEXT,
        "id": _TEXT,
        "links": {"type": "array", "items": _LINK},
        "stac_extensions": {"type": ["array", "null"], "items": _TEXT},
    },
    "allOf": [
        {"if": {"properties": {"type": {"const": kind}}}, "then": form}
        for kind, form in _FORMS.items()
    ],
}
"""What of STAC 1.0 and 1.1 is relied on, as a JSON schema. More than that is not demanded."""

_VALIDATOR: Final = jsonschema.Draft7Validator(FORM)


class ForeignStac(DefaultStacIO):
    """Reads STAC documents by way of a function; they have the right form, or an error names
    what is wrong. At most MAX_DOCUMENTS are read.
    """

    def __init__(self, fetch: Callable[[str], bytes]) -> None:
        super().__init__()
        self._fetch = fetch
        self._left = MAX_DOCUMENTS

    def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:  # noqa: ARG002
        self._left -= 1
        if self._left < 0:
            raise invalid("url", f"leads to more than {MAX_DOCUMENTS} STAC documents.")
        return self._fetch(str(getattr(source, "href", source))).decode()

    def json_loads(self, txt: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        document: dict[str, Any] = super().json_loads(txt, *args, **kwargs)
        mistake = next(_VALIDATOR.iter_errors(document), None)
        if mistake is not None:
            where = "/".join(map(str, mistake.absolute_path)) or "the document"
            raise invalid("url", f"leads to STAC that is not valid: {where}: {_words(mistake)}.")
        return document


def _words(mistake: jsonschema.ValidationError) -> str:
    return mistake.message if len(mistake.message) <= 200 else f"{mistake.message[:200]}..."


@contextmanager
def foreign_data() -> Iterator[None]:
    """What libraries raise where documents of others are not what they rely on, as the
    user's mistake; more than their form is not checked beforehand.
    """
    try:
        yield
    except OpenEOError as error:
        if error.code != "Internal":
            raise
        raise invalid("url", f"leads to no usable STAC: {error.message}") from error
    except (AttributeError, AssertionError, RecursionError, pystac.STACTypeError) as error:
        logger.warning("STAC cannot be used", exc_info=error)
        raise invalid("url", f"leads to no usable STAC ({type(error).__name__}).") from error
