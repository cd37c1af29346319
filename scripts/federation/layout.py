"""Where the servers of a configuration listen, and the same configuration elsewhere.

A `Layout` is a federation's configuration as it stands in its files. `moved`
gives another one with other ports, host or data directory, and `write` puts it
into files, so that every server reads its addresses in one way only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import yaml

from aggregator.settings import Accounting, Settings
from scripts.federation.children import python
from scripts.federation.moves import Place, place, readdressed
from scripts.federation.servers import Address, Program, Server, read_address

AGGREGATOR = "aggregator"
MONITOR = "monitor"
IDENTITY = "identity"
IDENTITY_FILE = "identity.yaml"
DEFAULT_CONFIG = Path("config/federation.yaml")
PROJECT = Path(__file__).resolve().parents[2]

Port = Callable[[str, int], int]
"""The new port of a server, given its name and its old port."""


class LayoutError(Exception):
    """A configuration in which the servers' places cannot be found; says where and why."""


@dataclass(frozen=True)
class Profile:
    """The file of one simulated server and what stands in it."""

    file: Path
    document: dict[str, Any]


@dataclass(frozen=True)
class Layout:
    """A configuration file, its content, and the profiles of the backends it simulates."""

    file: Path
    document: Mapping[str, Any]
    profiles: Mapping[str, Profile]
    data: Path = Path("var")
    identity: Profile | None = None
    """The provider of OpenID Connect that it simulates, if it does."""
    offset: int = 0
    """What was added to every port of the original, those of backends elsewhere left out."""
    original: "Layout | None" = None
    """The configuration that somebody wrote, where this one was made of it."""

    def server(self, name: str) -> Server:
        """How to start the aggregator, the provider of identities or one of the simulated
        backends; LayoutError if unknown."""
        if name == AGGREGATOR:
            command = python(AGGREGATOR, "--config", str(self.file))
            bind = self.document.get("bind", Settings.bind)
            return Server(name, command, _address(bind, self.file), self._setting(name))
        started = (IDENTITY,) if name == IDENTITY else ("backend", name)
        command = python(*started, "--config", str(self.file), "--data", str(self.data))
        profile = self.profile(name)
        address = _address(profile.document.get("bind"), profile.file)
        server = Server(name, command, address, self._setting(name))
        return replace(server, sign=self._discovery()) if name == IDENTITY else server

    def _discovery(self) -> str:
        """Where the provider of identities says what it is, below its address."""
        issuer = str(self.profile(IDENTITY).document.get("issuer") or "")
        return f"{urlsplit(issuer).path}/.well-known/openid-configuration"

    def _setting(self, name: str) -> str:
        """Where somebody can change the address of a server."""
        written = self.original or self
        file = written.file if name == AGGREGATOR else written.profile(name).file
        return f"'bind' in {file}"

    def profile(self, name: str) -> Profile:
        if name == IDENTITY and self.identity is not None:
            return self.identity
        if name == IDENTITY:
            raise LayoutError(f"{self.file} names no provider of identities (identity.simulated).")
        if name not in self.profiles:
            known = ", ".join(self.profiles) or "none"
            raise LayoutError(f"{self.file} simulates no backend '{name}'; it simulates: {known}.")
        return self.profiles[name]

    @property
    def backends(self) -> tuple[Server, ...]:
        return tuple(self.server(name) for name in self.profiles)

    @property
    def aggregator(self) -> Server:
        return self.server(AGGREGATOR)

    @property
    def monitor(self) -> Program:
        """What probes the backends, and listens nowhere."""
        return Program(MONITOR, python(MONITOR, "--config", str(self.file)))

    @property
    def providers(self) -> tuple[Server, ...]:
        """The provider of identities, if it is simulated."""
        return (self.server(IDENTITY),) if self.identity else ()

    @property
    def servers(self) -> tuple[Server, ...]:
        """All servers, in the order in which they need one another."""
        return (*self.providers, *self.backends, self.aggregator)

    @property
    def url(self) -> str:
        """Where users find the federation."""
        return str(self.document.get("public_url") or self.aggregator.address.url)


