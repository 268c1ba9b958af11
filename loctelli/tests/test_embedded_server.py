"""The embedded server, started and killed as real processes."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest

from loctelli.database.binaries import open_to_all
from loctelli.database.embedded import PROJECT
from loctelli.database.keeper import running_port
from loctelli.database.ports import ephemeral_ports
from loctelli.tests.processes import DatabaseServer, processes_of, wait_until

pytestmark = pytest.mark.server

CLIENT = textwrap.dedent(
    """
    import sys, psycopg
    from pathlib import Path
    from loctelli.database.embedded import EmbeddedServer
    from loctelli.database.roles import Roles
    roles = Roles.from_prefix("loctelli")
    server = EmbeddedServer(Path(sys.argv[1]), roles=roles, database="loctelli", schema="public")
    address = server.ensure()
    with psycopg.connect(host=address.host, port=address.port, user="loctelli_login",
                         password=address.login_password, dbname="loctelli") as session:
        print(*session.execute("SELECT session_user, current_user").fetchone(), flush=True)
    sys.stdin.read()
    """
)


def client(directory, **options):
    return subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(directory)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def gone(directory):
    return lambda: not processes_of(str(directory))


@pytest.fixture
def server(tmp_path):
    server = DatabaseServer(tmp_path / "with space" / "postgres")
    yield server
    server.close()


def answers(server):
    address = server.embedded.ensure()
    with psycopg.connect(
        host=address.host,
        port=address.port,
        user="loctelli_login",
        password=address.login_password,
        dbname="loctelli",
        connect_timeout=5,
    ) as session:
        return session.execute("SELECT current_user").fetchone()[0]


def test_cold_starts_at_once_share_one_server_and_leave_none(tmp_path):
    directory = tmp_path / "with space" / "postgres"
    clients = [client(directory) for _ in range(8)]

    lines = [process.stdout.readline() for process in clients]
    keepers = [
        process for process in processes_of("loctelli.database.keeper") if process in processes_of(str(directory))
    ]
    port = running_port(directory)
    for process in clients:
        process.communicate()
    wait_until(gone(directory))

    assert lines == ["loctelli_login loctelli_tenant\n"] * 8
    assert len(keepers) == 1
    assert port == int((directory / "port").read_text())
    assert port not in ephemeral_ports()
    assert running_port(directory) is None


def test_a_second_start_keeps_the_port_and_the_data(tmp_path):
    directory = tmp_path / "postgres"
    server = DatabaseServer(directory)
    first = server.address
    server.close()

    server = DatabaseServer(directory)
    second = server.address
    name = answers(server)
    server.close()

    assert second == first
    assert name == "loctelli_tenant"


def test_what_is_secret_is_readable_by_us_alone(server):
    directory = server.embedded.directory

    modes = {name: (directory / name).stat().st_mode & 0o077 for name in ("credentials.json", "data", ".")}

    assert modes == {"credentials.json": 0, "data": 0, ".": 0}


def test_a_wrong_password_is_refused(server):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host="127.0.0.1", port=server.address.port, user="postgres", password="postgres", dbname="postgres"
        )


def test_the_keeper_starts_a_killed_server_again(server):
    killed = server.postmaster()

    os.kill(killed, signal.SIGKILL)
    # However soon it is: which one runs tells, not that none did for a moment.
    wait_until(lambda: running_port(server.embedded.directory) is not None and server.postmaster() != killed)

    assert answers(server) == "loctelli_tenant"


def test_the_server_dies_with_its_keeper_and_the_next_user_starts_it_again(server):
    postmaster = server.postmaster()

    server.kill_keeper(signal.SIGKILL)

    assert answers(server) == "loctelli_tenant"
    assert server.postmaster() != postmaster


def test_after_a_kill_of_everything_nothing_is_lost_and_nothing_runs_on(server):
    address = server.embedded.ensure()
    with psycopg.connect(
        host=address.host,
        port=address.port,
        user="loctelli_owner",
        password=address.owner_password,
        dbname="loctelli",
    ) as session:
        session.execute("CREATE TABLE kept AS SELECT 42 AS answer")

    os.kill(server.postmaster(), signal.SIGSTOP)
    server.kill_keeper(signal.SIGKILL)
    os.kill(server.postmaster(), signal.SIGKILL)
    address = server.embedded.ensure()

    with psycopg.connect(
        host=address.host,
        port=address.port,
        user="loctelli_owner",
        password=address.owner_password,
        dbname="loctelli",
    ) as session:
        assert session.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_lost_password_file_is_explained(tmp_path):
    server = DatabaseServer(tmp_path / "postgres")
    server.close()
    (tmp_path / "postgres" / "credentials.json").unlink()

    process = client(tmp_path / "postgres")
    output, _ = process.communicate()

    assert process.returncode != 0
    assert "credentials.json is gone" in output


def test_a_port_that_was_taken_meanwhile_is_exchanged(tmp_path):
    server = DatabaseServer(tmp_path / "postgres")
    port = server.address.port
    server.close()

    with socket.socket() as occupant:
        occupant.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        occupant.bind(("127.0.0.1", port))
        occupant.listen()
        server = DatabaseServer(tmp_path / "postgres")
        other = server.address.port
        name = answers(server)
    server.close()

    assert other != port
    assert name == "loctelli_tenant"


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user is what every other test here runs as")
@pytest.mark.skipif(not open_to_all(Path(sys.executable).resolve()), reason="only root may run this interpreter")
def test_an_ordinary_user_s_server_runs_as_that_user():
    account = pwd.getpwnam("daemon")
    directory = Path(f"/tmp/loctelli-test-{os.getpid()}")
    directory.mkdir(mode=0o700)
    os.chown(directory, account.pw_uid, account.pw_gid)
    try:
        process = client(directory / "postgres", user=account.pw_uid, group=account.pw_gid, extra_groups=[])
        line = process.stdout.readline()
        owner = (directory / "postgres" / "data").stat().st_uid
        process.communicate()
        wait_until(gone(directory))
    finally:
        shutil.rmtree(directory)

    assert line == "loctelli_login loctelli_tenant\n"
    assert owner == account.pw_uid
