"""Results as a static STAC collection: documents with relative links, and merging of two.

Pure. Source: STAC 1.0.0, self-contained catalogs; the process `export_workspace`, `merge`.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, Final

from backends.errors import OpenEOError, parameter_invalid
from backends.jobs.records import Asset, Job, timestamp
from backends.jobs.stac import (
    GEOJSON,
    JSON,
    asset_document,
    is_located,
    result_collection,
    result_item,
)
from backends.profile import Profile

COLLECTION: Final = "collection.json"
_NAME_LENGTH: Final = 120
_SHOWN: Final = 12
"""Letters of its digest that stand in the name of a file."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Exported:
    """One file on its way: ``digest`` is the SHA-256 of its content (hexadecimal).

    Its item, and the folder of both, are called ``identifier``. What is in the file is part of its
    name, so that no document ever refers to a file that has become another one.
    """

    asset: Asset
    file: Path
    digest: str
    identifier: str

    @property
    def name(self) -> str:
        """What the file is called in its folder."""
        own = PurePosixPath(_plain(PurePosixPath(self.asset.name).name))
        return f"{own.stem}-{self.digest[:_SHOWN]}{own.suffix}"

    @property
    def path(self) -> str:
        """Where it goes, seen from the collection."""
        return f"{self.identifier}/{self.name}"

    @property
    def item(self) -> str:
        """Where its item goes, seen from the collection."""
        return f"{self.identifier}/{self.identifier}.json"


def exported(job: Job, asset: Asset, file: Path) -> Exported:
    """A file of the job, read once for its digest. The same file of a job has the same identifier
    each time that the job runs.
    """
    with file.open("rb") as content:
        digest = _digest(content)
    # A folder is not to look like a file of its own kind.
    identifier = _plain(f"{job.id}-{asset.name}").replace(".", "-")
    return Exported(asset, file, digest, identifier)


def _digest(content: Any) -> str:
    digest = sha256()
    while chunk := content.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


@dataclass(frozen=True)
class _Relative:
    """How the documents of an export refer to one another."""

    files: Mapping[str, Exported]
    document: str
    """The name of the collection's document."""
    below: bool
    """Whether the references stand in an item, and so in a folder below the collection."""

    @property
    def collection(self) -> str:
        return f"../{self.document}"

    def file(self, asset: Asset) -> str:
        found = self.files[asset.name]
        return f"./{found.name}" if self.below else f"./{found.path}"

    def item(self, asset: Asset) -> str:
        return f"./{self.files[asset.name].item}"


@dataclass(frozen=True)
class Export:
    """The files of one job that go together into one collection.

    ``document`` is the name of the collection's document, ``identifier`` the collection's id
    unless there is a collection already.
    """

    job: Job
    profile: Profile
    files: Sequence[Exported]
    identifier: str
    document: str = COLLECTION

    def collection(self) -> Document:
        """The collection as it is where there is none yet."""
        assets = [one.asset for one in self.files]
        document = result_collection(self.job, assets, self._hrefs(below=False), self.profile)
        del document["openeo:status"]
        root = {"rel": "root", "href": f"./{self.document}", "type": JSON}
        hrefs = self._hrefs(below=False)
        return {
            **document,
            "id": self.identifier,
            # What is located stands in its item.
            "assets": {
                one.identifier: self._asset(one, hrefs.file(one.asset))
                for one in self.files
                if not is_located(one.asset)
            },
            "links": [root, *document["links"]],
        }

    def items(self, collection: str) -> Iterable[tuple[str, Document]]:
        """The path and the content of each item of the collection with that id."""
        hrefs = self._hrefs(below=True)
        for one in self.files:
            if not is_located(one.asset):
                continue
            item = result_item(self.job, one.asset, hrefs, self.profile)
            (key,) = item["assets"]
            root = {"rel": "root", "href": hrefs.collection, "type": JSON}
            yield (
                one.item,
                {
                    **item,
                    "id": one.identifier,
                    "collection": collection,
                    "assets": {key: self._asset(one, hrefs.file(one.asset))},
                    "links": [root, *item["links"]],
                },
            )

    def _asset(self, one: Exported, href: str) -> Document:
        # A multihash: SHA-256, 32 bytes (STAC file extension).
        return {**asset_document(one.asset, href), "file:checksum": f"1220{one.digest}"}

    def _hrefs(self, *, below: bool) -> _Relative:
        return _Relative({one.asset.name: one for one in self.files}, self.document, below)