def default_config() -> Path:
    """The local federation: of the working directory, else that of the clone, if there is one."""
    own = PROJECT / DEFAULT_CONFIG
    return own if own.is_file() and not DEFAULT_CONFIG.is_file() else DEFAULT_CONFIG


def read_layout(file: Path, *, data: Path = Path("var")) -> Layout:
    """Raises LayoutError if the file or a profile that it names cannot be read."""
    document = _mapping(file)
    backends = document.get("backends")
    entries = backends if isinstance(backends, dict) else {}
    profiles = {
        str(name): _profile(file.parent / str(entry["simulated"]))
        for name, entry in entries.items()
        if isinstance(entry, dict) and entry.get("simulated")
    }
    settings = document.get("identity")
    named = settings.get("simulated") if isinstance(settings, dict) else None
    identity = _profile(file.parent / str(named)) if named else None
    return Layout(file, document, profiles, data, identity)


def moved(layout: Layout, *, port: Port, host: str | None = None) -> Layout:
    """The same federation on other ports, or listening on another host; files as before."""
    moves = _moves(layout, port)
    profiles = {
        name: replace(profile, document=_moved(profile.document, profile.file, name, port, host))
        for name, profile in layout.profiles.items()
    }
    for profile in profiles.values():
        _readdress(profile.document, moves, ("oidc", "urls", "accounting"))
    document = _moved(layout.document, layout.file, AGGREGATOR, port, host)
    document["backends"] = {
        name: _follow(entry, name, layout, profiles)
        for name, entry in dict(document.get("backends") or {}).items()
    }
    _readdress(document, moves, ("identity",))
    identity = layout.identity and _identity_moved(layout.identity, moves, port, host)
    return replace(layout, document=document, profiles=profiles, identity=identity)


def _moves(layout: Layout, port: Port) -> Mapping[Place, int]:
    """The places of all servers, as they listen and as others find them, with their new ports."""
    moves = {}
    for server in layout.servers:
        old = server.address
        document = layout.document if server.name == AGGREGATOR else None
        document = document or layout.profile(server.name).document
        known_as = urlsplit(
            str(document.get("public_url") or document.get("issuer") or "")
        ).hostname
        for host in (old.host, known_as or old.host):
            moves[place(host, old.port)] = port(server.name, old.port)
    return moves


def _readdress(
    document: dict[str, Any], moves: Mapping[Place, int], sections: tuple[str, ...]
) -> None:
    for section in set(sections) & document.keys():
        document[section] = readdressed(document[section], moves)


def _identity_moved(
    profile: Profile, moves: Mapping[Place, int], port: Port, host: str | None
) -> Profile:
    bind = _new_address(profile.document.get("bind"), profile.file, IDENTITY, port, host)
    document = {**readdressed(profile.document, moves), "bind": str(bind)}
    return replace(profile, document=document)


def relocated(layout: Layout, directory: Path, *, offset: int, host: str | None) -> Layout:
    """The same federation with every port of its own moved by `offset`, in files there.

    LayoutError if a port would leave the range of ports.
    """
    written = write(moved(layout, port=lambda _, port: port + offset, host=host), directory)
    return replace(written, offset=offset, original=layout)


def write(layout: Layout, directory: Path) -> Layout:
    """Puts the configuration and its profiles into files of that directory."""
    profiles = {
        name: Profile(directory / f"{name}.yaml", _anchored(profile))
        for name, profile in layout.profiles.items()
    }
    backends = {
        name: {**entry, "simulated": f"{name}.yaml"} if name in profiles else entry
        for name, entry in dict(layout.document.get("backends") or {}).items()
    }
    identity = layout.identity and replace(layout.identity, file=directory / IDENTITY_FILE)
    document = {
        **layout.document,
        "backends": backends,
        "data_directory": str(layout.data / AGGREGATOR),
        **_accounting(layout),
    }
    if identity:
        document["identity"] = {**document["identity"], "simulated": IDENTITY_FILE}
    written = Layout(directory / "federation.yaml", document, profiles, layout.data, identity)
    named = [*profiles.values(), *([identity] if identity else [])]
    for file, content in [(written.file, document), *((p.file, p.document) for p in named)]:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")
    return written


