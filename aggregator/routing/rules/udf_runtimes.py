"""A backend must have the runtimes of user-defined functions, in the versions asked for."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities
from aggregator.routing.requirements import Requirements, UdfNeed
from aggregator.routing.suggestions import enumerated, shortened
from aggregator.routing.verdicts import Asked, Reason


def concerns(needs: Requirements, _asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return bool(needs.udfs)


def judge(needs: Requirements, backend: Abilities, _asked: Asked) -> Iterator[Reason]:
    """Judge by runtime, whatever its case, and version; `3` asks for any version `3.x`."""
    if backend.udf_runtimes is None:
        return
    for need in needs.udfs:
        versions = backend.udf_runtimes.get(need.runtime.casefold())
        name = f"UDF runtime '{shortened(need.runtime, 50)}'"
        if versions is None:
            yield Reason("udf_runtimes", f"has no {name}", need.path)
        elif versions and not _has(versions, need):
            text = f"has {name} in version {enumerated(versions, ' or ')}, not {need.version}"
            yield Reason("udf_runtimes", shortened(text), need.path)


def _has(versions: tuple[str, ...], need: UdfNeed) -> bool:
    asked = need.version
    return asked is None or any(v == asked or v.startswith(f"{asked}.") for v in versions)
