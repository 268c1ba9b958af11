"""The real HTTP server behind a proxy: whom it takes a request to be from, when headers come twice."""

import http.client
import os
import subprocess
import sys

import pytest

from loctelli.database.embedded import PROJECT
from loctelli.database.ports import free_port
from loctelli.tests.alongside import environment
from loctelli.tests.processes import PATIENCE, wait_until

pytestmark = [pytest.mark.server, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def port():
    """The port of a server that trusts one proxy and lets a stranger through twice."""
    number = free_port()
    settings = {"TRUSTED_PROXY_HOPS": "1", "ANONYMOUS_THROTTLE": "2/600", "SECURE_SSL_REDIRECT": "false"}
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(number), "loctelli.wsgi:application"],
        cwd=PROJECT,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: status(number, "/healthz") == 200)
    yield number
    process.terminate()
    process.wait(PATIENCE)


def status(port: int, path: str, *forwarded: str) -> int:
    """Return the status of an answer to a request with so many X-Forwarded-For lines; 0 when nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.putrequest("GET", path)
        for line in forwarded:
            connection.putheader("X-Forwarded-For", line)
        connection.endheaders()
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def test_of_several_lines_the_one_that_the_proxy_added_last_counts(port):
    key = os.urandom(2)
    client, other = (f"198.51.{key[0]}.{key[1] ^ flip}" for flip in (0, 1))

    spoofed = [status(port, "/api/v1/me/", f"203.0.113.{number}", client) for number in range(3)]

    assert spoofed == [401, 401, 429]
    assert status(port, "/api/v1/me/", client, other) == 401
    assert status(port, "/api/v1/me/", f"{other}, {client}") == 429
