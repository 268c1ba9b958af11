"""Fill the database with made-up leads, to try out and measure Loctelli at size."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from loctelli.management.generating import sub_accounts
from loctelli.management.generating.sub_accounts import GenerationRefused


class Command(BaseCommand):
    help = (
        "Generate sub-accounts with people, agents, bookings and made-up leads in many languages, "
        "a million in minutes, to try out and measure Loctelli at size. What an earlier run has generated is brought "
        "to the numbers asked for, so run an interrupted one again; nothing is removed, other sub-accounts stay alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--leads", type=int, default=1_000_000, help="how many in all (default: %(default)s)")
        parser.add_argument("--sub-accounts", type=int, default=200, help="in how many (default: %(default)s)")
        parser.add_argument("--largest", type=int, help="how many of them in the first one (default: half of all)")
        parser.add_argument("--password", help="what their people sign in with (default: they can't)")
        parser.add_argument("--in-production", action="store_true", help="do so although this is production")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION and not options["in_production"]:
            raise CommandError(
                "generate_leads fills the database with made-up people: say --in-production if you mean it."
            )
        leads, number = options["leads"], options["sub_accounts"]
        largest = options["largest"] or max(leads // 2, -(-leads // max(number, 1)))
        started = time.monotonic()
        done = 0

        def progress(added: int) -> None:
            nonlocal done
            done += added
            self.stdout.write(f"\r{done:>10,} leads", ending="")
            self.stdout.flush()

        try:
            for position, size in enumerate(
                sub_accounts.sizes(leads=leads, sub_accounts=number, largest=largest), start=1
            ):
                sub_accounts.generate(position, size=size, password=options["password"], progress=progress)
        except GenerationRefused as error:
            raise CommandError(str(error)) from error
        sub_accounts.gather_statistics()
        self.stdout.write(f"\rAdded {done:,} leads to {number} sub-accounts in {time.monotonic() - started:.0f} s.")
