"""Move everything from the key ring's former keys to its first one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from security.key_rotation import BATCH, Rotation, rotate
from security.keys import key_ring


class Command(BaseCommand):
    help = (
        "Wrap every sub-account's data key, and every secret of the platform's own, under the first key of "
        "ENCRYPTION_KEYS, then say which of its other keys nothing needs any more. Add a new key as the last one and "
        "restart every process, then put it first and restart them again, then run this. Work may go on meanwhile, "
        "and a rotation that was cut short is finished by running it again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only try to open everything, and change nothing")
        parser.add_argument("--batch-size", type=int, default=BATCH, help=f"rows a transaction (default: {BATCH})")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch_size"] < 1:
            raise CommandError("--batch-size takes a number from 1 on.")
        rotation = rotate(batch=options["batch_size"], dry_run=options["dry_run"])
        verb = "Would wrap" if options["dry_run"] else "Wrapped"
        self.stdout.write(
            f"{verb} {_count(rotation.data_keys, 'data key')} and {_count(rotation.secrets, 'secret')} of the platform "
            f'under "{rotation.primary}".'
        )
        if rotation.failures:
            named = "\n".join(f"  {what}: {why}" for what, why in sorted(rotation.failures.items()))
            raise CommandError(
                f"{_count(len(rotation.failures), 'row')} can't be opened; take no key out of ENCRYPTION_KEYS before "
                f"you know why:\n{named}"
            )
        if not options["dry_run"]:
            self.stdout.write(_outlook(rotation))


def _outlook(rotation: Rotation) -> str:
    """Return whether the ring's other keys may leave it."""
    others = [kid for kid in key_ring().keys if kid != rotation.primary]
    if rotation.others_in_use:
        return (
            f"{_names(rotation.others_in_use)} must stay in ENCRYPTION_KEYS: some process still wraps under it. See "
            f'that all have "{rotation.primary}" first, and run this again.'
        )
    if not others:
        return "It is the only key, and everything is wrapped by it."
    return (
        f"Nothing stored needs {_names(others)} any more: take it out of ENCRYPTION_KEYS in a day, when the "
        "registrations under way have ended, and keep it as long as backups from before."
    )


def _names(kids: list[str]) -> str:
    return ", ".join(f'"{kid}"' for kid in kids)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
