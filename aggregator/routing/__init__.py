"""Routing: which backend runs a process, decided from documents alone, with the reasons.

`read_requirements` says what a process needs, `abilities_of` what a backend has, `decide` judges
every backend by every rule and ranks those that are able. The `Routing` that comes out explains
itself to people, to clients (an openEO error, the answer to a validation) and to programs (JSON).
`rewrite_for` turns the federation's names in a process into those of the chosen backend, and
`restore_from` turns them back.

Pure: no network, no clock, no state. Reading and deciding are linear in the size of the process.

What a request asks for::

    graphs         process graphs, read by one walk over the JSON
    topology       cycles among nodes that refer to one another
    requirements   what a process needs, and which node needs it
    reading        requirements read from a process
    references     who holds a job, a result or a model that it refers to
    extents        where and when: boxes and intervals
    projections    boxes in projected reference systems
    bodies         the choice of a backend, or of how to choose it, beside the process
    choices        sets of backends, and the conditions that describe them
    billing        what it may cost, and where its user can pay for it
    searches       what a search for items asks for

What is decided::

    abilities      what a backend has, indexed once from its documents
    rules          why a backend cannot run a process, one rule a module
    verdicts       what a rule says about a backend, and what all say together
    preferences    which of several able backends is preferred
    policies       by which one is chosen among those that are left
    decision       every rule judges every backend, the able ones are ranked
    explanation    a decision in words
    rejection      the openEO error where no backend is able
    validation     what `POST /validation` answers
    suggestions    lists of names in messages, and what a misspelt name may have meant

What becomes of a process::

    rewriting      the names of the chosen backend, without the choice
    restoring      the federation's words again
    definitions    user-defined processes as users store them
    inlining       those that it calls written out in it
    plans          one process as parts on several backends
    splitting      plans for what no single backend can run
    tiling         the same process on each of many small areas
    kinds          what processes return, as far as parts hand it on
"""

from aggregator.routing.abilities import Abilities, CollectionAbility, abilities_of
from aggregator.routing.billing import FREE, Billing, Credit
from aggregator.routing.bodies import read_choice, read_policy, without_choice
from aggregator.routing.decision import Routing, decide
from aggregator.routing.plans import Exchange, Part, Plan, filled, plan_from_json
from aggregator.routing.policies import POLICIES, Facts, Policy
from aggregator.routing.reading import read_requirements
from aggregator.routing.references import owner_by_address
from aggregator.routing.requirements import Requirements
from aggregator.routing.restoring import restore_from
from aggregator.routing.rewriting import rewrite_for
from aggregator.routing.validation import Validation, invalid, validation
from aggregator.routing.verdicts import Reason, Verdict

__all__ = [
    "FREE",
    "POLICIES",
    "Abilities",
    "Billing",
    "CollectionAbility",
    "Credit",
    "Exchange",
    "Facts",
    "Part",
    "Plan",
    "Policy",
    "Reason",
    "Requirements",
    "Routing",
    "Validation",
    "Verdict",
    "abilities_of",
    "decide",
    "filled",
    "invalid",
    "owner_by_address",
    "plan_from_json",
    "read_choice",
    "read_policy",
    "read_requirements",
    "restore_from",
    "rewrite_for",
    "validation",
    "without_choice",
]
