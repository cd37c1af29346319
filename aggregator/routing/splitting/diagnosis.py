"""What stands in the way where there is no plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from aggregator.routing.splitting.obstacles import Obstacle
from aggregator.routing.splitting.survey import Survey
from aggregator.routing.suggestions import enumerated, shortened


def obstacles_in(known: Survey) -> tuple[Obstacle, ...]:
    """The causes; every node has a backend that can run it, and still no cut was found."""
    found = [*_apart(known), *_not_handed_on(known)]
    if not found:
        found = [*_torn(known)] or [_NOTHING_FOUND]
    return (*found, *_unfit(known))


_NOTHING_FOUND = Obstacle(
    "search", "no way was found to hand all results on in a format that their receivers read"
)


def _apart(known: Survey) -> Iterator[Obstacle]:
    """Nodes that must run on one backend, but cannot."""
    for group in _groups(known):
        left = set(known.able[group[0]])
        for node in group[1:]:
            left &= set(known.able[node])
            if not left:
                yield _must_meet(known, group, node)
                break


def _groups(known: Survey) -> list[list[str]]:
    """Nodes that hang together by results that cannot be handed on, and the last nodes."""
    flow = known.flow
    leader = {node: node for node in flow.order}

    def led(node: str) -> str:
        while leader[node] != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    first = next(node for node in flow.order if node in flow.last)
    for node in flow.order:
        tied = flow.users[node] if known.stays(node) else ()
        for user in (*tied, *((first,) if node in flow.last else ())):
            leader[led(node)] = led(user)
    groups: dict[str, list[str]] = {}
    for node in flow.order:
        groups.setdefault(led(node), []).append(node)
    return list(groups.values())


def _must_meet(known: Survey, group: Collection[str], node: str) -> Obstacle:
    """The node that has no backend in common with those before it, and one of these."""
    able = {one: set(known.able[one]) for one in group}
    other = min((o for o in group if o != node), key=lambda o: len(able[o] & able[node]))
    said = (
        f"node '{shortened(other, 100)}' runs on {_listed(able[other])} and node "
        f"'{shortened(node, 100)}' on {_listed(able[node])}, but both must run on one backend"
    )
    tied = [one for one in group if one not in known.flow.last and known.stays(one)]
    if tied:
        large = [one for one in tied if known.is_too_large(one)]
        which = min(large, key=lambda one: known.cubes[one].size or 0) if large else tied[0]
        name = shortened(which, 100)
        said += f", since the result of node '{name}' {known.why_stays(which)}"
    else:
        said += ", since the last part has all nodes whose result no other node reads"
    return Obstacle("not-handed-on", said)


def _not_handed_on(known: Survey) -> Iterator[Obstacle]:
    """Results that those who can make them cannot hand on to those who can use them."""
    for node in known.flow.order:
        makers = known.able[node]
        for user in known.flow.users[node]:
            readers = known.able[user]
            if known.stays(node) or set(makers) & set(readers):
                continue
            if not any(known.format_for(node, a, frozenset({b})) for a in makers for b in readers):
                yield Obstacle(
                    "no-format",
                    f"the result of node '{shortened(node, 100)}' ({_listed(makers)}) cannot "
                    f"be handed on to node '{shortened(user, 100)}' ({_listed(readers)})",
                )


def _torn(known: Survey) -> Iterator[Obstacle]:
    """Results that several parts would need, and that cannot be handed on."""
    for node, users in known.flow.users.items():
        if len(users) > 1 and known.stays(node):
            name = shortened(node, 100)
            yield Obstacle(
                "not-handed-on",
                f"several parts need the result of node '{name}', which {known.why_stays(node)}",
            )


def _unfit(known: Survey) -> Iterator[Obstacle]:
    """Backends that are needed, and cannot hand on or be handed anything."""
    needed = {backend for backends in known.able.values() for backend in backends}
    for backend, hand in known.handing.hands.items():
        for cause, does, why in (
            ("cannot-write", "hand on results", hand.cannot_write),
            ("cannot-read", "be handed results", hand.cannot_read),
        ):
            if why and backend in needed:
                said = f"backend '{backend}' cannot {does}: it {why}"
                yield Obstacle(cause, said)


def _listed(backends: Collection[str]) -> str:
    return enumerated(sorted(backends), " or ")
