"""One backend's character: what it is called, speaks, offers and allows.

``profile_reading`` reads it from a YAML file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from backends.accounting.configuration import Accounting
from backends.addresses import AddressPolicy
from backends.billing import Billing
from backends.clusters import Compute
from backends.faults.reading import Faults
from backends.limits import Limits
from backends.oidc.providers import Oidc
from backends.passwords import Password
from backends.workspaces.configuration import NOTHING, Offer

API_VERSIONS: Final = ("1.1.0", "1.2.0", "1.3.0")
TOKEN_FORMS: Final = ("jwt", "prefixed")
KINDS: Final = ("world", "stac")

TokenForm = Literal["jwt", "prefixed"]


@dataclass(frozen=True)
class CollectionSpec:
    """One collection of a backend: what it is called here and where its data come from.

    ``kind`` "world" names a ``product`` of the generated world; "stac" reads
    real rasters from the STAC collection or item at ``options["href"]``.
    ``options`` may restrict bands and extents or override descriptive fields.
    """

    id: str
    kind: Literal["world", "stac"]
    product: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class User:
    """A person who may log in with a password."""

    name: str
    password: Password
    budget: float | None = None
    """What they have to spend; None for what the backend gives everybody."""
    plan: str | None = None
    """Their own default billing plan."""


@dataclass(frozen=True)
class Provider:
    """Who runs the backend (a STAC provider)."""

    name: str
    url: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class Profile:
    """Everything that makes one simulated backend this one and no other."""

    id: str
    title: str
    description: str
    provider: Provider
    api_version: str
    token_form: TokenForm
    bind: str
    url_path: str
    public_url: str
    users: Mapping[str, User]
    collections: tuple[CollectionSpec, ...]
    processes: tuple[str, ...]
    output_formats: tuple[str, ...]
    input_formats: tuple[str, ...]
    limits: Limits = field(default_factory=Limits)
    billing: Billing = field(default_factory=Billing)
    compute: Compute = field(default_factory=Compute)
    service_types: tuple[str, ...] = ()
    """Kinds of secondary web services that are offered."""
    addresses: AddressPolicy = field(default_factory=AddressPolicy)
    """Which URLs the work of users may load."""
    oidc: Oidc = field(default_factory=Oidc)
    """Whose users may log in by OpenID Connect."""
    faults: Faults = field(default_factory=Faults)
    """What goes wrong on purpose."""
    accounting: Accounting | None = None
    """Where usage is reported; None: nowhere."""
    workspaces: Offer = NOTHING
    """Where users may export results to."""

    @property
    def api_url(self) -> str:
        """The versioned URL that clients put in front of each path, without a final slash."""
        return f"{self.public_url}{self.url_path}"

    @property
    def version(self) -> tuple[int, int, int]:
        """The API version as numbers, to be compared."""
        major, minor, patch = (int(part) for part in self.api_version.split("."))
        return major, minor, patch

    def budget(self, user: str) -> float:
        """What the user has to spend in all."""
        own = self.users[user].budget if user in self.users else None
        return self.billing.budget if own is None else own

    def default_plan(self, user: str) -> str:
        """The billing plan of whatever the user starts without naming one."""
        own = self.users[user].plan if user in self.users else None
        plan = self.billing.plan(own) or self.billing.plans[0]
        return plan.name

    def collection(self, identifier: str) -> CollectionSpec | None:
        """The collection of that id, if this backend has it."""
        return next((spec for spec in self.collections if spec.id == identifier), None)
