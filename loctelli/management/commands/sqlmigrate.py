"""Print a migration's SQL; the owner's connection knows the constraints' names."""

from django.core.management.commands import sqlmigrate

from loctelli.database.commands import OwnerCommand


class Command(OwnerCommand, sqlmigrate.Command):
    pass
