"""The servers that are measured: the same HTTP server with one worker process, kept on one core."""

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson

from benchmarks.installation import PROJECT

APPLICATIONS = {
    "ours": "loctelli.wsgi:application",
    "plain": "benchmarks.plain.wsgi:application",
    "floor": "benchmarks.floor:application",
}
HOST = "127.0.0.1"
PATIENCE = 60
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Server:
    """A WSGI application behind granian, on one core or on any."""

    def __init__(
        self, application: str, *, environment: dict[str, str], core: int | None, log: Path, threads: int
    ) -> None:
        self.port = free_port()
        with open(log, "w") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--host", HOST),
                    *("--port", str(self.port), "--workers", "1", "--blocking-threads", str(threads)),
                    *("--log-level", "warning", application),
                ],
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=lambda: os.sched_setaffinity(0, range(os.cpu_count() or 1) if core is None else {core}),
            )
        self.log = log
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"The server did not start: see {self.log}.") from None
                time.sleep(0.1)
            else:
                return

    def ask(self, method: str, path: str, *, token: str = "", body: Any = None) -> tuple[int, Any]:
        """Return status and parsed body of one answer."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, None if body is None else orjson.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, orjson.loads(text)

    def cpu_seconds(self) -> float:
        """Return the processor time that the server's processes have used so far."""
        return sum(map(cpu_seconds, family(self.process.pid)))

    def memory(self) -> int:
        """Return the resident memory of the worker, the largest of the server's processes, in bytes."""
        return max(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE for pid in family(self.process.pid))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def family(pid: int) -> list[int]:
    """Return a process and all its descendants that are alive."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, children.read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process, of the children it has waited for, too."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def pin(pid: int, core: int) -> None:
    """Keep a process and its descendants on one core."""
    for member in family(pid):
        for task in Path(f"/proc/{member}/task").iterdir():
            os.sched_setaffinity(int(task.name), {core})
