"""The documentation of faults, made from the catalogue itself."""

import inspect
from collections.abc import Iterator
from dataclasses import fields

from backends.faults.effects import KINDS, Broken
from backends.faults.rules import RULES

HEAD = """\
# Faults on purpose

<!-- Printed by `python -m scripts.faults_page`; change the catalogue, not this page. -->

A simulated backend can be a bad member of its federation, as far as its profile says so. The key
`faults` of a profile is a list; each entry is the name of a kind or of a broken rule, or a mapping
that also says which requests are struck:

```yaml
faults:
  - collections.provider-roles-missing
  - processes.missing:ndvi
  - {kind: delay, seconds: 2, jitter: 1, paths: ["/jobs*"]}
  - {kind: error, status: 503, rate: 0.2, seed: 7, methods: [POST]}
  - {kind: outage, when: [{daily: "03:30", for: 600}]}
  - {rule: results.assets-unsigned, after: 3, times: 10}
```

## Which requests are struck

| Key | Meaning |
|---|---|
| `methods` | a list of methods of HTTP; all where it is left out |
| `paths` | a list of patterns, in which `*` stands for anything, for the path below the API's \
root, as in `/jobs/*`; paths of the host begin with two slashes, as in `//.well-known/openeo` |
| `rate` | the share of those requests that is struck, from 0 to 1; which ones depends on `seed` \
alone |
| `after` | so many of them are spared first |
| `times` | after so many the fault is over; 0 (or nothing) means never |
| `when` | a list of times at which it strikes: `{from: 10, until: 30}` in seconds since the start \
or with times in UTC (`2030-01-31T12:00:00Z`), `{every: 3600, for: 60}` for the first 60 seconds \
of every hour since the start, `{daily: "03:30", for: 600}` in UTC |

## While the backend runs

With `faults: {control: true, list: [...]}` the faults can be changed at `/faults` of the host:
GET shows them with the number of requests that each has struck, PUT `{"faults": [...]}` puts
others in their place, DELETE ends them all. Requests that still hang on an old fault go on at
once. The endpoint is for programs on the same machine: for other addresses, for what comes
through a proxy and for web pages it does not exist.

```sh
curl -X PUT localhost:8101/faults -d '{"faults": [{"kind": "hang", "paths": ["/jobs"]}]}'
curl -X DELETE localhost:8101/faults
```

## What goes wrong on the way

| Kind | What happens | Options |
|---|---|---|
"""

RULES_HEAD = """
## Broken rules of the contract

Each rule breaks what is said here and leaves all else right. The last column has the requirements
of the federation's contract that a backend violates by it. A colon after the name is followed by
a value.

| Rule | What is wrong | Requirements |
|---|---|---|
"""


def faults_page() -> str:
    """The page, as Markdown."""
    return HEAD + "".join(_kinds()) + RULES_HEAD + "".join(_rules())


def _kinds() -> Iterator[str]:
    for kind, effect in KINDS.items():
        if effect is Broken:
            continue
        options = ", ".join(f"`{one.name}: {one.default}`" for one in fields(effect))
        told = " ".join((inspect.getdoc(effect) or "").split())
        yield f"| `{kind}` | {told} | {options} |\n"


def _rules() -> Iterator[str]:
    for rule in RULES.values():
        name = f"{rule.id}:…" if rule.value else rule.id
        value = f" The value is {rule.value}." if rule.value else ""
        yield f"| `{name}` | {rule.description}{value} | {', '.join(rule.requirements)} |\n"
