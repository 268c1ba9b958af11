"""Write migrations; the owner's connection reads which are applied."""

from django.core.management.commands import makemigrations

from loctelli.database.commands import OwnerCommand


class Command(OwnerCommand, makemigrations.Command):
    pass
