"""Which entitlements and subscriptions users must have.

Source: contract requirement auth-aggregator-1 (subscriptions), api-118 (entitlements).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property

from aggregator.errors import PermissionsInsufficient


@dataclass(frozen=True)
class Rules:
    """Patterns (`*`, `?`) of which a user must match one of each kind; no patterns, no rule.

    `join_url` is where users get what they lack.
    """

    entitlements: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    join_url: str | None = None

    def refusal(
        self,
        entitlements: Iterable[str],
        subscriptions: Iterable[str],
        *,
        with_password: bool = False,
    ) -> PermissionsInsufficient | None:
        """The error that names what a user with these lacks; None if it is nothing.

        A login `with_password` shows neither, whatever the user has: another one is advised.
        """
        of_entitlements, of_subscriptions = self._matchers
        lacking = [
            _words(kind, patterns)
            for kind, patterns, matcher, held in (
                ("entitlement", self.entitlements, of_entitlements, entitlements),
                ("subscription", self.subscriptions, of_subscriptions, subscriptions),
            )
            if patterns and not any(map(matcher.fullmatch, held))
        ]
        return self._refused(" and ".join(lacking), with_password) if lacking else None

    def _refused(self, lacking: str, with_password: bool) -> PermissionsInsufficient:
        who, whose = "Your account lacks", "You can"
        if with_password:
            who, whose = "A login with a password does not show", "Accounts"
        said = f"{who} {lacking}, which this federation asks for."
        if with_password:
            said += " Log in with OpenID Connect."
        if self.join_url is None:
            return PermissionsInsufficient(said)
        link = {"rel": "related", "href": self.join_url, "title": "Get access"}
        said += f" {whose} get it at {self.join_url}"
        return PermissionsInsufficient(said, url=self.join_url, links=[link])

    @cached_property
    def _matchers(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        return _matcher(self.entitlements), _matcher(self.subscriptions)


def _matcher(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))


def _words(kind: str, patterns: tuple[str, ...]) -> str:
    if len(patterns) == 1:
        return f"the {kind} '{patterns[0]}'"
    return f"any of the {kind}s " + ", ".join(f"'{pattern}'" for pattern in patterns)
