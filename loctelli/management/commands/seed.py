"""Write what every installation starts with and, when asked, two demo businesses."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from loctelli.management.seeds import seeding


class Command(BaseCommand):
    help = (
        "Write what every installation starts with: the first admin, ONBOARDING, the system user, prompt templates and "
        "integration templates. What is there is never changed, so it may run on a live database and as often as you "
        "like."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="add two demo businesses, each only if nothing of it is there"
        )
        parser.add_argument("--demo-password", help="the demo users' password (default: a generated one, printed once)")
        parser.add_argument(
            "--generate-password",
            action="store_true",
            help="without ADMIN_PASSWORD make one up and print it, as is done at a terminal",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = seeding.seed(
                email=settings.ADMIN_EMAIL,
                password=settings.ADMIN_PASSWORD,
                may_generate=options["generate_password"] or sys.stdin.isatty(),
                with_demo=options["demo"],
                demo_password=options["demo_password"],
            )
        except seeding.SeedRefused as error:
            raise CommandError(str(error)) from error
        for line in report.lines():
            self.stdout.write(line)
