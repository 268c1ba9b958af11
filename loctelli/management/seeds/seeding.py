"""Seeding as a whole: one transaction over all sub-accounts, one process at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import connection

from accounts.models import AdminUser, User
from crm.counts import count_anew
from loctelli.database.locks import lock_until_commit
from loctelli.management.seeds import demo, integrations, platform, prompts
from loctelli.management.seeds.passwords import SeedRefused, generate_password, require_strong
from tenants.scope import system_scope

__all__ = ["Report", "SeedRefused", "seed"]


@dataclass
class Report:
    """What seeding did; a password in it was made up and can't be read again."""

    admin_email: str = ""
    admin_password: str | None = None
    created: list[str] = field(default_factory=list)
    demo_users: list[User] = field(default_factory=list)
    demo_password: str = ""

    def lines(self) -> Iterator[str]:
        """Yield what a person needs to know, a summary sentence last."""
        if self.admin_password:
            yield "First login to the console (the password is shown this once):"
            yield f"  {self.admin_email}  {self.admin_password}"
        if self.demo_users:
            yield f"Demo users, all with the password {self.demo_password} (shown this once):"
            for user in self.demo_users:
                yield f"  {user.email:<28} {user.role:<8} {user.sub_account.name}"
        yield f"Seeded: {', '.join(self.created)}." if self.created else "Seeded: everything was there already."


def seed(*, email: str, password: str, may_generate: bool, with_demo: bool, demo_password: str | None = None) -> Report:
    """Write what is missing, and the demo businesses when asked; change nothing that is there. All of it or nothing.

    `may_generate` allows a made-up password for the first admin. Raises SeedRefused.
    """
    report = Report()
    with system_scope("seed"):
        _wait_for_other_seeds()
        admin = _seed_platform(report, email=email, password=password, may_generate=may_generate)
        if with_demo:
            _seed_demo(report, admin, demo_password)
    return report


def _seed_platform(report: Report, *, email: str, password: str, may_generate: bool) -> AdminUser:
    admin = platform.first_admin()
    if admin is None:
        admin, report.admin_password = platform.create_first_admin(
            email=email, password=password, may_generate=may_generate
        )
        report.admin_email = admin.email
        report.created.append(f"the first admin {admin.email}")
    is_new = platform.create_onboarding(admin)
    if is_new:
        report.created.append("ONBOARDING")
    if platform.create_system_user(admin):
        report.created.append("the system user")
    for catalogue, name in ((prompts, "prompt template"), (integrations, "integration template")):
        # A catalogue that admins have worked on is theirs: what they renamed or removed doesn't come back.
        if is_new or catalogue.is_empty():
            _count(report, len(catalogue.create_missing(admin)), name)
    return admin


def _seed_demo(report: Report, admin: AdminUser, password: str | None) -> None:
    businesses = demo.missing_businesses()
    if not businesses:
        return
    if password:
        require_strong(password, source="--demo-password")
    report.demo_password = password or generate_password()
    for business in businesses:
        report.demo_users += demo.create_business(business, admin=admin, password=report.demo_password)
        report.created.append(f"the demo business {business.name}")
    count_anew()


def _count(report: Report, number: int, name: str) -> None:
    if number:
        report.created.append(f"{number} {name}{'' if number == 1 else 's'}")


def _wait_for_other_seeds() -> None:
    """Hold the seeding lock until the transaction ends, waiting for it as long as another process seeds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true)")
        lock_until_commit(connection, "seed.rows")
