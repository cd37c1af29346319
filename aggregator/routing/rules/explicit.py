"""A backend that the user did not choose runs nothing, where the user chose."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities
from aggregator.routing.requirements import Requirements
from aggregator.routing.suggestions import shortened
from aggregator.routing.verdicts import Asked, Reason


def concerns(needs: Requirements, asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return asked.explicit is not None or bool(needs.explicit)


def judge(needs: Requirements, backend: Abilities, asked: Asked) -> Iterator[Reason]:
    """Judge by what the request asks for, and by the conditions in the process itself."""
    if asked.explicit is not None and asked.explicit != backend.backend:
        named = shortened(asked.explicit, 50)
        yield Reason("explicit", f"was not asked for: the request asks for backend '{named}'")
    for need in needs.explicit:
        if backend.backend not in need.backends:
            text = f"was not asked for: the process asks for {need.backends}"
            yield Reason("explicit", text, need.path)
