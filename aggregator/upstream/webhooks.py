"""Telling a webhook: a signed POST request, to public addresses only unless others are allowed.

Signed as Standard Webhooks (https://www.standardwebhooks.com): the headers `webhook-id`,
`webhook-timestamp` and `webhook-signature`, which is `v1,` and the base64 of the HMAC-SHA256 of
`id.timestamp.body`. A receiver compares the signature and refuses old timestamps; the id stays the
same when a message is sent again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import socket
from typing import Any, ClassVar

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from aggregator.upstream.client import USER_AGENT, Transport
from aggregator.upstream.deadlines import Deadline, guard


class NotTold(Exception):  # noqa: N818 - what happened, to be tried again
    """The webhook was not told; the message says why, without its address."""


class Webhooks:
    """Sends messages, each within `deadline` seconds; nothing of an exchange is kept.

    `secret` is base64, with or without `whsec_` before it.
    """

    def __init__(
        self,
        secret: str,
        *,
        deadline: float,
        private: bool = False,
        transport: Transport | None = None,
    ) -> None:
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._deadline = deadline
        self._session = requests.Session()
        self._session.trust_env = False
        self._adapter = transport() if transport else (_Adapter if private else _PublicAdapter)()

    def tell(self, url: str, identifier: str, body: bytes, now: int) -> None:
        """Send a JSON body, signed for `now` (seconds since 1970). Raises NotTold."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "webhook-id": identifier,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(self._key, identifier, now, body),
        }
        until = Deadline(self._deadline)
        try:
            with until:
                status = self._status(url, body, headers)
        except NotPublicError as error:
            raise NotTold(str(error)) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as e:
            raise NotTold("no answer in time" if until.struck else type(e).__name__) from e
        finally:
            late = until.struck
            until.finish()
        if late:  # a header that was cut looks like the end of the headers
            raise NotTold("no answer in time")
        if not 200 <= status < 300:  # a redirect as well: it could lead anywhere
            raise NotTold(f"it answered with status {status}")

    def _status(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        prepared = self._session.prepare_request(
            requests.Request("POST", url, data=body, headers=headers)
        )
        timeout = (self._deadline, self._deadline)
        answer = self._adapter.send(prepared, stream=True, timeout=timeout, verify=True)
        answer.close()  # what it says beyond its status is of no interest
        return answer.status_code


def signature(key: bytes, identifier: str, now: int, body: bytes) -> str:
    """The signature of a message."""
    signed = f"{identifier}.{now}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class NotPublicError(Exception):
    """The name leads to an address that is not public; no error that the libraries handle."""


class _Connection(HTTPConnection):
    """One that the deadline in force can cut."""

    def getresponse(self) -> Any:
        guard(self.sock)
        return super().getresponse()


class _PublicConnection(_Connection):
    """One whose peer is looked at before anything is sent.

    Looking at the peer, not at the name, leaves a name no time to change its mind.
    """

    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        address = ipaddress.ip_address(made.getpeername()[0].partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        if not mapped.is_global or mapped.is_multicast:
            made.close()
            raise NotPublicError(
                "its address is not public (availability.webhook_private_addresses)"
            )
        return made


class _SecureConnection(_Connection, HTTPSConnection):
    """Likewise over TLS."""


class _PublicSecureConnection(_PublicConnection, HTTPSConnection):
    """Likewise over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicSecurePool(HTTPSConnectionPool):
    ConnectionCls = _PublicSecureConnection


class _Adapter(HTTPAdapter):
    pools: ClassVar[dict[str, Any]] = {"http": _Pool, "https": _SecurePool}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self.pools


class _PublicAdapter(_Adapter):
    pools: ClassVar[dict[str, Any]] = {"http": _PublicPool, "https": _PublicSecurePool}
