"""Keeps child processes running, and takes them along when it ends, however it ends."""

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

logger = logging.getLogger("loctelli.supervisor")

PR_SET_PDEATHSIG = 1
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
# A child that ran this long started well: its next failure is met with a short pause again.
GOOD_RUN = 60.0
STOP_SECONDS = 45.0
POLL_SECONDS = 0.2


class Child:
    """A command that is started again, after a growing pause, whenever it ends."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name = name
        self.command = command
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.start_at = 0.0
        self.pause = FIRST_PAUSE

    def keep_running(self) -> None:
        """Start the command when it does not run and its pause is over."""
        now = time.monotonic()
        if self.process is not None:
            status = self.process.poll()
            if status is None:
                return
            self._end_group()
            self.process = None
            self.pause = FIRST_PAUSE if now - self.started > GOOD_RUN else min(self.pause * 2, LONGEST_PAUSE)
            self.start_at = now + self.pause
            logger.error("The %s ended with status %s and starts again in %.0f s.", self.name, status, self.pause)
        if now >= self.start_at:
            self.started = now
            self.process = subprocess.Popen(self.command, start_new_session=True, preexec_fn=die_with(os.getpid()))

    def stop(self, deadline: float) -> None:
        """Wait until the child has followed its SIGTERM; end it by force when it has not by the deadline."""
        if self.process is None:
            return
        try:
            self.process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            logger.warning("The %s did not stop in time and is ended by force.", self.name)
            self.process.kill()
            self.process.wait()
        self._end_group()

    def _end_group(self) -> None:
        """End what the child has left behind: processes of its own that would keep its port."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Supervisor:
    """Runs children until SIGTERM or SIGINT."""

    def __init__(self, children: Sequence[Child]) -> None:
        self.children = children
        self.told_to_stop = False

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        try:
            while not self.told_to_stop:
                for child in self.children:
                    child.keep_running()
                time.sleep(POLL_SECONDS)
        finally:
            self._stop()

    def _on_signal(self, number: int, frame: object) -> None:
        self.told_to_stop = True

    def _stop(self) -> None:
        for child in self.children:
            if child.process is not None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            child.stop(deadline)


def die_with(parent: int) -> Callable[[], None]:
    """Return what makes a child get SIGTERM from the kernel when its parent dies."""
    library = ctypes.CDLL(None)

    def ask_the_kernel() -> None:
        library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel
