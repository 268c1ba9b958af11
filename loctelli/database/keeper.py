"""The embedded server's keeper: a process of its own that starts PostgreSQL and stops it after its last user is gone.

    python -m loctelli.database.keeper <directory>

returns when the server is ready, or prints why it is not. Every process that uses the server holds a shared lock on
`users.lock`; the kernel releases it however that process ends. The keeper stops the server once it could take that lock
for itself for a while, so commands that follow each other share one start. Should the keeper be killed, the kernel
stops the server. Standard library only.
"""

import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loctelli.database.binaries import ServerFailed, programs, server_account
from loctelli.database.ports import HOST, free_port

ADMINISTRATOR = "postgres"
START_SECONDS = 300
STOP_SECONDS = 60
LINGER_SECONDS = 3
LOG_BYTES = 10_000_000
# What PostgreSQL says while a killed predecessor is not quite gone: worth another try.
PREDECESSOR = ("postmaster.pid", "pre-existing shared memory", "still in use")
PR_SET_PDEATHSIG = 1


def running_port(directory: Path) -> int | None:
    """Return the port of the server that runs on this directory's data and accepts connections, else None."""
    try:
        if not has_keeper(directory):
            # The kernel is about to stop the server, or has.
            return None
        lines = (directory / "data" / "postmaster.pid").read_text().splitlines()
        process, port, state = int(lines[0]), int(lines[3]), lines[7].strip()
        if state != "ready" or not Path(f"/proc/{process}/comm").read_text().startswith("postgres"):
            return None
        with socket.create_connection((HOST, port), timeout=1):
            return port
    except (OSError, ValueError, IndexError):
        return None


def has_keeper(directory: Path) -> bool:
    """Tell whether a keeper lives, which holds its lock for as long as it does."""
    lock = os.open(directory / "keeper.lock", os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)


