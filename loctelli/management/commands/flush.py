"""Empty every table as the owner; the application's roles may not truncate."""

from django.core.management.commands import flush

from loctelli.database.commands import OwnerCommand


class Command(OwnerCommand, flush.Command):
    pass
