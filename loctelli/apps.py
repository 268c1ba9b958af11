from django.apps import AppConfig
from django.contrib.admin import apps as admin


class LoctelliConfig(AppConfig):
    name = "loctelli"
    default = True

    def ready(self) -> None:
        from loctelli.database import checks  # noqa: F401, the import registers them


class ConsoleConfig(admin.AdminConfig):
    """Django's admin, with our console as its site."""

    default = False
    default_site = "loctelli.console.ConsoleSite"
