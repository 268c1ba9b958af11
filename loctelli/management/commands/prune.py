from django.core.management.base import BaseCommand

from accounts.pruning import prune


class Command(BaseCommand):
    help = (
        "Delete what has outlived its use: old attempts to sign in, ended sessions, forgotten devices and lockouts, "
        "answers to writes that nobody will repeat. The worker does the same every hour."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be deleted.")

    def handle(self, *args, dry_run: bool, **options) -> None:
        counts = prune(dry_run=dry_run)
        for table, number in counts.items():
            self.stdout.write(f"{number:>8}  {table}")
        total = sum(counts.values())
        verb = "would be deleted" if dry_run else "deleted"
        self.stdout.write(f"{total} row{'' if total == 1 else 's'} {verb}.")
