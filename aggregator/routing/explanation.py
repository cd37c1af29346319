"""A decision in words, for people at a terminal, in logs and in error messages."""

from __future__ import annotations

from collections.abc import Sequence

from aggregator.routing.preferences import Ranked
from aggregator.routing.suggestions import enumerated, shortened
from aggregator.routing.verdicts import Verdict

LINES = 12
REASONS_SAID = 3
BACKENDS_SAID = 10
LONGEST = 2000


def explain(verdicts: Sequence[Verdict], ranking: Sequence[Ranked]) -> str:
    """Which backend and why, and why not elsewhere; one paragraph and one entry per backend."""
    width = max((len(verdict.backend) for verdict in verdicts), default=0)
    places = {ranked.backend: place for place, ranked in enumerate(ranking)}
    lines = [_headline(verdicts, ranking), ""]
    for verdict in verdicts:
        place = places.get(verdict.backend)
        if place is not None:
            lines.append(f"  {verdict.backend:<{width}}  {_standing(ranking, place)}")
        else:
            lines.append(f"  {verdict.backend:<{width}}  cannot run it:")
            lines += [f"  {'':<{width}}    - {line}" for line in _reasons(verdict)]
    return "\n".join(lines).rstrip()


def _headline(verdicts: Sequence[Verdict], ranking: Sequence[Ranked]) -> str:
    if not ranking:
        waiting = [v.backend for v in verdicts if v.able_if_online]
        offline = f"; only {enumerated(waiting, ' or ')} could, but is offline" if waiting else ""
        return f"No backend can run this process now{offline}."
    chosen = ranking[0]
    if len(ranking) == 1:
        return f"This process runs on {chosen.backend}, the only backend that can run it now."
    why = chosen.why or "the first of them in configured order"
    return f"This process runs on {chosen.backend}: {len(ranking)} backends can, and it is {why}."


def _standing(ranking: Sequence[Ranked], place: int) -> str:
    why = f" ({ranking[place].why})" if ranking[place].why else ""
    return f"chosen{why}" if place == 0 else f"able, choice number {place + 1}{why}"


def _reasons(verdict: Verdict) -> list[str]:
    lines = [str(reason) for reason in verdict.reasons[:LINES]]
    if verdict.more or len(verdict.reasons) > LINES:
        lines.append("and more")
    return lines


def lacks(verdicts: Sequence[Verdict]) -> str:
    """What each backend lacks, in one paragraph of bounded length."""
    said = [f"{verdict.backend} {_in_short(verdict)}" for verdict in verdicts[:BACKENDS_SAID]]
    beyond = len(verdicts) - BACKENDS_SAID
    if beyond > 0:
        said.append(f"{beyond} other backend{'s' * (beyond != 1)} cannot run it either")
    return shortened("; ".join(said), LONGEST)


def _in_short(verdict: Verdict) -> str:
    reasons = [str(reason) for reason in verdict.reasons]
    said = ", ".join(reasons[:REASONS_SAID])
    beyond = len(reasons) - REASONS_SAID
    if beyond <= 0:
        return said
    or_more = " or more" if verdict.more else ""
    return f"{said} and {beyond}{or_more} further reason{'s' * (beyond != 1)}"
