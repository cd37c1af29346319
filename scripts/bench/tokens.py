"""Times what a request costs for knowing who asks: `python -m scripts.bench.tokens`.

Keys and tokens are made here. Times are CPU time of this process for one request, in microseconds,
the median of several runs: of a token that is seen for the first time, of one that was verified
before, of bad ones, and of the look whether its user has agreed to the terms.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from aggregator.errors import TokenInvalid
from aggregator.identity.consent import Consent, next_event
from aggregator.identity.keys import KeySet, read_keys
from aggregator.identity.tokens import read_token
from aggregator.identity.verification import Policy, verify
from aggregator.settings import Identity
from aggregator.storage.consents import Consents
from aggregator.storage.database import Database
from aggregator.upstream.client import Client
from aggregator.upstream.issuers import Issuers
from aggregator.usecases.identities import Identities
from scripts.bench import asking

ISSUER = "https://identity.example/realms/eo"
ROUNDS, RUNS = 400, 5


class Ready(Issuers):
    """Issuers whose one set of keys is there."""

    def __init__(self, keys: KeySet) -> None:
        super().__init__(Client, Identity(), directory=None, clock=time.time)
        self._keys = keys

    def keys(self, issuer: str) -> KeySet:  # noqa: ARG002 - there is one
        """The keys."""
        return self._keys


def main() -> None:
    """Print one line per kind of request."""
    asking.parser("tokens", __doc__).parse_args()
    for algorithm, private, public in keys():
        held = read_keys(ISSUER, {"keys": [{**public, "kid": "k"}]})
        raw = token(private, algorithm)
        line(f"{algorithm}: the first time", partial(first, raw, held))
        known = Identities(Ready(held), Identity(), time.time)
        line(f"{algorithm}: again", partial(known.verified, raw, ISSUER))
        forged = raw[:-8] + "AAAAAAAA"
        line(f"{algorithm}: forged", partial(refused, forged, held))
    line("no JWT at all", partial(refused, "x" * 1000 + ".y.z", held))
    with tempfile.TemporaryDirectory() as directory:
        database = Database(f"sqlite:///{Path(directory) / 'federation.sqlite'}")
        consents = Consents(database)
        consents.add(ISSUER, "u", lambda last: next_event(Consent("1", last), "agreed", 1))
        line("has agreed to the terms (SQLite)", partial(consents.last, ISSUER, "u"))
        database.dispose()


def keys() -> list[tuple[str, Any, dict[str, Any]]]:
    """Algorithms, each with a private key and the public one as a JWK."""
    of_rsa = rsa.generate_private_key(65537, 2048)
    of_ec = ec.generate_private_key(ec.SECP256R1())
    return [
        ("RS256", of_rsa, RSAAlgorithm.to_jwk(of_rsa.public_key(), as_dict=True)),
        ("ES256", of_ec, ECAlgorithm.to_jwk(of_ec.public_key(), as_dict=True)),
    ]


def token(private: Any, algorithm: str) -> str:
    """A token of a usual size, for an hour."""
    claims = {
        "iss": ISSUER,
        "sub": "5b0c1f0e-2d3a-4c8e-9a61-0f6d2e5b7a10",
        "exp": int(time.time()) + 3600,
        "realm_access": {"roles": [f"role-{number}" for number in range(20)]},
        "name": "A. User",
    }
    payload = json.dumps(claims).encode()
    return jwt.PyJWS().encode(payload, private, algorithm, headers={"kid": "k"})


def first(raw: str, held: KeySet) -> None:
    """What is done with a token that nobody has seen."""
    verify(read_token(raw), held, Policy(), time.time())


def refused(raw: str, held: KeySet) -> None:
    """What is done with a token that is none."""
    try:
        first(raw, held)
    except TokenInvalid:
        return
    raise AssertionError("it was taken")


def line(name: str, call: Callable[[], object]) -> None:
    """Print the time of one call."""
    runs = []
    for _ in range(RUNS):
        begun = time.process_time()
        for _ in range(ROUNDS):
            call()
        runs.append((time.process_time() - begun) / ROUNDS * 1e6)
    print(f"{name:<36}{median(runs):>8.1f} µs")


if __name__ == "__main__":
    main()
