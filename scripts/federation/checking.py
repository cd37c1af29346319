"""All that is wrong with a configuration and the backend profiles that it names."""

from pathlib import Path

from aggregator.settings import Backend, SettingsError, load


def mistakes_in(config: Path, *, profiles: bool = True) -> list[str]:
    """Each mistake as `file: key path: what is wrong`; empty if the configuration can be used.

    The aggregator alone needs no `profiles`, nor what it takes to check them.
    """
    try:
        settings = load(config)
    except SettingsError as error:
        return [f"{error.source}: {mistake}" for mistake in error.mistakes]
    if not profiles:
        return []
    found = [mistake for backend in settings.backends for mistake in _profile(backend)]
    return found + _clashes(config)


def _profile(backend: Backend) -> list[str]:
    if backend.simulated is None:
        return []
    from backends.profile import ProfileError, load_profile

    try:
        profile = load_profile(backend.simulated)
    except ProfileError as error:
        return [f"{error.source}: {mistake}" for mistake in error.mistakes]
    if not profile.api_url.startswith(backend.url.rstrip("/")):
        return [
            f"{backend.simulated}: public_url: the backend is to be found at {profile.api_url}, "
            f"but the federation looks for it at {backend.url}"
        ]
    return []


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