def _accounting(layout: Layout) -> dict[str, Any]:
    """The section on accounting, if there is one, with a path that means the same anywhere."""
    section = layout.document.get("accounting")
    if not isinstance(section, dict):
        return {}
    pricing = layout.file.parent / str(section.get("pricing", Accounting.pricing))
    return {"accounting": {**section, "pricing": str(pricing.resolve())}}


def _profile(file: Path) -> Profile:
    return Profile(file, _mapping(file))


def _mapping(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise LayoutError(f"{file} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LayoutError(f"{file} is no YAML: {error}") from error
    if not isinstance(document, dict):
        raise LayoutError(f"{file} must hold a mapping of settings.")
    return document


def _address(bind: object, file: Path) -> Address:
    try:
        return read_address(str(bind or ""))
    except ValueError as error:
        raise LayoutError(f"{file}: bind: {error}.") from error


def _moved(
    document: Mapping[str, Any], file: Path, name: str, port: Port, host: str | None
) -> dict[str, Any]:
    bind = document.get("bind", Settings.bind)
    old, new = _address(bind, file), _new_address(bind, file, name, port, host)
    public = str(document.get("public_url") or old.url)
    return {**document, "bind": str(new), "public_url": _with_port(public, old.port, new.port)}


def _new_address(bind: object, file: Path, name: str, port: Port, host: str | None) -> Address:
    old = _address(bind, file)
    new = Address(host or old.host, port(name, old.port))
    if not 0 < new.port < 65536:
        raise LayoutError(f"{name} cannot move from port {old.port} to {new.port}: no such port.")
    return new


def _follow(entry: object, name: str, layout: Layout, profiles: Mapping[str, Profile]) -> object:
    """The aggregator's entry of a backend, with the port to which the backend has moved."""
    if name not in profiles or not isinstance(entry, dict):
        return entry
    old, new = layout.profiles[name], profiles[name]
    ports = [_address(p.document.get("bind"), p.file).port for p in (old, new)]
    return {**entry, "url": _with_port(str(entry.get("url")), *ports)}


def _anchored(profile: Profile) -> dict[str, Any]:
    """The profile with paths that mean the same from wherever the profile lies."""
    folder = profile.file.parent
    collections = [_collection(c, folder) for c in profile.document.get("collections") or ()]
    return {**profile.document, "collections": collections, **_workspaces(profile)}


def _workspaces(profile: Profile) -> dict[str, Any]:
    """The section on workspaces, if it names a folder, with its path from anywhere."""
    section = profile.document.get("workspaces")
    folder = section.get("folder") if isinstance(section, dict) else None
    root = folder.get("root") if isinstance(folder, dict) else None
    if not isinstance(section, dict) or not isinstance(root, str):
        return {}
    anchored = {"root": str((profile.file.parent / root).resolve())}
    return {"workspaces": {**section, "folder": {**dict(folder or {}), **anchored}}}


def _collection(entry: object, folder: Path) -> object:
    options = entry.get("options") if isinstance(entry, dict) else None
    href = options.get("href") if isinstance(options, dict) else None
    if not isinstance(entry, dict) or not isinstance(href, str) or "://" in href:
        return entry
    return {**entry, "options": {**dict(options or {}), "href": str((folder / href).resolve())}}


def _with_port(url: str, old: int, new: int) -> str:
    parts = urlsplit(url)
    if parts.port != old:
        return url
    host = parts.netloc.rpartition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{host}:{new}"))
