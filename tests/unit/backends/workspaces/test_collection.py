"""Static STAC of results, and merging of two collections."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pystac
import pytest
from pystac.validation import validate_dict

from backends.errors import OpenEOError
from backends.jobs.records import Asset, Job
from backends.workspaces.collection import Export, exported, files_of, merged, read_collection
from tests.fakes.profiles import profile

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = "2027-01-01T00:00:00Z"
LOCATED = {
    "bbox": [7.0, 51.0, 7.5, 51.5],
    "datetime": "2024-06-03T10:30:00Z",
    "proj:epsg": 32632,
    "bands": [{"name": "B04", "data_type": "float32", "nodata": "nan"}],
}


def job(identifier: str = "j-1", **changes: Any) -> Job:
    values: dict[str, Any] = dict.fromkeys(Job.__dataclass_fields__)
    values |= {
        "id": identifier,
        "user": "alice",
        "process": {},
        "status": "running",
        "title": "Maps",
    }
    values |= {"created": NOW, "updated": NOW}
    return Job(**{**values, **changes})


def export(folder: Path, identifier: str = "j-1", **files: dict[str, Any]) -> Export:
    """An export of files with this metadata."""
    found = []
    for name, metadata in files.items():
        path = folder / name
        path.write_bytes(name.encode())
        asset = Asset(f"{name}.tif", "image/tiff", ("data",), len(name), metadata)
        found.append(exported(job(identifier), asset, path))
    return Export(job(identifier), profile(), found, identifier)


def test_the_documents_refer_to_one_another_by_relative_links(tmp_path: Path) -> None:
    whole = export(tmp_path, one=LOCATED, table={})
    digest, table = sha256(b"one").hexdigest(), sha256(b"table").hexdigest()
    collection = whole.collection()
    assert (collection["id"], collection["title"]) == ("j-1", "Maps")
    assert collection["links"] == [
        {"rel": "root", "href": "./collection.json", "type": "application/json"},
        {
            "rel": "item",
            "href": "./j-1-one-tif/j-1-one-tif.json",
            "type": "application/geo+json",
            "title": "one.tif",
        },
    ]
    assert list(collection["assets"]) == ["j-1-table-tif"]
    href = f"./j-1-table-tif/table-{table[:12]}.tif"
    assert collection["assets"]["j-1-table-tif"]["href"] == href
    ((path, item),) = whole.items("maps")
    assert path == "j-1-one-tif/j-1-one-tif.json"
    assert (item["id"], item["collection"]) == ("j-1-one-tif", "maps")
    assert [(link["rel"], link["href"]) for link in item["links"]] == [
        ("root", "../collection.json"),
        ("collection", "../collection.json"),
        ("parent", "../collection.json"),
    ]
    assert item["assets"]["data"]["href"] == f"./one-{digest[:12]}.tif"
    assert item["assets"]["data"]["file:checksum"] == f"1220{digest}"
    assert files_of(item) == {f"one-{digest[:12]}.tif"}


def test_the_documents_are_valid_stac(tmp_path: Path) -> None:
    # Only the schemas of STAC 1.1 are inside pystac; both versions demand the same of these.
    whole = export(tmp_path, one=LOCATED, table={})
    kinds = pystac.STACObjectType
    found = [(whole.collection(), kinds.COLLECTION)]
    found += [(item, kinds.ITEM) for _, item in whole.items("j-1")]
    assert len(found) == 2
    for document, kind in found:
        assert validate_dict({**document, "stac_version": "1.1.0"}, kind, "1.1.0", extensions=[])


def test_the_names_of_files_need_no_escaping_and_are_not_too_long(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    for name in ("../../etc/passwd", "a b/ü?.tif", ".hidden", "x" * 500 + ".tif", "/"):
        one = exported(job(), Asset(name, "", (), 1), tmp_path / "file")
        assert len(one.path) < 300
        folder, _, file = one.path.partition("/")
        assert all(
            part.strip(".") and part.isascii() and "/" not in part for part in (folder, file)
        )
        assert not set(one.path) - set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/"
        )


def existing(**changes: Any) -> dict[str, Any]:
    """Somebody's own collection."""
    document = {
        "type": "Collection",
        "stac_version": "1.1.0",
        "id": "mine",
        "description": "My own.",
        "license": "CC-BY-4.0",
        "extent": {
            "spatial": {"bbox": [[6, 50, 7.2, 51.2]]},
            "temporal": {"interval": [["2023-01-01T00:00:00Z", None]]},
        },
        "links": [{"rel": "item", "href": "./a/a.json"}, {"rel": "license", "href": "l.txt"}],
    }
    return {**document, **changes}


