from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class LoctelliConfig(AppConfig):
    name = "loctelli"


class ConsoleConfig(AdminConfig):
    """Django's admin, with our console as its site."""

    default_site = "loctelli.console.ConsoleSite"
