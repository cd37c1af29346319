"""Collections, as the pages of the federation want them: harmonised, named, constant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scripts.self_review import stac
from scripts.self_review.backend import Backend, Entry, read_object
from scripts.self_review.catalogue import Catalogue
from scripts.self_review.checks.collections import PATH, name, of_each, undeclared
from scripts.self_review.findings import (
    Cause,
    Evidence,
    Outcome,
    Verdict,
    could_not_tell,
    failed,
    judged,
    not_applicable,
    passed,
    some,
    warned,
)
from scripts.self_review.registry import Lookup, check, derived
from scripts.self_review.snapshot import shape

SHAPE = re.compile(r"[A-Z0-9]+(_[A-Z0-9]+)*")
ESA_BAND = re.compile(r"B(0[1-9]|8A|1[0-2])")
S2_L2A = "SENTINEL2_L2A"


@dataclass(frozen=True, slots=True)
class Archive:
    """A Copernicus archive: its agreed name, what ids and titles say of it, and its bands."""

    name: str
    mission: re.Pattern[str]
    level: re.Pattern[str]
    bands: frozenset[str]
    least: int
    """So many of the bands must be there for a collection to be a mirror of it."""


def _archive(name_: str, mission: str, level: str, bands: str, least: int) -> Archive:
    flags = re.IGNORECASE
    return Archive(
        name_, re.compile(mission, flags), re.compile(level, flags), frozenset(bands.split()), least
    )


OPTICAL = "B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B10 B11 B12 blue green red nir B2 B3 B4 B8"
ARCHIVES = (
    _archive("SENTINEL1_GRD", r"(sentinel[ _-]?1|\bs1[ab]?(_|\b))", r"grd", "VV VH HH HV vv vh", 1),
    _archive(
        "SENTINEL2_L1C", r"(sentinel[ _-]?2|\bs2[ab]?(_|\b))", r"l(evel)?[ _-]?1c", OPTICAL, 4
    ),
    _archive(S2_L2A, r"(sentinel[ _-]?2|\bs2[ab]?(_|\b))", r"l(evel)?[ _-]?2a", OPTICAL, 4),
    _archive(
        "SENTINEL3_OLCI_L1B",
        r"(sentinel[ _-]?3|\bs3[ab]?(_|\b))",
        r"(olci|ol_1)",
        " ".join(f"{prefix}{i:02}" for i in range(1, 22) for prefix in ("B", "Oa")),
        4,
    ),
)


@check("collections-1")
def host_and_producer_are_named(backend: Backend) -> Outcome:
    hint = "Name the producer of the data and who hosts them here; one may be both."
    return of_each(backend, _roles_missing, "Each names its producer and its host.", hint)


def _roles_missing(collection: Entry) -> str:
    roles = {role for one in stac.roles(collection) for role in one}
    missing = [role for role in ("host", "producer") if role not in roles]
    return f"no provider has the role {' or '.join(missing)}" if missing else ""


@check("collections-4")
def metadata_is_valid_and_extensions_are_declared(backend: Backend) -> Outcome:
    def problem(collection: Entry) -> str:
        found = [*stac.problems(collection)[:3], undeclared(collection)]
        return "; ".join(one for one in found if one)

    return of_each(backend, problem, "Each is valid, and its extensions are declared.")


@check("collections-11")
def the_datacube_extension_is_used(backend: Backend) -> Outcome:
    def problem(collection: Entry) -> str:
        if not stac.dimensions(collection):
            return "no cube:dimensions"
        missing = [one for one in stac.undeclared(collection) if one.startswith("cube:")]
        return "the datacube extension is not declared" if missing else _unlabelled(collection)

    return of_each(backend, problem, "Each publishes dimensions and labels by the extension.")


def _unlabelled(collection: Entry) -> str:
    lacking = [
        key
        for key, one in stac.dimensions(collection).items()
        if "extent" not in one and "values" not in one
    ]
    return f"neither labels nor extent of {', '.join(lacking)}" if lacking else ""


@check("collections-experimental")
def experimental_flags_are_right(backend: Backend) -> Outcome:
    marked = [one for one in backend.full_collections() if "experimental" in one]
    problems = [f"{name(one)}: {said}" for one in marked if (said := _odd_flag(one))]
    said = f"{len(marked)} have the flag, rightly." if marked else "No collection has the flag."
    return judged(problems, said, looked_at=backend.looked_at())


def _odd_flag(collection: Entry) -> str:
    if not isinstance(collection["experimental"], bool):
        return "`experimental` is no boolean"
    bare = [one for one in stac.undeclared(collection) if "(extension version)" in one]
    return "the version extension is not declared" if bare else ""


@check("collections-eligible-2")
def some_collections_are_not_experimental(backend: Backend) -> Outcome:
    listed = backend.collections
    good = [one for one in listed if one.get("experimental") is not True]
    shown = Evidence(f"GET {backend.root}{PATH}", f"{len(good)} of {len(listed)} eligible")
    problems = [] if good or not listed else ["every collection is experimental"]
    problems += [] if listed else ["no collection is offered"]
    return judged(problems, f"{len(good)} are not experimental.", shown)


@check("collections-eligible-1")
def collections_complement_the_federation(backend: Backend) -> Outcome:
    other = (backend.options.federation or {}).get("collections")
    if not isinstance(other, Mapping):
        says = "It needs the federation to compare with."
        return could_not_tell(says, Cause.TIME, hint="Give --federation URL.")
    mine = {name(one): str(one.get("common_name", name(one))) for one in backend.collections}
    known = {str(one.get("common_name", key)) for key, one in other.items()} | set(other)
    same = [f"{key} ({common})" for key, common in mine.items() if {key, common} & known]
    looked_at = f"{len(mine)} ids and common names against {len(other)} of the federation"
    if same:
        says = f"The federation has these already; mirrors need a decision: {some(same)}"
        return warned(says, looked_at=looked_at)
    return passed("None of the names is in the federation yet.", looked_at=looked_at)


@check("collections-7")
def names_stay_constant(backend: Backend) -> Outcome:
    earlier = (backend.options.earlier or {}).get("collections")
    if not isinstance(earlier, Mapping):
        says = "It needs an earlier report to compare with."
        return could_not_tell(says, Cause.TIME, hint="Give --compare earlier.json.")
    problems = list(_differences(backend, earlier))
    good = f"{len(earlier)} collections have kept their dimensions and bands."
    return judged(problems, good, looked_at=f"{len(earlier)} collections of the earlier report")


def _differences(backend: Backend, earlier: Mapping[str, object]) -> Iterator[str]:
    listed = {name(one) for one in backend.collections}
    now = {name(one): shape(one) for one in backend.full_collections()}
    for key, before in earlier.items():
        if key not in listed:
            yield f"{key} is gone"
        elif key in now and isinstance(before, Mapping):
            for part, values in now[key].items():
                if sorted(map(str, before.get(part) or [])) != sorted(values):
                    yield f"{key} has other {part}"


@check("collections-10")
def special_conditions_are_told(backend: Backend) -> Outcome:
    special = [one for one in backend.full_collections() if _is_special(one)]
    if not special:
        says = "No collection is marked as to be ordered or paid for; whether one is, is not seen."
        return not_applicable(says)
    problems = [
        f"{name(one)}: {', '.join(bare)} is not declared"
        for one in special
        if (bare := [found for found in stac.undeclared(one) if found.startswith("order")])
    ]
    names = ", ".join(map(name, special))
    return judged(problems, f"Marked: {names}.", looked_at=backend.looked_at())


def _is_special(collection: Entry) -> bool:
    summaries = collection.get("summaries")
    keys = [*collection, *(summaries if isinstance(summaries, Mapping) else [])]
    return any(str(key).startswith("order:") for key in keys)


# Harmonisation.


def mirrored(collection: Entry) -> Archive | None:
    """The Copernicus archive that a collection mirrors, by its id or title and its bands."""
    said = f"{name(collection)} {collection.get('title', '')}"
    bands = {str(one.get("name")) for one in stac.bands(collection)}
    for one in ARCHIVES:
        if one.name in agreed_names(collection):
            return one
        if (
            one.mission.search(said)
            and one.level.search(said)
            and len(bands & one.bands) >= one.least
        ):
            return one
    return None


def agreed_names(collection: Entry) -> set[str]:
    """The names by which the federation knows a collection: its id and its common name."""
    summaries = collection.get("summaries")
    inner = summaries.get("common_name") if isinstance(summaries, Mapping) else None
    inner = inner[0] if isinstance(inner, list) and inner else inner
    found = (collection.get("id"), collection.get("common_name"), inner)
    return {one for one in found if isinstance(one, str)}


@check("harmonization-1")
def mirrors_have_the_agreed_names(backend: Backend) -> Outcome:
    found = [(one, archive) for one in backend.full_collections() if (archive := mirrored(one))]
    if not found:
        return not_applicable("No collection looks like a mirror of a Copernicus archive.")
    problems = [
        f"{name(one)} looks like {archive.name}, but neither its id nor its common_name says so"
        for one, archive in found
        if archive.name not in agreed_names(one)
    ]
    names = ", ".join(f"{name(one)} ({archive.name})" for one, archive in found)
    hint = "Call the collection so, or add `common_name`."
    looked_at = f"{backend.looked_at()}; by id or title, and bands"
    return judged(problems, f"Mirrors: {names}.", looked_at=looked_at, hint=hint)


def _sentinel_2(backend: Backend) -> list[Entry]:
    found = [one for one in backend.full_collections() if mirrored(one) is _S2]
    return [one for one in found if one.get("experimental") is not True]


_S2 = next(one for one in ARCHIVES if one.name == S2_L2A)


@check("harmonization-2")
def sentinel_2_has_bands_of_esa(backend: Backend) -> Outcome:
    found = _sentinel_2(backend)
    if not found:
        return not_applicable(f"There is no {S2_L2A}.")
    problems = [f"{name(one)}: {said}" for one in found if (said := _foreign_bands(one))]
    names = ", ".join(map(name, found))
    return judged(problems, f"Bands of {names} are named as ESA does.", hint="B01 … B8A … B12.")


def _foreign_bands(collection: Entry) -> str:
    spectral = [str(one.get("name")) for one in stac.bands(collection) if _is_spectral(one)]
    names = spectral or [one for one in stac.band_names(collection) if ESA_BAND.fullmatch(one)]
    foreign = [one for one in names if not ESA_BAND.fullmatch(one)]
    if foreign:
        return f"spectral bands are called {', '.join(foreign[:5])}"
    return "" if names else "no band is named as ESA does"


def _is_spectral(band: Entry) -> bool:
    keys = ("common_name", "center_wavelength", "eo:common_name", "eo:center_wavelength")
    return any(key in band for key in keys)


@check("harmonization-3")
def sentinel_2_has_angles(backend: Backend) -> Outcome:
    found = _sentinel_2(backend)
    if not found:
        return not_applicable(f"There is no {S2_L2A}.")
    problems = [
        f"{name(one)}: no {', '.join(bare)}" for one in found if (bare := _angles_missing(one))
    ]
    return judged(problems, "It has SCL and the angles of sun and view.")


def _angles_missing(collection: Entry) -> list[str]:
    names = {str(one.get("name")) for one in stac.bands(collection)}
    names |= set(stac.band_names(collection))
    wanted = ["SCL", "approximateViewAzimuth", "sunAzimuthAngles", "sunZenithAngles"]
    missing = [one for one in wanted if one not in names]
    view = {"viewZenithMean", "viewZenithAngles"}
    return missing + ([] if view & names else ["viewZenithMean"])


@check("harmonization-5")
def properties_have_shared_names(backend: Backend) -> Outcome:
    found = [(one, archive) for one in backend.full_collections() if (archive := mirrored(one))]
    if not found:
        return not_applicable("No collection looks like a mirror of a Copernicus archive.")
    problems = [
        f"{name(one)}: no {', '.join(bare)}"
        for one, archive in found
        if (bare := _properties_missing(backend, one, archive))
    ]
    return judged(problems, "Summaries or queryables have them.", looked_at=backend.looked_at())


def _properties_missing(backend: Backend, collection: Entry, archive: Archive) -> list[str]:
    wanted = ["sat:relative_orbit"]
    wanted += ["sar:instrument_mode"] if archive.name == "SENTINEL1_GRD" else []
    wanted += ["eo:cloud_cover"] if archive.name.startswith("SENTINEL2") else []
    summaries = collection.get("summaries")
    known = set(summaries) if isinstance(summaries, Mapping) else set()
    if not set(wanted) <= known:
        answer = backend.get(f"{PATH}/{name(collection)}/queryables")
        properties = (read_object(answer) or {}).get("properties")
        known |= set(properties) if isinstance(properties, Mapping) else set()
    return [one for one in wanted if one not in known]


# Names.


@check("naming-1")
def ids_are_upper_case(backend: Backend) -> Outcome:
    bad = [one for one in _ids(backend) if one != one.upper()]
    return _named(backend, bad, "in capital letters")


@check("naming-3")
def parts_of_ids_are_joined_by_underscores(backend: Backend) -> Outcome:
    bad = [one for one in _ids(backend) if not SHAPE.fullmatch(one.upper())]
    return _named(backend, bad, "of letters and digits joined by underscores")


@check("api-324")
def ids_follow_the_convention(backend: Backend) -> Outcome:
    bad = [one for one in _ids(backend) if not SHAPE.fullmatch(one)]
    return _named(backend, bad, "like PLATFORM_LEVEL_PRODUCT")


def _ids(backend: Backend) -> list[str]:
    """The ids there are; that one is missing is judged by api-307."""
    return [one["id"] for one in backend.collections if isinstance(one.get("id"), str)]


def _named(backend: Backend, bad: list[str], how: str) -> Outcome:
    shown = Evidence(f"GET {backend.root}{PATH}", f"{len(backend.collections)} ids")
    if bad:
        says = f"Not {how}: {', '.join(bad[:8])}{' …' if len(bad) > 8 else ''}"
        hint = "Rename the collections with the next version of the API, or agree on a waiver."
        return warned(f"{says}.", shown, hint=hint)
    return passed(f"All ids are {how}.", shown)


@derived("collections-6")
def harmonisation_is_followed(finding: Lookup, catalogue: Catalogue) -> Outcome:
    rows = [r.id for r in catalogue if r.id.startswith(("harmonization-", "naming-"))]
    required = [one for one in map(finding, rows) if one.requirement.severity == "required"]
    fails = [one.id for one in required if one.verdict is Verdict.FAIL]
    mild = [one.id for one in map(finding, rows) if one.verdict in {Verdict.FAIL, Verdict.WARNING}]
    if fails:
        return failed(f"These fail: {', '.join(fails)}.")
    unknown = [one for one in required if one.verdict is Verdict.COULD_NOT_TELL]
    judgeable = [one for one in unknown if one.outcome.cause is not Cause.STATEMENT]
    if judgeable:
        return judgeable[0].outcome
    if mild:
        return warned(f"Recommended, and not followed: {', '.join(mild)}.")
    return passed("The rules that could be judged are followed.", looked_at=", ".join(rows))
