"""The embedded PostgreSQL, seen from a process that uses it: started when needed, shared, left running for no one."""

import fcntl
import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from loctelli.database import provision
from loctelli.database.binaries import ServerFailed
from loctelli.database.keeper import ADMINISTRATOR, running_port
from loctelli.database.ports import HOST
from loctelli.database.roles import Roles

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Address:
    """Where the server listens, and the passwords of the two roles that log in."""

    host: str
    port: int
    owner_password: str
    login_password: str


class EmbeddedServer:
    """The server whose data lies under `directory`, with our roles and database in it."""

    def __init__(self, directory: Path, *, roles: Roles, database: str, schema: str) -> None:
        self.directory = directory
        self.roles = roles
        self.database = database
        self.schema = schema
        self._address: Address | None = None
        self._guard = threading.Lock()
        self._users_lock: int | None = None

    def address(self) -> Address:
        """Return the address as last seen, starting the server when this process has not used it yet."""
        return self._address or self.ensure()

    def ensure(self) -> Address:
        """Return the address of the running server, having started, initialised and provisioned it as needed."""
        with self._guard:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._join_users()
            port = running_port(self.directory)
            if port is None or not self._is_provisioned():
                with self._start_lock():
                    credentials = self._credentials()
                    port = running_port(self.directory) or self._start()
                    if not self._is_provisioned():
                        self._provision(port, credentials)
            credentials = self._credentials()
            self._address = Address(HOST, port, credentials["owner"], credentials["login"])
            return self._address

    def _join_users(self) -> None:
        """Hold the shared lock that keeps the server running for as long as this process lives."""
        if self._users_lock is None:
            lock = os.open(self.directory / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
            # Waits while the keeper stops a server that nobody used.
            fcntl.flock(lock, fcntl.LOCK_SH)
            self._users_lock = lock

    def leave(self) -> None:
        """Stop using the server before this process ends."""
        with self._guard:
            if self._users_lock is not None:
                os.close(self._users_lock)
                self._users_lock = self._address = None

    @contextmanager
    def _start_lock(self) -> Iterator[None]:
        """Let one process at a time start and provision; the others find it done."""
        with open(self.directory / "start.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _credentials(self) -> dict[str, str]:
        """Return the generated passwords, which exist before the server does."""
        path = self.directory / "credentials.json"
        if not path.exists():
            if (self.directory / "data").exists():
                raise ServerFailed(f"{path} is gone, and with it the passwords of the data beside it: restore it.")
            passwords = {name: secrets.token_urlsafe(24) for name in ("administrator", "owner", "login")}
            unfinished = path.with_suffix(f".{os.getpid()}")
            with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(passwords, file)
            unfinished.rename(path)
        return json.loads(path.read_text())

    def _start(self) -> int:
        outcome = subprocess.run(
            [sys.executable, "-m", "loctelli.database.keeper", str(self.directory.absolute())],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        port = running_port(self.directory)
        if outcome.returncode or port is None:
            raise ServerFailed(outcome.stderr.strip() or f"The embedded PostgreSQL stopped: see {self.directory}/log.")
        return port

    def _is_provisioned(self) -> bool:
        marker = self.directory / "data" / "loctelli-provisioned"
        return marker.exists() and marker.read_text() == self._provisioned_state()

    def _provisioned_state(self) -> str:
        return json.dumps([provision.VERSION, self.roles.login, self.database, self.schema])

    def _provision(self, port: int, credentials: dict[str, str]) -> None:
        with psycopg.connect(
            host=HOST,
            port=port,
            user=ADMINISTRATOR,
            password=credentials["administrator"],
            dbname="postgres",
            autocommit=True,
        ) as administrator:
            provision.provision(
                administrator,
                roles=self.roles,
                database=self.database,
                schema=self.schema,
                owner_password=credentials["owner"],
                login_password=credentials["login"],
                may_create_databases=True,
            )
        (self.directory / "data" / "loctelli-provisioned").write_text(self._provisioned_state())
