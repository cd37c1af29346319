"""The codes that notes on merging can have; ``docs/notes.md`` is printed from them."""

from collections.abc import Mapping
from dataclasses import dataclass

LEVELS = ("info", "warning", "error")
"""From harmless to serious: info is a difference that the merged document shows as it is;
warning is one where a value had to be chosen or given up; error is one where something
that a backend offers cannot be reached through the federation."""


@dataclass(frozen=True)
class NoteCode:
    """What a code means: its level, a description and the template of its message.

    The template may name ``{subject}``, ``{backends}`` and any key of the note's values.
    """

    level: str
    description: str
    message: str


NOTE_CODES: Mapping[str, NoteCode] = {
    # Of any document
    "document-unusable": NoteCode(
        "error",
        "A backend's answer is not a document of the expected shape. Nothing of it is used.",
        "The answer of {backends} for {subject} is unusable: {found}.",
    ),
    "entry-unusable": NoteCode(
        "error",
        "One entry of a backend's list has no usable name or is no object. It is left out; "
        "the backend's other entries are used.",
        "{backends} lists an entry in {subject} that cannot be used: {found}.",
    ),
    "entry-repeated": NoteCode(
        "warning",
        "A backend lists the same entry more than once. The first one is used.",
        "{backends} lists {subject} {times} times; the first is used.",
    ),
    "value-unusable": NoteCode(
        "warning",
        "A field of a backend's document has a value of the wrong type. It is passed over; "
        "the rest of the document is used.",
        "{backends} gives {subject} a value that cannot be used, {found}; expected is {expected}.",
    ),
    "value-repaired": NoteCode(
        "info",
        "A field of a backend's document is not quite of the expected form, but its meaning "
        "is plain. It is used in the expected form.",
        "{backends} gives {subject} as {found}; it is read as {chosen}.",
    ),
    "value-missing": NoteCode(
        "warning",
        "No backend gives a usable value for a field that the specification requires. A "
        "stand-in is stated.",
        "There is no usable value for {subject} from {backends}; stated: {chosen}.",
    ),
    "nested-federation": NoteCode(
        "info",
        "A backend is itself a federation and names its own members. These names mean "
        "nothing here and are left out.",
        "{backends} names members of its own at {subject}: {found}.",
    ),
    "value-differs": NoteCode(
        "info",
        "Backends give a field different values that cannot be united. The value of the "
        "first backend in configured order is shown.",
        "{backends} differ in {subject}: {by_backend}; shown: {chosen}.",
    ),
    "text-differs": NoteCode(
        "info",
        "Backends describe the same thing in different words. The text of the reference "
        "backend, otherwise of the first in configured order, is shown.",
        "{backends} describe {subject} differently; shown is the text of {chosen}.",
    ),
    "name-case-differs": NoteCode(
        "info",
        "Backends write the same name in different case. The names are taken as one, in the "
        "official capitalisation or else that of the first backend in configured order.",
        "{backends} write {subject} in different case: {by_backend}; shown: {chosen}.",
    ),
    "flag-differs": NoteCode(
        "info",
        "Only some backends mark something as experimental or deprecated. It is marked so "
        "only where all backends that offer it say so.",
        "{backends} differ on whether {subject}: {by_backend}; shown: {chosen}.",
    ),
    # Collections
    "stac-version-differs": NoteCode(
        "info",
        "Backends describe a collection in different STAC versions. The highest is stated, "
        "versions being compared as versions.",
        "{backends} describe {subject} in different STAC versions: {by_backend}; stated: {chosen}.",
    ),
    "extent-differs": NoteCode(
        "info",
        "Backends hold a collection for different areas or times. The overall extent comes "
        "first, the extents of the backends follow.",
        "{backends} hold different extents of {subject}: {by_backend}.",
    ),
    "overall-extent-missing": NoteCode(
        "info",
        "The first extent that a backend lists for a collection does not cover the ones that "
        "follow, as the overall extent should. An overall extent is put in front.",
        "{backends} lists the parts of {subject} without the whole.",
    ),
    "dimension-differs": NoteCode(
        "warning",
        "Backends describe a dimension of a collection with a different type, axis, "
        "reference system, step or unit. The value of the first backend in configured order "
        "is shown; where reference systems differ, so is its extent, and where types differ, "
        "all of it.",
        "{backends} differ in {subject}: {by_backend}; shown: {chosen}.",
    ),
    "part-partial": NoteCode(
        "info",
        "Only some of the backends that offer a thing have a part of it, such as a dimension "
        "or a band of a collection. The part says who has it (federation:backends).",
        "{subject} is to be had at {backends} only.",
    ),
    "summary-form-differs": NoteCode(
        "warning",
        "Backends summarise the same property in different forms. A range and a list of "
        "comparable values are united as a range. Other forms cannot be united: those that "
        "are unlike the form of the first backend in configured order are left out.",
        "{backends} summarise {subject} in different forms: {by_backend}; shown: {chosen} "
        "of {used}.",
    ),
    "asset-renamed": NoteCode(
        "info",
        "Backends have different files under the same name of an asset. The first backend in "
        "configured order keeps the name, the others' files have the backend's id behind it.",
        "{subject} of {backends} is another file than the first of that name; it is listed as "
        "{chosen}.",
    ),
    "licence-differs": NoteCode(
        "warning",
        "Backends offer a collection under different licences. Stated is that there are "
        "several; the links to the licences are kept.",
        "{backends} offer {subject} under different licences: {by_backend}; stated: {chosen}.",
    ),
    "common-name": NoteCode(
        "info",
        "A backend's collection has a common name that differs from its id. It is merged "
        "under the common name and stays reachable under its own id.",
        "{subject} of {backends} is offered as {common_name}.",
    ),
    "common-name-conflict": NoteCode(
        "warning",
        "A backend has several collections for one federated id. One is merged (the one whose "
        "own id it is, otherwise the first by id); the others stay reachable under their own "
        "ids.",
        "{backends} has several collections for {subject}: {candidates}; used: {chosen}.",
    ),
    "common-name-shadowed": NoteCode(
        "warning",
        "A backend's collection has a common name, and its own id is the federated id of "
        "another backend's collection. The own id means the other one; the collection is "
        "reachable under its common name only.",
        "{subject} of {backends} is reachable as {common_name} only: the id means the "
        "collection of {others}.",
    ),
    # Processes
    "process-left-out": NoteCode(
        "info",
        "The rule for processes is intersection, and some backends lack the process.",
        "{subject} is left out, being offered by {backends} only.",
    ),
    "process-namespace": NoteCode(
        "warning",
        "A backend lists a process of a namespace other than its pre-defined ones. It is left out.",
        "{backends} lists {subject} in namespace {found}; it is left out.",
    ),
    "parameter-partial": NoteCode(
        "warning",
        "Only some of the backends that offer a process, a file format or a service type "
        "accept a parameter. The parameter says who does (federation:backends).",
        "{subject} is accepted by {backends} only.",
    ),
    "parameter-order-differs": NoteCode(
        "info",
        "Backends list the parameters of a process in a different order. Parameters are "
        "passed by name, so this matters to readers only.",
        "{backends} list the parameters of {subject} in different order.",
    ),
    "parameter-optionality-differs": NoteCode(
        "warning",
        "A parameter is optional on some backends and required on others. It is shown as "
        "required, which is right everywhere.",
        "{subject} is required by {backends} and optional elsewhere; it is shown as required.",
    ),
    "parameter-default-differs": NoteCode(
        "warning",
        "Backends have different defaults for a parameter. That of the first backend in "
        "configured order is shown.",
        "{backends} have different defaults for {subject}: {by_backend}; shown: {chosen}.",
    ),
    "parameter-schema-differs": NoteCode(
        "warning",
        "Backends accept different types (type and subtype) for a parameter. The schema of "
        "the first backend in configured order is shown.",
        "{backends} accept different types for {subject}: {by_backend}.",
    ),
    "returns-differ": NoteCode(
        "warning",
        "Backends return different types (type and subtype) from a process. The schema of "
        "the first backend in configured order is shown.",
        "{backends} return different types from {subject}: {by_backend}.",
    ),
    # UDF runtimes
    "runtime-type-differs": NoteCode(
        "error",
        "A UDF runtime is a programming language on one backend and a container image on "
        "another. That of the first backend in configured order is shown; the others cannot "
        "be described under the same name.",
        "{subject} is of different types: {by_backend}; left out: {backends}.",
    ),
    "default-version-differs": NoteCode(
        "warning",
        "Backends have different default versions of a UDF runtime. The first, in configured "
        "order, that is offered is shown; a user who needs one states it.",
        "{backends} have different default versions of {subject}: {by_backend}; shown: {chosen}.",
    ),
    # Providers of OpenID Connect
    "provider-left-out": NoteCode(
        "warning",
        "An identity provider is known to fewer backends than another one, so its tokens would "
        "not be accepted where the other's are. It is left out.",
        "The identity provider {subject} is left out, being known to {backends} only.",
    ),
    "provider-not-common": NoteCode(
        "error",
        "No identity provider is known to all backends, so those that most know are listed. "
        "Users who log in with one cannot use the backends that do not know it.",
        "{backends} cannot be used by those who log in with {subject}, which is known to "
        "{known_to}.",
    ),
    "provider-id-differs": NoteCode(
        "info",
        "Backends know the same identity provider (by issuer) under different ids. The id of "
        "the first backend in configured order is shown; tokens are passed on under each "
        "backend's own.",
        "{backends} know the identity provider {subject} under different ids: {by_backend}; "
        "shown: {chosen}.",
    ),
    "provider-id-conflict": NoteCode(
        "warning",
        "Different identity providers have the same id. The one that comes first keeps it, "
        "the others get a number.",
        "The id {wanted} of the identity provider {subject} ({backends}) is taken; "
        "shown: {chosen}.",
    ),
    "scopes-differ": NoteCode(
        "info",
        "Backends ask for different scopes from an identity provider. Clients are asked for "
        "all of them.",
        "{backends} ask for different scopes from {subject}: {by_backend}.",
    ),
    # Capabilities
    "api-version-unsupported": NoteCode(
        "error",
        "A backend speaks a version of the openEO API that the federation does not "
        "understand (1.0 to 1.3 are understood), or states none.",
        "{backends} speaks openEO API version {found}.",
    ),
    "endpoint-not-listed": NoteCode(
        "warning",
        "A backend does not list `GET /collections` or `GET /processes` among its endpoints. It is "
        "not asked for them, and the federation shows nothing of the kind from it.",
        "{backends} is not asked for what it does not list among its endpoints: {endpoints}.",
    ),
    "endpoint-not-routed": NoteCode(
        "info",
        "A backend has endpoints that the federation does not pass on.",
        "{backends} has endpoints that are not passed on: {endpoints}.",
    ),
    "currency-differs": NoteCode(
        "warning",
        "Backends bill in different currencies, so costs cannot be compared and none is stated.",
        "{backends} bill in different currencies: {by_backend}; none is stated.",
    ),
    "plan-differs": NoteCode(
        "warning",
        "A billing plan is paid on one backend and free on another. It is shown as paid.",
        "{backends} differ on whether {subject} is paid: {by_backend}.",
    ),
}
"""Every code that a note can have."""


def notes_page() -> str:
    """Print the documentation of all codes (``docs/notes.md``), the most serious first."""
    lines = [
        "# Notes on merging",
        "",
        "The aggregator makes one document of what several backends publish. Whatever it could",
        "not use, and whatever the backends disagree on, becomes a note. Notes have a level:",
        "",
        "- **error**: something that a backend offers cannot be reached through the federation;",
        "- **warning**: a value had to be chosen or given up;",
        "- **info**: a difference that the merged document shows as it is.",
        "",
    ]
    for level in reversed(LEVELS):
        lines += [f"## {level.capitalize()}", ""]
        of_level = {code: entry for code, entry in NOTE_CODES.items() if entry.level == level}
        for code, entry in of_level.items():
            lines += [f"### `{code}`", "", entry.description, "", f"> {entry.message}", ""]
    return "\n".join(lines)
