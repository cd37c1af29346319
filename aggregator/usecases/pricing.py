"""What providers charge, as everyone may read it."""

from __future__ import annotations

from typing import Any

from aggregator.errors import NotFound
from aggregator.ledger.pricing import Tariff, Tariffs
from aggregator.settings import Settings

ADDRESS = "/federation/pricing"


class Pricing:
    """The published rates of a federation."""

    def __init__(self, settings: Settings, tariffs: Tariffs) -> None:
        self._url = settings.public_url
        self._tariffs = [
            tariffs.by_provider[name] for name in settings.order if name in tariffs.by_provider
        ]

    def every(self) -> dict[str, Any]:
        """All providers' rates, in the order of the members."""
        return {
            "currency": "credits",
            "providers": [self._shown(tariff) for tariff in self._tariffs],
            "links": _links(f"{self._url}{ADDRESS}"),
        }

    def of(self, provider: str) -> dict[str, Any]:
        """One provider's rates. Raises NotFound, naming those that there are."""
        for tariff in self._tariffs:
            if tariff.provider == provider:
                return self._shown(tariff)
        known = ", ".join(tariff.provider for tariff in self._tariffs) or "none"
        raise NotFound(f"There are no rates of a provider '{provider[:50]}'; there are: {known}.")

    def _shown(self, tariff: Tariff) -> dict[str, Any]:
        own = f"{self._url}{ADDRESS}/{tariff.provider}"
        return {**tariff.as_json(), "links": _links(own, tariff.documentation)}


def _links(address: str, documentation: str = "") -> list[dict[str, Any]]:
    links = [
        {"rel": "self", "href": f"{address}?f=json", "type": "application/json"},
        {"rel": "alternate", "href": f"{address}?f=html", "type": "text/html"},
    ]
    about = {"rel": "about", "href": documentation, "title": "How usage is measured"}
    return [*links, about] if documentation else links
