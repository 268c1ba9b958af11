"""What is measured on: a database of the benchmark's own, filled with generated leads, and the addresses of it."""

import os
import sys
import time
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo

PROJECT = Path(__file__).resolve().parent.parent
PASSWORD = "bench four quiet lamps"
SUB_ACCOUNTS = 200
# Enough for what every request is allowed to be one of, while all throttles count as ever.
UNREACHABLE = "999999999/60"
# The numbers of two sub-accounts beside the others: one whose leads all have a conversation, one to be deleted.
TALKATIVE, TALKS = 100_000, 60
DOOMED = 100_001
# What leads that requests create are known by.
MARK = "benchmark"
THROTTLES = ("API_THROTTLE", "SUB_ACCOUNT_THROTTLE", "ANONYMOUS_THROTTLE", "LOGIN_THROTTLE")


@dataclass(frozen=True)
class Installation:
    """One database with its data directory; `open` it before anything of Django's is imported."""

    data: Path
    leads: int

    @classmethod
    def open(cls, data: Path, leads: int, *, durable: bool) -> "Installation":
        """Set Django up on the embedded server under this directory, migrated, seeded and filled.

        `durable` is whether a commit waits for the disk.
        """
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "loctelli.settings",
            "DJANGO_ENV": "development",
            "DATABASE_URL": "",
            "VAR_DIR": str(data),
            "LOG_LEVEL": "WARNING",
        }
        import django
        from django.core.management import call_command

        django.setup()
        from django.db import connection

        from loctelli.management.generating.sub_accounts import gather_statistics, generate

        call_command("migrate", verbosity=0, interactive=False)
        call_command("seed", generate_password=True, stdout=StringIO())
        installation = cls(data, leads)
        if installation.missing():
            sub_accounts = min(SUB_ACCOUNTS, leads // 50)
            call_command("generate_leads", leads=leads, sub_accounts=sub_accounts, password=PASSWORD)
        generate(TALKATIVE, size=TALKS, password=PASSWORD, conversations=TALKS)
        gather_statistics()
        with connection.as_owner(), connection.cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute(f"ALTER DATABASE loctelli SET synchronous_commit = {'on' if durable else 'off'}")
        return installation

    def missing(self) -> bool:
        """Return whether a run of the generator was never finished, or with fewer leads."""
        from crm.models import Lead
        from tenants.scope import system_scope

        with system_scope("benchmark"):
            generated = Lead.objects.filter(custom_id__startswith="generated-").count()
        return generated < self.leads

    def sub_accounts(self) -> int:
        from tenants.models import SubAccount
        from tenants.scope import system_scope

        with system_scope("benchmark"):
            return SubAccount.objects.filter(settings__generated__lt=TALKATIVE).count()

    def count_connections(self) -> int:
        """Return how many connections of the application the database has, but for this process's own."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT numbackends FROM pg_stat_database WHERE datname = current_database()")
            return cursor.fetchone()[0] - 1

    def remove_marked(self) -> None:
        """Delete what the measured requests have created."""
        from crm.models import Lead
        from loctelli.management.generating.sub_accounts import gather_statistics
        from tenants.scope import system_scope

        with system_scope("benchmark"):
            marked = Lead.objects.filter(custom_id=MARK)
            marked._raw_delete(marked.db)
        gather_statistics()

    def seconds_to_delete(self, leads: int) -> float:
        """Return how long it takes to delete a sub-account with so many leads."""
        from loctelli.management.generating.sub_accounts import gather_statistics, generate
        from tenants.scope import system_scope

        sub_account = generate(DOOMED, size=leads, password=None)
        gather_statistics()
        started = time.perf_counter()
        with system_scope("benchmark"):
            sub_account.delete()
        return time.perf_counter() - started

    def release(self) -> None:
        """Leave the database to those who are measured."""
        from django.db import connection

        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]

    def postmaster(self) -> int:
        return int((self.data / "postgres" / "data" / "postmaster.pid").read_text().split()[0])

    def environment(self) -> dict[str, str]:
        """Return the settings Loctelli runs with: production's, on this database, with throttles out of reach."""
        from django.conf import settings

        from loctelli.database.base import embedded_server

        address = embedded_server().ensure()
        place = f"{address.host}:{address.port}/loctelli?schema=public"
        roles = settings.DATABASE_ROLES
        return {
            **os.environ,
            "DJANGO_ENV": "production",
            "SECRET_KEY": settings.SECRET_KEY,
            "JWT_SIGNING_KEY": settings.JWT_SIGNING_KEY,
            "ENCRYPTION_KEYS": ",".join(settings.ENCRYPTION_KEYS),
            "ALLOWED_HOSTS": "127.0.0.1",
            "SECURE_SSL_REDIRECT": "false",
            "LOG_LEVEL": "INFO",
            "ACCESS_TOKEN_MINUTES": "600",
            "DATABASE_URL": f"postgresql://{roles.login}:{address.login_password}@{place}",
            "DATABASE_OWNER_URL": f"postgresql://{roles.owner}:{address.owner_password}@{place}",
            **dict.fromkeys(THROTTLES, UNREACHABLE),
            # The other two connect as the system role, which row security lets see everything.
            "BENCHMARK_DATABASE_URL": make_conninfo(
                host=address.host,
                port=address.port,
                dbname="loctelli",
                user=roles.login,
                password=address.login_password,
                options=f"-c role={roles.system}",
            ),
            "PYTHONPATH": str(PROJECT),
        }

    def facts(self) -> list[str]:
        """Return what the figures were measured with."""
        import platform

        import django
        from django.db import connection

        model = next(
            (
                line.partition(":")[2].strip()
                for line in Path("/proc/cpuinfo").read_text().splitlines()
                if "model name" in line
            ),
            platform.machine(),
        )
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            postgres = cursor.fetchone()[0]
        return [
            f"{os.cpu_count()} cores ({model})",
            f"Python {sys.version.split()[0]}",
            f"Django {django.__version__}",
            f"PostgreSQL {postgres}",
        ]


@dataclass(frozen=True)
class Tenant:
    """One generated sub-account, and what requests about it name."""

    sub_account_id: int
    user_id: int
    strategy_id: int
    email: str
    lead_ids: list[int]

    @classmethod
    def of(cls, number: int, *, leads: int = 100) -> "Tenant":
        """Return the generated sub-account of this number with so many of its leads, some of them with a booking."""
        from accounts.models import User
        from agents.models import Strategy
        from crm.models import Booking, Lead
        from tenants.models import SubAccount
        from tenants.scope import system_scope

        with system_scope("benchmark"):
            sub_account = SubAccount.objects.get(settings__generated=number)
            user: Any = User.objects.get(email=f"user1@{number}.generated.example")
            strategy = Strategy.objects.filter(sub_account=sub_account).order_by("pk")[0]
            booked = Booking.objects.filter(sub_account=sub_account, lead__isnull=False).order_by("pk")
            ids = list(booked.values_list("lead_id", flat=True)[: leads // 2])
            others = Lead.objects.filter(sub_account=sub_account).exclude(pk__in=ids).order_by("pk")
            ids += others.values_list("pk", flat=True)[: leads - len(ids)]
            return cls(sub_account.pk, user.pk, strategy.pk, user.email, ids)
