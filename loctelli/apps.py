from django.apps import AppConfig
from django.contrib.admin import apps as admin
from django.core import checks

from loctelli.database.checks import check_schema


class LoctelliConfig(AppConfig):
    name = "loctelli"
    default = True

    def ready(self) -> None:
        checks.register(check_schema, checks.Tags.database)


class ConsoleConfig(admin.AdminConfig):
    """Django's admin, with our console as its site."""

    default = False
    default_site = "loctelli.console.site.ConsoleSite"
