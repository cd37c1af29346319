"""Collections: the listing, each by itself, and what the federation has agreed on."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, unquote

import orjson

from backends.faults.changes import (
    Change,
    at_both,
    halved,
    mapped,
    missing,
    needs_token,
    on,
    put,
    refuses_token,
    removed,
    renamed,
    without,
)
from backends.faults.exchange import Answered, Ask, Asked
from backends.faults.rule import Part, Rule, rule

PATH: Final = "/collections"
ONE: Final = "/collections/{id}"
KEY: Final = "collections"
BANDS: Final = {"B02": "blue", "B03": "green", "B04": "red", "B08": "nir"}
ANGLES: Final = (
    *("approximateViewAzimuth", "viewAzimuthMean", "viewZenithMean", "sunAzimuthAngles"),
    *("sunZenithAngles", "viewZenithAngles"),
)
DIMENSIONS: Final = {"x": "lon", "y": "lat", "t": "time", "bands": "spectral"}
PROPERTIES: Final = {
    "eo:cloud_cover": "cloudCover",
    "sat:orbit_state": "orbitDirection",
    "sat:relative_orbit": "relativeOrbitNumber",
    "sar:instrument_mode": "sensorMode",
}
HARMONISED: Final = {
    "SENTINEL1_GRD": "S1_IW_GRD_ARCHIVE",
    "SENTINEL2_L1C": "S2_MSI_L1C_ARCHIVE",
    "SENTINEL2_L2A": "S2_MSI_L2A_ARCHIVE",
    "SENTINEL3_OLCI_L1B": "S3_OL_1_ARCHIVE",
}


def _both(*changes: Callable[[str], Change]) -> tuple[Part, Part]:
    return at_both(PATH, KEY, *changes)


def _gone(*names: str) -> tuple[Part, Part]:
    return _both(lambda at: removed(*(at + name for name in names)))


def _put(name: str, value: Any) -> tuple[Part, Part]:
    return _both(lambda at: put(at + name, value))


def _no_role(role: str) -> tuple[Part, Part]:
    return _both(lambda at: without(f"{at}providers/*/roles", lambda one: one == role))


def _other_ids(other: Callable[[str], str]) -> tuple[Part, ...]:
    """Collections have other ids, by which they are found."""

    def ask_for(asked: Asked, ask: Ask) -> Asked | Answered:
        wanted = unquote(asked.path.split("/")[2])
        own = [name for name in _ids(ask(_listing(asked))) if other(name) == wanted]
        if not own:
            return asked if other(wanted) == wanted else replace(asked, path="/collections/-")
        rest = asked.path.split("/")[3:]
        return replace(asked, path="/".join([PATH, quote(own[0], safe=""), *rest]))

    paths = (ONE, f"{ONE}/queryables", f"{ONE}/items")
    found = tuple(Part(("GET",), path, request=ask_for) for path in paths)
    return (*found, *_both(lambda at: mapped(f"{at}id", other)))


def _listing(asked: Asked) -> Asked:
    return replace(asked, path=PATH, query="", body=b"", method="GET")


def _ids(answered: Answered) -> list[str]:
    listed = orjson.loads(b"".join(answered.body)).get(KEY, [])
    return [one["id"] for one in listed]


def _other_bands(at: str) -> tuple[Change, ...]:
    def named(band: Any) -> Any:
        name = band.get("name") if isinstance(band, dict) else None
        return {**band, "name": BANDS[name]} if name in BANDS else band

    return (
        mapped(f"{at}cube:dimensions/*/values/*", lambda band: _looked_up(BANDS, band)),
        *(mapped(f"{at}{where}bands/*", named) for where in ("", "summaries/", "summaries/eo:")),
    )


def _without_angles(at: str) -> tuple[Change, ...]:
    def is_angle(band: Any) -> bool:
        return (band.get("name") if isinstance(band, dict) else band) in ANGLES

    lists = ("cube:dimensions/*/values", "bands", "summaries/bands", "summaries/eo:bands")
    return tuple(without(at + path, is_angle) for path in lists)


def _looked_up(names: dict[str, str], name: Any) -> Any:
    return names.get(name, name) if isinstance(name, str) else name


def _every(changes: Callable[[str], tuple[Change, ...]]) -> tuple[Part, Part]:
    """Several changes at each of both places."""

    def all_of(at: str) -> Change:
        def change(found: Any) -> None:
            for one in changes(at):
                one(found)

        return change

    return _both(all_of)


def _license_without_link(at: str) -> tuple[Change, ...]:
    return (
        put(f"{at}license", "proprietary"),
        without(f"{at}links", lambda one: isinstance(one, dict) and one.get("rel") == "license"),
    )


def _whole_world(at: str) -> tuple[Change, ...]:
    return (
        put(f"{at}extent/spatial/bbox", [[-180, -90, 180, 90]]),
        put(f"{at}extent/temporal/interval", [["1900-01-01T00:00:00Z", None]]),
    )


LISTING: Final[tuple[Rule, ...]] = (
    rule(
        "collections.no-list",
        "There is no array `collections`.",
        "api-300",
        on(PATH, removed(KEY)),
    ),
    rule(
        "collections.no-links",
        "There is no array `links` beside the collections.",
        "api-300",
        on(PATH, removed("links")),
    ),
    rule(
        "collections.needs-token",
        "The collections are for logged-in users.",
        "api-301 api-322",
        needs_token(PATH),
        needs_token(ONE),
    ),
    rule(
        "collections.token-refused",
        "The collections are refused to logged-in users.",
        "api-302 api-323",
        refuses_token(PATH),
        refuses_token(ONE),
    ),
    rule(
        "collections.truncated",
        "Without a `limit` only half of the collections are listed.",
        "api-306",
        on(PATH, halved(KEY)),
    ),
    rule(
        "collections.no-stac-conformance",
        "The backend does not claim to conform to STAC API Collections.",
        "api-304",
        *(
            on(path, without("conformsTo", lambda one: str(one).endswith("/collections")))
            for path in ("/", "/conformance")
        ),
    ),
    rule(
        "collections.nulls",
        "What a collection does not have is null in place of absent.",
        "api-313",
        *_every(lambda at: (put(f"{at}deprecated", None), put(f"{at}assets", None))),
    ),
    rule(
        "collections.not-found-by-id",
        "Collections that are listed are not found by their id.",
        "api-320",
        missing(ONE, "GET"),
    ),
)

DOCUMENTS: Final[tuple[Rule, ...]] = (
    Rule(
        "collections.stac-version",
        "Collections claim another version of STAC.",
        ("api-303", "api-307", "api-321"),
        lambda version: _put("stac_version", version),
        "the version, for example 0.8.0",
    ),
    *(
        rule(
            f"collections.no-{field.replace('_', '-')}",
            f"Collections have no `{field}`.",
            "api-307 api-321 collections-4",
            *_gone(field),
        )
        for field in ("stac_version", "id", "description", "license", "extent")
    ),
    rule(
        "collections.no-links-of-their-own",
        "Each collection has no `links`.",
        "api-307 collections-4",
        *_gone("links"),
    ),
    rule("collections.no-title", "Collections have no `title`.", "api-309", *_gone("title")),
    rule(
        "collections.no-keywords",
        "Collections have no `keywords`.",
        "api-309",
        *_gone("keywords"),
    ),
    rule(
        "collections.license-link-missing",
        "The license is not from the SPDX list, and no link leads to it.",
        "api-308",
        *_every(_license_without_link),
    ),
    rule(
        "collections.extent-overclaimed",
        "Collections claim to cover the world since 1900.",
        "api-310 collections-2",
        *_every(_whole_world),
    ),
    rule(
        "collections.flags-missing",
        "Experimental and deprecated collections are not marked.",
        "api-311 collections-experimental",
        *_gone("experimental", "deprecated"),
    ),
    rule(
        "collections.all-experimental",
        "Every collection is marked as experimental.",
        "collections-eligible-2",
        *_put("experimental", True),
    ),
    rule(
        "collections.extensions-undeclared",
        "The STAC extensions that collections use are not declared.",
        "api-325 collections-4 collections-11",
        *_put("stac_extensions", []),
    ),
    rule(
        "collections.no-dimensions",
        "Collections do not describe their dimensions.",
        "api-321 api-326 collections-11",
        *_gone("cube:dimensions"),
    ),
    rule(
        "collections.no-summaries",
        "Collections have no `summaries`.",
        "api-321",
        *_gone("summaries"),
    ),
    rule(
        "collections.dimensions-renamed",
        "Dimensions are called otherwise than before.",
        "collections-7 api-326",
        *_both(lambda at: renamed(f"{at}cube:dimensions", lambda name: DIMENSIONS.get(name, name))),
    ),
)

FEDERATED: Final[tuple[Rule, ...]] = (
    rule(
        "collections.no-providers",
        "Collections do not say who provides them.",
        "api-327 collections-1",
        *_gone("providers"),
    ),
    rule(
        "collections.provider-roles-missing",
        "The providers of collections have no `roles`.",
        "api-327 collections-1",
        *_gone("providers/*/roles"),
    ),
    rule(
        "collections.no-host",
        "No provider of a collection has the role host.",
        "api-327 collections-1",
        *_no_role("host"),
    ),
    rule(
        "collections.no-producer",
        "No provider of a collection has the role producer.",
        "collections-1",
        *_no_role("producer"),
    ),
    rule(
        "collections.ids-lower-case",
        "The ids of collections are in lower case.",
        "api-324 naming-1",
        *_other_ids(str.lower),
    ),
    rule(
        "collections.ids-with-dashes",
        "The parts of collections' ids are joined by dashes.",
        "api-324 naming-3",
        *_other_ids(lambda name: name.replace("_", "-")),
    ),
    rule(
        "collections.not-harmonised",
        "Copernicus archives have names of the backend's own, and no `common_name`.",
        "harmonization-1 collections-6",
        *_other_ids(lambda name: HARMONISED.get(name, name)),
        *_gone("common_name"),
    ),
    rule(
        "collections.bands-renamed",
        "Spectral bands have names of the backend's own.",
        "harmonization-2 collections-7",
        *_every(_other_bands),
    ),
    rule(
        "collections.no-angle-bands",
        "There are no bands for the angles of the sun and the view.",
        "harmonization-3",
        *_every(_without_angles),
    ),
    rule(
        "collections.properties-renamed",
        "Properties for filtering have names of the backend's own.",
        "harmonization-5",
        *_both(lambda at: renamed(f"{at}summaries", lambda name: PROPERTIES.get(name, name))),
        on(f"{ONE}/queryables", renamed("properties", lambda name: PROPERTIES.get(name, name))),
    ),
)

RULES: Final = (*LISTING, *DOCUMENTS, *FEDERATED)
