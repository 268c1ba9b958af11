"""Ports for servers that are to find theirs free again."""

import contextlib
import random
import socket
from pathlib import Path

HOST = "127.0.0.1"
# Below stand the well-known ports of other servers.
FIRST = 10_000
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """Return a port that nobody listens at, outside of those that the system gives to outgoing connections.

    Such a connection, anybody's on the machine, would be in a server's way when it starts again.
    """
    ephemeral = ephemeral_ports()
    candidates = [port for port in range(FIRST, 2**16) if port not in ephemeral]
    random.shuffle(candidates)
    # Where the system takes them all, one it gives is as good as any.
    for port in [*candidates, 0]:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return probe.getsockname()[1]
    raise OSError("No port is free.")


def ephemeral_ports() -> range:
    """Return the ports that the system gives to outgoing connections."""
    try:
        lowest, highest = map(int, EPHEMERAL.read_text().split())
    except OSError:
        # As Linux has it where nobody changed it.
        lowest, highest = 32_768, 60_999
    return range(lowest, highest + 1)