def read_collection(content: bytes, path: str) -> Document:
    """The collection in a document to be merged into; `ProcessParameterInvalid` if it is none."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise _no_collection(path, "it is no JSON") from None
    if not isinstance(document, dict) or document.get("type") != "Collection":
        raise _no_collection(path, "it is no STAC collection")
    if not isinstance(document.get("id"), str) or not document["id"]:
        raise _no_collection(path, "it has no id")
    for name, kind in (("links", list), ("assets", dict), ("stac_extensions", list)):
        if not isinstance(document.setdefault(name, kind()), kind):
            raise _no_collection(path, f"'{name}' is not what it should be")
    try:
        _boxes(document), _intervals(document)
    except (LookupError, TypeError, ValueError):
        raise _no_collection(path, "it has no extent that is valid") from None
    return document


def merged(existing: Document, new: Document, now: str) -> Document:
    """The existing collection with the items, assets and extents of the new one.

    What it says of itself stays. Of items at the same place, and of assets of the same name, there
    is one.
    """
    hrefs = {_normal(link.get("href")) for link in existing["links"] if isinstance(link, dict)}
    items = [link for link in new["links"] if link["rel"] == "item"]
    added = [link for link in items if _normal(link["href"]) not in hrefs]
    extensions = dict.fromkeys([*existing["stac_extensions"], *new["stac_extensions"]])
    return {
        **existing,
        "stac_extensions": list(extensions),
        "extent": {
            **existing["extent"],
            "spatial": {"bbox": _united_boxes(_boxes(existing), _boxes(new))},
            "temporal": {"interval": _united_intervals(_intervals(existing), _intervals(new))},
        },
        "assets": {**existing["assets"], **new["assets"]},
        "links": [*existing["links"], *added],
        **({"updated": now} if "updated" in existing else {}),
    }


def files_of(document: Document | None) -> set[str]:
    """The names of the files beside an item that it refers to."""
    assets = document.get("assets") if document else None
    found = assets.values() if isinstance(assets, dict) else ()
    hrefs = [one.get("href") for one in found if isinstance(one, dict)]
    names = {_normal(href) for href in hrefs if isinstance(href, str)}
    return {name for name in names if "/" not in name and _plain(name) == name}


def encoded(document: Document) -> bytes:
    """The document as it is written."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False).encode()


def now_written(export: Export) -> str:
    """The time of an export, which is when its job was last at work."""
    return timestamp(export.job.updated)


def media_type(path: str) -> str:
    """What a document is."""
    return JSON if path.endswith(COLLECTION) else GEOJSON


def _plain(text: str) -> str:
    """The text as the name of a file that needs no escaping anywhere."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", text).lstrip(".") or "_"
    if len(plain) <= _NAME_LENGTH:
        return plain
    own = PurePosixPath(plain)
    suffix = own.suffix if len(own.suffix) <= 10 else ""
    return f"{plain[: _NAME_LENGTH - 20]}-{sha256(text.encode()).hexdigest()[:8]}{suffix}"


def _normal(href: object) -> str:
    return href.removeprefix("./") if isinstance(href, str) else ""


def _no_collection(path: str, reason: str) -> OpenEOError:
    return parameter_invalid(
        "export_workspace", "merge", f"nothing can be merged into '{path}': {reason}."
    )


def _boxes(collection: Document) -> list[list[float]]:
    """West, south, east and north of each; the first is of all."""
    boxes = []
    for box in collection["extent"]["spatial"]["bbox"]:
        numbers = [float(number) for number in box]
        if len(numbers) not in (4, 6):
            raise ValueError(box)
        half = len(numbers) // 2
        boxes.append([numbers[0], numbers[1], numbers[half], numbers[half + 1]])
    return [boxes[0], *boxes[1:]]


def _intervals(collection: Document) -> list[list[str | None]]:
    intervals = []
    for start, end in collection["extent"]["temporal"]["interval"]:
        if not all(isinstance(moment, str | None) for moment in (start, end)):
            raise ValueError(start, end)
        intervals.append([start, end])
    return [intervals[0], *intervals[1:]]


def _united_boxes(known: list[list[float]], new: list[list[float]]) -> list[list[float]]:
    west, south, east, north = zip(known[0], new[0], strict=True)
    whole = [min(west), min(south), max(east), max(north)]
    return [whole, *known[1:], *(new[:1] if len(known) > 1 else [])]


def _united_intervals(
    known: list[list[str | None]], new: list[list[str | None]]
) -> list[list[str | None]]:
    starts, ends = zip(known[0], new[0], strict=True)
    whole = [_earliest(starts), _latest(ends)]
    return [whole, *known[1:], *(new[:1] if len(known) > 1 else [])]


def _earliest(moments: Sequence[str | None]) -> str | None:
    return None if None in moments else min(moments)  # type: ignore[type-var]


def _latest(moments: Sequence[str | None]) -> str | None:
    return None if None in moments else max(moments)  # type: ignore[type-var]
