"""The port of a server that keeps it from one start to the next."""

import socket

import pytest

from loctelli.database import ports
from loctelli.database.ports import ephemeral_ports, free_port


@pytest.fixture
def system(tmp_path, monkeypatch):
    """What the system says its ephemeral ports are."""
    monkeypatch.setattr(ports, "EPHEMERAL", tmp_path / "ip_local_port_range")
    return ports.EPHEMERAL


def test_it_is_none_of_those_given_to_outgoing_connections():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as outgoing:
        given = outgoing.getsockname()[1]

    chosen = {free_port() for _ in range(50)}

    assert given in ephemeral_ports()
    assert chosen.isdisjoint(ephemeral_ports())
    assert len(chosen) > 1
    assert all(ports.FIRST <= port < 2**16 for port in chosen)


def test_it_is_found_on_either_side_of_them(system):
    system.write_text("10000\t65533\n")
    above = free_port()
    system.write_text("10002\t65535\n")
    below = free_port()

    assert above in (65534, 65535)
    assert below in (10000, 10001)


def test_one_where_somebody_listens_is_passed_over(system):
    system.write_text("10000\t65533\n")

    with socket.create_server(("127.0.0.1", 65534)):
        assert free_port() == 65535


def test_a_system_that_does_not_say_has_the_usual_ones(system):
    assert ephemeral_ports() == range(32_768, 61_000)


def test_where_the_system_takes_them_all_one_of_them_will_do(system):
    system.write_text("1024\t65535\n")

    assert 1024 <= free_port() <= 65535
