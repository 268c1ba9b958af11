"""Start Loctelli: the one command for development and production."""

import errno
import socket
import sys
import time
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

from loctelli.database import locks
from loctelli.supervisor import Child, Supervisor
from tenants.models import SubAccount
from tenants.scope import system_scope

# What was killed at its head a moment ago may still be letting go of the port.
PORT_PATIENCE = 5.0


class Command(BaseCommand):
    help = (
        "Migrate and seed the database, then serve the API and the console and work off background jobs, until SIGTERM "
        "or SIGINT. Any number of servers may start at once. In production a failed migration ends the start."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        wait_for_port()
        self._prepare_database()
        if settings.PRODUCTION:
            call_command("collectstatic", interactive=False, verbosity=0)
        connection.close()
        connection.close_pool()
        self._greet()
        python = [sys.executable]
        Supervisor(
            [
                Child("web server", [*python, "-m", "granian", *_granian_options(), "loctelli.wsgi:application"]),
                Child("worker", [*python, sys.argv[0], "worker"]),
            ]
        ).run()
        self.stdout.write("Stopped.")

    def _prepare_database(self) -> None:
        """Migrate and seed, one process at a time; serve no tenant while a wall is down."""
        try:
            call_command("migrate", interactive=False, verbosity=0)
            call_command("check_isolation", stdout=StringIO())
            self._seed()
        except Error as error:
            message = f"The database could not be brought up to date: {error}"
            if settings.PRODUCTION:
                raise CommandError(message) from error
            self.stderr.write(self.style.ERROR(f"{message}\nServing all the same, for this is development."))

    def _seed(self) -> None:
        with locks.owner_lock("seed"):
            with system_scope("start: is there anything yet?"):
                first_time = not SubAccount.objects.exists()
            development = not settings.PRODUCTION
            call_command("seed", demo=first_time and development, generate_password=development)

    def _greet(self) -> None:
        host = "localhost" if settings.BIND in ("127.0.0.1", "0.0.0.0", "::") else settings.BIND
        address = f"http://{host}:{settings.PORT}"
        self.stdout.write(f"Console  {address}/console/\nAPI docs {address}/api/docs/\nStop with Ctrl-C.")


def wait_for_port() -> None:
    """Raise CommandError unless the port is free: the web server would share it, and answer every other request."""
    family = socket.AF_INET6 if ":" in settings.BIND else socket.AF_INET
    deadline = time.monotonic() + PORT_PATIENCE
    while True:
        try:
            socket.create_server((settings.BIND, settings.PORT), family=family).close()
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                place = f"{settings.BIND}, port {settings.PORT}"
                why = (error.strerror or str(error)).partition(" (")[0]
                raise CommandError(f"Can't listen on {place} ({why}): stop what does, or set BIND and PORT.") from error
        time.sleep(0.2)


def _granian_options() -> list[str]:
    return [
        *("--interface", "wsgi", "--no-ws", "--host", settings.BIND, "--port", str(settings.PORT)),
        *("--workers", str(settings.WEB_WORKERS), "--blocking-threads", str(settings.WEB_THREADS)),
        *("--respawn-failed-workers", "--workers-kill-timeout", "15", "--log-level", "warning"),
    ]
