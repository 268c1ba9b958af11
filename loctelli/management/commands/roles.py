"""Write docs/roles.md: who may do what, as the code has it."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from loctelli.management import roles

PATH = settings.BASE_DIR / "docs" / "roles.md"


class Command(BaseCommand):
    help = "Write docs/roles.md, the tables of who may do what over the API and in the console, from the code."
    requires_system_checks: list = []

    def handle(self, *args: Any, **options: Any) -> None:
        PATH.write_text(roles.document())
        self.stdout.write(f"Wrote {PATH.relative_to(settings.BASE_DIR)}.")
