"""Routing: which backend runs a process, decided from documents alone, with the reasons.

`read_requirements` says what a process needs, `abilities_of` what a backend has, `decide` judges
every backend by every rule and ranks those that are able. The `Routing` that comes out explains
itself to people, to clients (an openEO error, the answer to a validation) and to programs (JSON).
`rewrite_for` turns the federation's names in a process into those of the chosen backend, and
`restore_from` turns them back.

Pure: no network, no clock, no state. Reading and deciding are linear in the size of the process.
"""

from aggregator.routing.abilities import Abilities, CollectionAbility, abilities_of
from aggregator.routing.billing import FREE, Billing, Credit
from aggregator.routing.bodies import read_choice, read_policy, without_choice
from aggregator.routing.decision import Routing, decide
from aggregator.routing.graphs import Limits
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
    "Limits",
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
