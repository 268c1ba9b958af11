"""Show migrations, applied or not, as the owner of the tables sees them."""

from django.core.management.commands import showmigrations

from loctelli.database.commands import OwnerCommand


class Command(OwnerCommand, showmigrations.Command):
    pass
