from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants.audit import find_breaches


class Command(BaseCommand):
    help = "Prove from PostgreSQL's catalogue that no tenant can reach another's rows; fail naming each breach."

    def handle(self, *args: Any, **options: Any) -> None:
        breaches = find_breaches()
        if breaches:
            raise CommandError("\n".join(breaches))
        self.stdout.write("All walls stand.")
