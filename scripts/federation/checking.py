"""All that is wrong with a configuration and the backend profiles that it names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from aggregator.ledger.pricing import TariffError
from aggregator.settings import Backend, Settings, SettingsError, load
from aggregator.storage.tariffs import load_tariffs
from scripts.federation.agreement import disagreements, mistrust, several_issuers, taken_twice

if TYPE_CHECKING:
    from backends.identity.settings import Settings as Identity
    from backends.profile import Profile


def mistakes_in(config: Path, *, profiles: bool = True, provider: bool | None = None) -> list[str]:
    """Each mistake as `file: key path: what is wrong`; empty if the configuration can be used.

    The aggregator alone needs no `profiles`, the simulated `provider` of identities (which is
    checked with them) not either, nor what it takes to check them.
    """
    try:
        settings = load(config)
    except SettingsError as error:
        found = [f"{error.source}: {mistake}" for mistake in error.mistakes]
        return found + (_profiles_named_in(config) if profiles else [])
    rates = [f"{config}: {mistake}" for mistake in _rates(settings)]
    checked = profiles if provider is None else provider
    identity, found = _identity(settings.identity.simulated if checked else None)
    if identity is not None:
        found += [f"{config}: {mistake}" for mistake in mistrust(settings.identity, identity)]
    if not profiles:
        return rates + found
    usable: list[tuple[str, Profile]] = []
    for backend in settings.backends:
        profile, mistakes = _profile(backend, identity)
        found += mistakes
        usable += [] if profile is None else [(str(backend.simulated), profile)]
    return rates + found + [*taken_twice(usable), *_clashes(config)]


def advice_on(config: Path) -> list[str]:
    """What a configuration without mistakes should say, and why, each as `file: key path: advice`.

    Of members that are not simulated nothing is known here: they may know several issuers.
    """
    settings = load(config)
    if settings.identity.trusted_issuers:
        return []
    members = [None if b.simulated is None else _loaded(b.simulated)[0] for b in settings.backends]
    if not several_issuers(members, settings.oidc_rule):
        return []
    shared = "stored processes" if settings.accounting is None else "stored processes and credits"
    return [
        f"{config}: identity.trusted_issuers: better name the issuers whose users may come. Where "
        "the members know several, users to whom two of them give the same `sub` have their "
        f"{shared} in common (docs/decisions/0008-identity.md)"
    ]


def _rates(settings: Settings) -> list[str]:
    """The mistakes in what the providers charge."""
    if settings.accounting is None:
        return []
    try:
        tariffs = load_tariffs(settings.accounting.pricing)
    except TariffError as error:
        return [f"accounting.pricing: {mistake}" for mistake in error.mistakes]
    return [
        f"accounting.pricing: there are rates of '{provider}', which is none of the backends"
        for provider in tariffs.by_provider
        if provider not in settings.order
    ]


def _profiles_named_in(config: Path) -> list[str]:
    """The mistakes in the profiles that a file names which is no usable configuration itself."""
    try:
        document = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []
    members = document.get("backends") if isinstance(document, dict) else None
    entries = members.values() if isinstance(members, dict) else ()
    named = [entry.get("simulated") for entry in entries if isinstance(entry, dict)]
    files = [config.parent / name for name in named if isinstance(name, str) and name]
    found = [mistake for file in files for mistake in _loaded(file)[1]]
    identity = document.get("identity") if isinstance(document, dict) else None
    provider = identity.get("simulated") if isinstance(identity, dict) else None
    return found + _identity(config.parent / str(provider) if provider else None)[1]


def _loaded(file: Path) -> tuple[Profile | None, list[str]]:
    """A profile, or what is wrong with it."""
    from backends.configuration import ProfileError
    from backends.profile_reading import load_profile

    try:
        return load_profile(file), []
    except ProfileError as error:
        return None, [f"{error.source}: {mistake}" for mistake in error.mistakes]


def _identity(file: Path | None) -> tuple[Identity | None, list[str]]:
    """The simulated provider of identities, or what is wrong with its configuration."""
    if file is None:
        return None, []
    from backends.configuration import ProfileError
    from backends.identity.reading import load_settings

    try:
        return load_settings(file), []
    except ProfileError as error:
        return None, [f"{error.source}: {mistake}" for mistake in error.mistakes]


def _profile(backend: Backend, identity: Identity | None) -> tuple[Profile | None, list[str]]:
    """The profile of a simulated backend, and what is wrong with it."""
    if backend.simulated is None:
        return None, []
    profile, mistakes = _loaded(backend.simulated)
    if profile is None:
        return None, mistakes
    found = [] if identity is None else list(disagreements(profile, identity))
    if not profile.api_url.startswith(backend.url.rstrip("/")):
        found.append(
            f"public_url: the backend is to be found at {profile.api_url}, "
            f"but the federation looks for it at {backend.url}"
        )
    return profile, [f"{backend.simulated}: {mistake}" for mistake in found]


def _clashes(config: Path) -> list[str]:
    """Servers that are to listen at one and the same address."""
    from scripts.federation.layout import LayoutError, read_layout

    try:
        servers = read_layout(config).servers
    except LayoutError:
        return []  # the profile is unreadable, which is among the mistakes already
    found: dict[str, str] = {}
    clashes = []
    for server in servers:
        address = str(server.address)
        if address in found:
            clashes.append(
                f"{config}: {server.name} and {found[address]} are both to listen at {address}"
            )
        found[address] = server.name
    return clashes
