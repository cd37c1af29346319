"""What is to be started: the servers of a federation and the addresses they take."""

import errno
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Where this machine reaches the server, also if it listens everywhere."""
        return f"http://{Address(EVERYWHERE.get(self.host, self.host), self.port)}"


@dataclass(frozen=True)
class Program:
    """A program of a federation: its name and the command that runs it."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Server(Program):
    """One that listens, and where."""

    address: Address
    setting: str  # where the address stands, for messages
    sign: str = "/.well-known/openeo"  # the path at which it answers once it is ready


@dataclass(frozen=True)
class Refused:
    """A server whose address cannot be had, and the system's reason."""

    server: Server
    reason: str


def read_address(text: str) -> Address:
    """`host:port` or `[host]:port`; ValueError for anything else."""
    host, colon, port = text.strip().rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"'{text}' is not of the form host:port, for example 127.0.0.1:8080")
    return Address(host.strip("[]"), int(port))


def refusals(servers: Iterable[Server]) -> tuple[Refused, ...]:
    """Those of the servers that could not listen now, each with why."""
    reasons = ((server, refusal(server.address)) for server in servers)
    return tuple(Refused(server, reason) for server, reason in reasons if reason)


def refusal(address: Address) -> str | None:
    """Why one could not listen there now; None if one could."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is taken by another program"
            return f"cannot be had ({error.strerror})"
    return None


def free_offset(servers: Sequence[Server], *, step: int = 100, tries: int = 50) -> int | None:
    """A number that leads to free ports for all of the servers when added to each."""
    for offset in range(step, step * (tries + 1), step):
        moved = [Address(s.address.host, s.address.port + offset) for s in servers]
        if all(a.port < 65536 and refusal(a) is None for a in moved):
            return offset
    return None


def refusal_message(
    refused: Sequence[Refused], servers: Sequence[Server] = (), *, moved: int = 0
) -> str:
    """Names each port that cannot be had and says how to choose another.

    `servers` are those that can move together; they have been `moved` by that much already.
    """
    lines = [
        f"{r.server.address} of {r.server.name} {r.reason} (set in {r.server.setting})."
        for r in refused
    ]
    offset = free_offset(servers) if servers else None
    if offset is not None:
        lines.append(f"To move all ports, give --port-offset {moved + offset}, which is free now.")
    lines.append("To move one, change its address in the file named above.")
    return "\n".join(lines)
