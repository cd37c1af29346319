"""Cycles among nodes that refer to one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def find_cycle(references: Mapping[str, Sequence[str]]) -> list[str]:
    """One cycle, in the order in which its nodes refer to each other, or an empty list.

    References to nodes that are not among the keys are passed over. Linear in nodes and references.
    """
    _, waiting = sort_out(references)
    if not waiting:
        return []
    # Each node that still waits refers to another that waits: following them ends in a circle.
    seen: dict[str, int] = {}
    trail: list[str] = []
    node = next(node for node in references if node in waiting)
    while node not in seen:
        seen[node] = len(trail)
        trail.append(node)
        node = next(target for target in references[node] if target in waiting)
    return trail[seen[node] :]


def sort_out(references: Mapping[str, Sequence[str]]) -> tuple[list[str], set[str]]:
    """The nodes in an order in which each comes after those it refers to, and those left waiting.

    Nodes on a cycle, and those that refer to one, are left over.
    """
    users: dict[str, list[str]] = {node: [] for node in references}
    open_references = dict.fromkeys(references, 0)
    for node, targets in references.items():
        for target in targets:
            if target in users:
                users[target].append(node)
                open_references[node] += 1
    ready = [node for node, count in open_references.items() if count == 0]
    for node in ready:  # grows while nodes become ready
        for user in users[node]:
            open_references[user] -= 1
            if open_references[user] == 0:
                ready.append(user)
    return ready, references.keys() - set(ready)