def read(document: Any) -> dict[str, Any]:
    import json

    return read_collection(json.dumps(document).encode(), "maps/collection.json")


def test_a_collection_keeps_what_it_says_and_gets_the_new_items(tmp_path: Path) -> None:
    known = read(existing(summaries={"platform": ["mine"]}, updated="2020-01-01T00:00:00Z"))
    new = export(tmp_path, one=LOCATED, table={}).collection()
    found = merged(known, new, LATER)
    assert (found["id"], found["license"], found["summaries"]) == (
        "mine",
        "CC-BY-4.0",
        {"platform": ["mine"]},
    )
    assert found["updated"] == LATER
    assert found["extent"] == {
        "spatial": {"bbox": [[6.0, 50.0, 7.5, 51.5]]},
        "temporal": {"interval": [["2023-01-01T00:00:00Z", None]]},
    }
    assert [link["href"] for link in found["links"]] == [
        "./a/a.json",
        "l.txt",
        "./j-1-one-tif/j-1-one-tif.json",
    ]
    assert list(found["assets"]) == ["j-1-table-tif"]
    assert set(new["stac_extensions"]) <= set(found["stac_extensions"])
    assert validate_dict(found, pystac.STACObjectType.COLLECTION, "1.1.0", extensions=[])


def test_merging_twice_is_merging_once(tmp_path: Path) -> None:
    new = export(tmp_path, one=LOCATED, table={}).collection()
    once = merged(read(existing()), new, LATER)
    assert merged(read(once), new, LATER) == once


def test_parts_of_an_extent_are_kept_and_the_new_one_is_added(tmp_path: Path) -> None:
    extent = {
        "spatial": {"bbox": [[0, 0, -10, 9, 9, 10], [0, 0, 1, 1], [8, 8, 9, 9]]},
        "temporal": {"interval": [["2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]]},
    }
    new = export(tmp_path, one=LOCATED).collection()
    found = merged(read(existing(extent=extent)), new, LATER)["extent"]
    assert found["spatial"]["bbox"] == [
        [0.0, 0.0, 9.0, 51.5],
        [0.0, 0.0, 1.0, 1.0],
        [8.0, 8.0, 9.0, 9.0],
        [7.0, 51.0, 7.5, 51.5],
    ]
    assert found["temporal"]["interval"] == [["2024-06-03T10:30:00Z", "2026-01-01T00:00:00Z"]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no STAC collection"),
        (b'{"type": "Feature"}', "no STAC collection"),
        (b'{"type": "Catalog", "id": "a"}', "no STAC collection"),
        (b'{"type": "Collection", "id": 1}', "no id"),
        (b'{"type": "Collection", "id": "a"}', "no extent"),
        (b'{"type": "Collection", "id": "a", "links": {}}', "'links' is not"),
        (b'{"type": "Collection", "id": "a", "extent": {"spatial": {"bbox": []}}}', "no extent"),
        (
            b'{"type": "Collection", "id": "a", "extent": {"spatial": {"bbox": [[1, 2]]}}}',
            "no extent",
        ),
        (
            b'{"type": "Collection", "id": "a", "extent": {"spatial": {"bbox": [[1, 2, 3, 4]]},'
            b' "temporal": {"interval": [[1, 2]]}}}',
            "no extent",
        ),
    ],
)
def test_only_a_collection_can_be_merged_into(content: bytes, reason: str) -> None:
    with pytest.raises(OpenEOError, match=rf"^ProcessParameterInvalid.*'merge'.*{reason}"):
        read_collection(content, "maps/collection.json")
