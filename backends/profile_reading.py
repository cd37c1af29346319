"""Reads the profile of a backend from YAML.

``load_profile`` gives a frozen ``Profile``, or raises one ``ProfileError`` that
holds every mistake with its key path and a hint.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, cast

from backends.accounting.configuration import read_accounting
from backends.addresses import AddressPolicy
from backends.billing import Billing, read_billing
from backends.clusters import read_compute
from backends.configuration import Mistake, ProfileError, Reader, read_document
from backends.errors import OpenEOError
from backends.faults.reading import faults_of
from backends.limits import Limits
from backends.oidc.providers import read_oidc
from backends.passwords import read_password
from backends.profile import (
    API_VERSIONS,
    KINDS,
    TOKEN_FORMS,
    CollectionSpec,
    Profile,
    Provider,
    TokenForm,
    User,
)
from backends.service_types import SERVICE_TYPES
from backends.workspaces.configuration import EXPORTING, read_workspaces


@dataclass(frozen=True)
class Known:
    """The names that this program can offer; a profile chooses from them.

    ``None`` means that names are not checked. ``product`` raises ``ValueError``
    where there is no such product of the world or its options are wrong,
    ``describe`` also ``OpenEOError`` where a collection's own data cannot be read.
    """

    processes: Collection[str]
    output_formats: Collection[str] | None = None
    input_formats: Collection[str] | None = None
    product: Callable[[str, Mapping[str, Any]], object] = lambda _name, _options: None
    describe: Callable[[CollectionSpec], object] = lambda _spec: None


def load_profile(path: Path, *, known: Known | None = None) -> Profile:
    """Read the profile in a YAML file.

    Raises ``ProfileError`` with every mistake found, also where the file is
    missing or is no YAML.
    """
    document = read_document(path)
    known = known or known_here()
    profile = read_profile(document, source=str(path), known=known)
    specs = tuple(_beside(path.parent, spec) for spec in profile.collections)
    if mistakes := list(_undescribed(specs, known)):
        raise ProfileError(str(path), mistakes)
    accounting = profile.accounting and profile.accounting.beside(path.parent)
    workspaces = profile.workspaces.beside(path.parent)
    return replace(profile, collections=specs, accounting=accounting, workspaces=workspaces)


def _undescribed(specs: tuple[CollectionSpec, ...], known: Known) -> Iterator[Mistake]:
    for number, spec in enumerate(specs):
        try:
            known.describe(spec)
        except (OpenEOError, OSError, ValueError) as error:
            yield Mistake(f"collections[{number}].options", str(error))


def _beside(folder: Path, spec: CollectionSpec) -> CollectionSpec:
    """The collection with a relative path to its data made absolute, seen from ``folder``."""
    href = spec.options.get("href")
    if spec.kind != "stac" or not isinstance(href, str) or "://" in href:
        return spec
    return replace(spec, options={**spec.options, "href": str((folder / href).resolve())})


def known_here() -> Known:
    """What this installation can run and write."""
    from backends.collections import describe
    from backends.definitions import definitions
    from backends.formats import INPUT_FORMATS, OUTPUT_FORMATS
    from backends.products import product

    outputs, inputs = tuple(OUTPUT_FORMATS), tuple(INPUT_FORMATS)
    return Known(tuple(definitions()), outputs, inputs, product, describe)


def read_profile(document: object, *, source: str, known: Known) -> Profile:
    """Turn a parsed document into a profile, or raise ``ProfileError``."""
    reader = Reader([])
    profile = _read(reader, document, known)
    if reader.mistakes or profile is None:
        raise ProfileError(source, reader.mistakes)
    return profile


_KEYS: Final = {
    *("id", "title", "description", "provider", "api_version", "token_form", "bind", "url_path"),
    *("public_url", "users", "collections", "processes", "formats", "limits", "billing"),
    *("compute", "urls", "oidc", "faults", "service_types", "accounting", "workspaces"),
}


def _read(reader: Reader, document: object, known: Known) -> Profile | None:
    if not isinstance(document, dict):
        reader.add("the file", "must be a mapping", "start with `id: ...`")
        return None
    reader.unknown_keys("", document, _KEYS)
    version = reader.choice("api_version", document.get("api_version"), API_VERSIONS)
    bind = _bind(reader, document.get("bind"))
    public_url = _public_url(reader, document.get("public_url"), bind)
    billing = read_billing(reader, document.get("billing"))
    formats = reader.mapping("formats", document.get("formats"))
    reader.unknown_keys("formats", formats, {"output", "input"})
    workspaces = read_workspaces(reader, document.get("workspaces"))
    processes = _processes(reader, document.get("processes"), known.processes)
    if not workspaces:
        processes = _without_export(reader, document.get("processes"), processes)
    return Profile(
        id=reader.pattern("id", document.get("id"), _ID, "lower-case letters, digits and _"),
        title=reader.text("title", document.get("title")),
        description=reader.text("description", document.get("description")),
        provider=_provider(reader, document.get("provider")),
        api_version=version,
        token_form=cast(
            TokenForm, reader.choice("token_form", document.get("token_form"), TOKEN_FORMS)
        ),
        bind=bind,
        url_path=_url_path(reader, document.get("url_path"), version),
        public_url=public_url,
        users=_users(reader, document.get("users"), billing),
        collections=_collections(reader, document.get("collections"), known),
        processes=processes,
        output_formats=reader.names("formats.output", formats.get("output"), known.output_formats),
        input_formats=_inputs(reader, formats, processes, known),
        limits=reader.numbers("limits", document.get("limits"), Limits),
        billing=billing,
        compute=read_compute(reader, document.get("compute")),
        service_types=reader.names(
            "service_types", document.get("service_types", []), SERVICE_TYPES, empty=True
        ),
        addresses=_addresses(reader, document.get("urls", {}), bind, public_url),
        oidc=read_oidc(reader, document.get("oidc")),
        faults=faults_of(reader, "faults", document.get("faults")),
        accounting=read_accounting(reader, document.get("accounting"), document.get("id")),
        workspaces=workspaces,
    )


def _inputs(
    reader: Reader, formats: Mapping[str, Any], processes: Collection[str], known: Known
) -> tuple[str, ...]:
    """The input formats; unless they are named, all where a process reads them."""
    if "input" not in formats and not _READING.isdisjoint(processes):
        return tuple(known.input_formats or ())
    given = formats.get("input", [])
    return reader.names("formats.input", given, known.input_formats, empty=True)


_READING: Final = frozenset({"load_uploaded_files", "load_url"})
_ID: Final = re.compile(r"[a-z][a-z0-9_]*")
_BIND: Final = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}")
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_URL: Final = re.compile(r"https?://[^\s?#]+")


def _bind(reader: Reader, value: object) -> str:
    bind = reader.pattern("bind", value, _BIND, "HOST:PORT as in 127.0.0.1:8101")
    if bind and int(bind.rpartition(":")[2]) > 65535:
        reader.add("bind", "has no such port", "ports go up to 65535")
    return bind


def _provider(reader: Reader, value: object) -> Provider:
    given = reader.mapping("provider", value)
    reader.unknown_keys("provider", given, {"name", "url", "description"})
    url, description = given.get("url"), given.get("description")
    if url is not None:
        reader.pattern("provider.url", url, _URL, "a web address")
    if description is not None:
        reader.text("provider.description", description)
    return Provider(reader.text("provider.name", given.get("name")), url, description)


def _url_path(reader: Reader, value: object, version: str) -> str:
    if value is None:
        return "/openeo/" + ".".join(version.split(".")[:2])
    return reader.pattern("url_path", value, _PATH, "a path as in /openeo/1.3, no final slash")


def _public_url(reader: Reader, value: object, bind: str) -> str:
    if value is None:
        return f"http://{bind}"
    return reader.pattern("public_url", value, _URL, "as in https://openeo.example").rstrip("/")


def _addresses(reader: Reader, value: object, bind: str, public_url: str) -> AddressPolicy:
    """Which URLs may be loaded; what the backend itself serves always may."""
    given = reader.mapping("urls", value)
    reader.unknown_keys("urls", given, {"hosts", "private", "own"})
    hosts = reader.names("urls.hosts", given.get("hosts", ["*"]), None, empty=True)
    own = reader.names("urls.own", given.get("own", []), None, empty=True)
    private = given.get("private", False)
    if not isinstance(private, bool):
        reader.add("urls.private", "must be true or false")
    public = public_url.partition("://")[2].partition("/")[0]
    return AddressPolicy(hosts, bool(private), tuple(dict.fromkeys((bind, public, *own))))


def _users(reader: Reader, value: object, billing: Billing) -> dict[str, User]:
    users = {}
    for name, entry in reader.mapping("users", value).items():
        where = f"users.{name}"
        given = reader.mapping(where, entry)
        reader.unknown_keys(where, given, {"password", "password_hash", "budget", "plan"})
        password = read_password(reader, where, given, "password")
        budget, plan = given.get("budget"), given.get("plan")
        if budget is not None and (isinstance(budget, bool) or not isinstance(budget, int | float)):
            reader.add(f"{where}.budget", f"{budget!r} is no number")
        if plan is not None and billing.plan(reader.text(f"{where}.plan", plan)) is None:
            names = ", ".join(known.name for known in billing.plans)
            reader.add(f"{where}.plan", f"{plan!r} is not known", f"one of {names}")
        users[str(name)] = User(str(name), password, budget, plan)
    if any(":" in name for name in users):
        reader.add("users", "a name holds a colon", "HTTP Basic cannot carry it")
    return users


def _collections(reader: Reader, value: object, known: Known) -> tuple[CollectionSpec, ...]:
    specs: list[CollectionSpec] = []
    for number, entry in enumerate(reader.sequence("collections", value)):
        spec = _collection(reader, f"collections[{number}]", entry, known)
        if any(spec.id == other.id for other in specs):
            reader.add(f"collections[{number}].id", f"{spec.id!r} stands twice")
        specs.append(spec)
    return tuple(specs)


def _collection(reader: Reader, where: str, value: object, known: Known) -> CollectionSpec:
    given = reader.mapping(where, value)
    reader.unknown_keys(where, given, {"id", "kind", "product", "options"})
    kind = reader.choice(f"{where}.kind", given.get("kind", "world"), KINDS)
    options = reader.mapping(f"{where}.options", given.get("options", {}))
    if kind == "stac":
        reader.text(f"{where}.options.href", options.get("href"))
        product = str(given.get("product", ""))
    else:
        product = reader.text(f"{where}.product", given.get("product"))
        _product(reader, where, product, options, known)
    return CollectionSpec(
        id=reader.text(f"{where}.id", given.get("id")),
        kind=cast(Literal["world", "stac"], kind),
        product=product,
        options=options,
    )


def _product(
    reader: Reader, where: str, product: str, options: Mapping[str, Any], known: Known
) -> None:
    try:
        if product:
            known.product(product, options)
    except (ValueError, TypeError) as error:
        reader.add(where, str(error))


def _without_export(reader: Reader, value: object, found: tuple[str, ...]) -> tuple[str, ...]:
    """The processes without the one that needs workspaces, which is wrong where it is named."""
    if EXPORTING in found and isinstance(value, list):
        problem = f"'{EXPORTING}' has nowhere to export to"
        reader.add("processes", problem, "`workspaces: {folder: {}}` offers folders")
    return tuple(name for name in found if name != EXPORTING)


def _processes(reader: Reader, value: object, known: Collection[str]) -> tuple[str, ...]:
    if value == "all":
        return tuple(sorted(known))
    if isinstance(value, dict):
        reader.unknown_keys("processes", value, {"all_but"})
        excluded = reader.names("processes.all_but", value.get("all_but"), known)
        return tuple(sorted(set(known) - set(excluded)))
    return reader.names("processes", value, known)
