import socket
from collections.abc import Iterator

import pytest

from scripts.federation.servers import (
    Address,
    Refused,
    Server,
    free_offset,
    read_address,
    refusal_message,
    refusals,
)


def server(port: int, name: str = "terra") -> Server:
    return Server(name, (), Address("127.0.0.1", port), f"'bind' in {name}.yaml")


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@pytest.fixture
def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_taken_port_is_found_before_anything_starts(taken: int) -> None:
    (refused,) = refusals([server(taken)])
    assert refused.reason == "is taken by another program"


def test_a_free_port_is_not_refused(free: int) -> None:
    assert refusals([server(free)]) == ()


def test_a_taken_port_is_named_with_how_to_choose_another(taken: int) -> None:
    refused = Refused(server(taken), "is taken by another program")
    message = refusal_message([refused], [refused.server])
    assert f"127.0.0.1:{taken} of terra is taken" in message
    assert "'bind' in terra.yaml" in message
    assert "--port-offset" in message


def test_a_federation_that_was_moved_is_told_the_offset_from_where_it_was(taken: int) -> None:
    refused = Refused(server(taken), "is taken by another program")
    offset = free_offset([refused.server])
    assert offset is not None
    message = refusal_message([refused], [refused.server], moved=700)
    assert f"--port-offset {700 + offset}, which is free now" in message


def test_a_server_alone_is_not_told_to_move_the_others(taken: int) -> None:
    message = refusal_message([Refused(server(taken), "is taken by another program")])
    assert "--port-offset" not in message
    assert "'bind' in terra.yaml" in message


def test_a_proposed_offset_is_free_for_every_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        blocked = int(listener.getsockname()[1])
        offset = free_offset([server(blocked - 7)], step=7)
    assert offset is not None
    assert offset > 7


def test_an_address_without_a_port_is_refused() -> None:
    with pytest.raises(ValueError, match="host:port"):
        read_address("localhost")


def test_a_port_beyond_the_last_is_refused() -> None:
    with pytest.raises(ValueError, match="host:port"):
        read_address("127.0.0.1:70000")


def test_addresses_of_the_sixth_version_are_read_and_written() -> None:
    assert read_address("[::1]:8080") == Address("::1", 8080)
    assert str(Address("::1", 8080)) == "[::1]:8080"


def test_a_server_that_listens_everywhere_is_reached_at_home() -> None:
    assert Address("0.0.0.0", 8080).url == "http://127.0.0.1:8080"
