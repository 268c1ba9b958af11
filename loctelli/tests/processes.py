"""Real processes for tests: an installation of its own, with its own database server, apart from the checkout's."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loctelli.database.embedded import PROJECT, EmbeddedServer
from loctelli.database.keeper import has_keeper
from loctelli.database.ports import free_port
from loctelli.database.roles import Roles

PATIENCE = 120


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.1)


def processes_of(text: str) -> list[int]:
    """Return the ids of the running processes whose command line or environment of start names the text."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if text.encode() in told:
                found.append(int(entry.name))
    return found


class Installation:
    """Loctelli's commands as processes, all data under one directory."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self.directory = directory
        self.port = free_port()
        self.environment = {
            **os.environ,
            "DJANGO_ENV": "development",
            "DATABASE_URL": "",
            "DATABASE_OWNER_URL": "",
            "VAR_DIR": str(directory),
            "PORT": str(self.port),
            **environment,
        }
        self.started: list[subprocess.Popen[str]] = []

    def launch(self, *command: str) -> subprocess.Popen[str]:
        """Start a command without waiting for it; its output goes to files beside the data."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.directory / f"output-{len(self.started)}", "w") as output:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.started.append(process)
        return process

    def manage(self, *arguments: str) -> subprocess.Popen[str]:
        return self.launch("manage.py", *arguments)

    def output(self, process: subprocess.Popen[str]) -> str:
        return (self.directory / f"output-{self.started.index(process)}").read_text()

    def succeed(self, *arguments: str) -> str:
        """Run a management command to its good end and return what it printed."""
        process = self.manage(*arguments)
        status = process.wait(PATIENCE)
        assert status == 0, self.output(process)
        return self.output(process)

    def request(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any, str]:
        """Return status, headers and text of an answer, redirects not followed; status 0 when nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        text = None if body is None else json.dumps(body)
        if text is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request("GET" if body is None else "POST", path, text, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, {}, ""
        finally:
            connection.close()

    def close(self) -> None:
        """End whatever still runs, and wait until the database server has noticed that nobody uses it."""
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.started:
            process.wait(PATIENCE)
        wait_until(lambda: not processes_of(str(self.directory)))


class DatabaseServer:
    """A PostgreSQL server that a test stops and starts at will."""

    def __init__(self, directory: Path) -> None:
        self.embedded = EmbeddedServer(
            directory, roles=Roles.from_prefix("loctelli"), database="loctelli", schema="public"
        )
        self.start()

    def start(self) -> None:
        self.address = self.embedded.ensure()

    def stop(self) -> None:
        """Stop the server, and its keeper, which would start it again."""
        self.kill_keeper(signal.SIGTERM)

    def kill_keeper(self, number: int) -> None:
        os.kill(self.keeper(), number)
        wait_until(lambda: not has_keeper(self.embedded.directory))

    def keeper(self) -> int:
        status = Path(f"/proc/{self.postmaster()}/status").read_text()
        return int(status.partition("PPid:")[2].split()[0])

    def postmaster(self) -> int:
        return int((self.embedded.directory / "data" / "postmaster.pid").read_text().split()[0])

    def administrator_password(self) -> str:
        return json.loads((self.embedded.directory / "credentials.json").read_text())["administrator"]

    def environment(self) -> dict[str, str]:
        """Return the settings that lead an installation here."""
        place = f"127.0.0.1:{self.address.port}/loctelli?schema=public"
        return {
            "DATABASE_URL": f"postgresql://loctelli_login:{self.address.login_password}@{place}",
            "DATABASE_OWNER_URL": f"postgresql://loctelli_owner:{self.address.owner_password}@{place}",
        }

    def close(self) -> None:
        self.embedded.leave()
        wait_until(lambda: not processes_of(str(self.embedded.directory)))
