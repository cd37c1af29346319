"""Rules for aggregators about the work of users."""

from __future__ import annotations

from scripts.self_review.backend import Backend, Entry
from scripts.self_review.checks.federation import members
from scripts.self_review.checks.job_runs import results_are_not_computed_without_money
from scripts.self_review.findings import (
    Cause,
    Evidence,
    Outcome,
    could_not_tell,
    failed,
    given,
    judged,
    not_applicable,
    passed,
    shown_answer,
)
from scripts.self_review.graphs import graph, node, of
from scripts.self_review.known_answers import KNOWN, alone, equal
from scripts.self_review.probe.addresses import parts, resolved
from scripts.self_review.probe.answer import NotJsonError
from scripts.self_review.registry import check
from scripts.self_review.sample import loaded, pieces, sample
from scripts.self_review.shared_jobs import assets, finished, metadata


def _hosts(entry: Entry, backend: Backend) -> frozenset[str]:
    """The members that support something; all of them where it does not say."""
    said = entry.get("federation:backends")
    return frozenset(map(str, said)) if isinstance(said, list) else frozenset(members(backend))


@check("auth-aggregator-1")
def subscriptions_are_checked(backend: Backend) -> Outcome:
    backend.user  # noqa: B018 - raises without a login
    says = "It needs a user without a subscription; let the operator state how it is checked."
    return could_not_tell(says, Cause.STATEMENT)


@check("auth-aggregator-2")
def credits_are_checked(backend: Backend) -> Outcome:
    return results_are_not_computed_without_money(backend)


@check("federation-7")
def work_is_routed(backend: Backend) -> Outcome:
    data = sample(backend)
    answer = loaded(backend, data)
    found = metadata(backend, finished(backend))
    said = found.get("federation:backends")
    problems = [] if answer.ok else [f"a graph with {data.collection} answers {answer.status}"]
    known = set(map(str, said)) if isinstance(said, list) else set()
    problems += [f"the job is at {one}, no member" for one in sorted(known - set(members(backend)))]
    shown = Evidence("GET /jobs/{job_id}", f"federation:backends: {given(said)}")
    good = f"A graph with {data.collection} was computed; the job says {said or 'not where'}."
    return judged(problems, good, shown, looked_at="one graph and one job; not the preference")


@check("federation-8")
def collections_of_several_members_are_refused(backend: Backend) -> Outcome:
    found = {one.collection: one for one in pieces(backend, 40)}
    known = {str(one.get("id")): _hosts(one, backend) for one in backend.collections}
    pairs = [(a, b) for a in found for b in found if not known[a] & known[b]]
    if not pairs:
        return not_applicable("No two collections are at different members only.")
    first, second = (found[one] for one in pairs[0])
    process = graph(
        one=first.load(),
        two=second.load(),
        both=node("merge_cubes", cube1=of("one"), cube2=of("two")),
        save=node("save_result", data=of("both"), format="GTiff"),
    )
    answer = backend.making.result_once("two members", process)
    names = f"{first.collection} and {second.collection}"
    if 400 <= answer.status < 500:
        return passed(f"A graph with {names} is refused.", answer)
    if answer.ok:
        return passed(f"A graph with {names} is split and computed.", shown_answer(answer, ""))
    return failed(f"A graph with {names} answers {answer.status}.", answer)


@check("federation-9")
def results_come_from_the_members(backend: Backend) -> Outcome:
    own = parts(backend.root).netloc
    named = assets(backend)
    hosts = {
        parts(resolved(f"{backend.root}/", str(one.get("href")))).netloc
        for one in named.values()
        if "href" in one
    }
    shown = Evidence("GET /jobs/{job_id}/results", ", ".join(sorted(hosts)))
    problems = [f"files are served by the aggregator itself ({own})"] if own in hosts else []
    return judged(problems, f"Files are at {', '.join(sorted(hosts))}.", shown)


@check("federation-10")
def processes_of_one_member_are_passed_on(backend: Backend) -> Outcome:
    everybody = frozenset(members(backend))
    rare = {key for key, one in backend.processes_by_id.items() if _hosts(one, backend) < everybody}
    known = next((one for one in KNOWN if one.process in rare), None)
    if known is None:
        says = "No process that only some members have can be computed without data."
        return not_applicable(says)
    answer = backend.making.result_once(f"rare {known.process}", alone(known))
    try:
        value = answer.json() if answer.ok else None
    except NotJsonError:
        value = None
    problems = [] if equal(value, known.answer) else [f"{known.call} answers {answer.status}"]
    return judged(problems, f"{known.call} was computed by a member that has it.", answer)