class Keeper:
    """One server, from its first initialisation to its stop."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.log = directory / "log"
        self.programs = programs()
        self.account = server_account()
        self.server: subprocess.Popen[bytes] | None = None
        self.asked_to_stop = False

    def run(self, report_ready: Callable[[], None]) -> None:
        """Serve until nobody uses the server any more. `report_ready` is called once."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        if not self._become_the_only_keeper():
            report_ready()
            return
        self._initialise()
        self._start()
        report_ready()
        self._serve()
        self._stop()

    def _on_signal(self, number: int, frame: object) -> None:
        self.asked_to_stop = True

    def _become_the_only_keeper(self) -> bool:
        """Take the keeper's lock, or return False because another keeper's server turned out to be ready."""
        self.keeper_lock = os.open(self.directory / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + START_SECONDS
        while not _try_lock(self.keeper_lock):
            if running_port(self.directory):
                return False
            if time.monotonic() > deadline:
                raise ServerFailed("The embedded PostgreSQL's previous keeper does not end: look for its process.")
            time.sleep(0.1)
        return True

    def _initialise(self) -> None:
        """Create the data directory, complete or not at all."""
        if self.data.exists():
            return
        unfinished = self.directory / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password = os.memfd_create("password")
        os.write(password, json.loads((self.directory / "credentials.json").read_text())["administrator"].encode())
        if self.account:
            os.chown(unfinished, self.account.pw_uid, self.account.pw_gid)
            os.fchown(password, self.account.pw_uid, self.account.pw_gid)
        os.fchmod(password, 0o600)
        with _Directory(unfinished) as data:
            outcome = subprocess.run(
                [
                    self.programs / "initdb",
                    f"--pgdata={data.path}",
                    f"--username={ADMINISTRATOR}",
                    f"--pwfile=/proc/self/fd/{password}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=PG_UNICODE_FAST",
                    "--no-instructions",
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                **self._as_account([data.descriptor, password]),
            )
        os.close(password)
        if outcome.returncode:
            raise ServerFailed(f"The embedded PostgreSQL could not create {self.data}: {outcome.stdout[-500:].strip()}")
        unfinished.rename(self.data)

    def _start(self) -> None:
        """Start PostgreSQL and wait until it accepts connections, recovery after a crash included."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            log_start = self._rotate_log()
            self._launch(self._port())
            assert self.server is not None
            while self.server.poll() is None:
                if running_port(self.directory):
                    return
                if self.asked_to_stop or time.monotonic() > deadline:
                    self._stop()
                    raise ServerFailed(f"The embedded PostgreSQL did not become ready: see {self.log}.")
                time.sleep(0.02)
            with open(self.log, errors="replace") as log:
                log.seek(log_start)
                complaint = log.read()
            if "could not bind" in complaint or "could not create any TCP/IP sockets" in complaint:
                (self.directory / "port").unlink(missing_ok=True)
            elif not any(sign in complaint for sign in PREDECESSOR) or time.monotonic() > deadline:
                raise ServerFailed(
                    f"The embedded PostgreSQL did not start: {complaint[-500:].strip()} (see {self.log})"
                )
            time.sleep(0.2)

    def _launch(self, port: int) -> None:
        keeper = os.getpid()

        def die_with_the_keeper() -> None:
            # Runs after the change of account, which would have cleared it.
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
            if os.getppid() != keeper:
                os._exit(1)

        with _Directory(self.data) as data, open(self.log, "ab") as log:
            self.server = subprocess.Popen(
                [
                    self.programs / "postgres",
                    *("-D", data.path, "-p", str(port), "-c", f"listen_addresses={HOST}"),
                    *("-c", "unix_socket_directories=", "-c", "log_checkpoints=off", "-c", "timezone=UTC"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_the_keeper,
                **self._as_account([data.descriptor]),
            )

    def _port(self) -> int:
        """Return the port of last time, or a free one that is recorded and kept, so that clients find it again."""
        recorded = self.directory / "port"
        if not recorded.exists():
            recorded.write_text(str(free_port()))
        return int(recorded.read_text())

    def _rotate_log(self) -> int:
        """Return where the log's next line will stand, after putting an overlong one aside."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.rename(self.log.with_suffix(".old"))
        return self.log.stat().st_size if self.log.exists() else 0

    def _serve(self) -> None:
        """Watch over the server, restarting it when it dies, until it has been unused for a while."""
        assert self.server is not None
        with open(self.directory / "users.lock", "a") as users:
            unused_since = None
            while not self.asked_to_stop:
                time.sleep(0.25)
                if self.server.poll() is not None:
                    self._start()
                if not _try_lock(users.fileno()):
                    unused_since = None
                    continue
                unused_since = unused_since or time.monotonic()
                if time.monotonic() - unused_since >= LINGER_SECONDS:
                    # Keep the lock: whoever comes now waits for the stop, then starts a server anew.
                    self._stop()
                    return
                fcntl.flock(users, fcntl.LOCK_UN)

    def _stop(self) -> None:
        assert self.server is not None
        for order in (signal.SIGINT, signal.SIGQUIT):
            if self.server.poll() is None:
                self.server.send_signal(order)
                try:
                    self.server.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    continue

    def _as_account(self, descriptors: list[int]) -> dict[str, Any]:
        """Return how a program is run: as the server's account, from a directory that everyone may enter."""
        options: dict[str, Any] = {"cwd": "/", "pass_fds": descriptors}
        if self.account:
            options |= {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return options


class _Directory:
    """An open directory under a path that leads to it even when its parents are closed to the server's account."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        self.path = f"/proc/self/fd/{self.descriptor}"

    def __enter__(self) -> "_Directory":
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self.descriptor)


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _detach(log: Path) -> None:
    """Leave the caller's terminal and pipes, so that neither Ctrl-C nor a closed pipe reaches the keeper."""
    os.setsid()
    os.chdir("/")
    with open(os.devnull) as nothing, open(log, "ab") as messages:
        os.dup2(nothing.fileno(), 0)
        os.dup2(messages.fileno(), 1)
        os.dup2(messages.fileno(), 2)


def main(directory: Path) -> int:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    verdict_in, verdict_out = os.pipe()
    if os.fork():
        os.close(verdict_out)
        with os.fdopen(verdict_in) as pipe:
            verdict = pipe.read()
        if verdict != "ready":
            print(verdict or f"The embedded PostgreSQL's keeper died: see {directory / 'log'}.", file=sys.stderr)
            return 1
        return 0
    os.close(verdict_in)
    _detach(directory / "log")
    reply = os.fdopen(verdict_out, "w")

    def report_ready() -> None:
        reply.write("ready")
        reply.close()

    try:
        Keeper(directory).run(report_ready)
    except ServerFailed as error:
        print(error, file=sys.stderr, flush=True)
        if not reply.closed:
            reply.write(str(error))
            reply.close()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
