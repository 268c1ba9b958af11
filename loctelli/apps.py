from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as admin
from django.core import checks
from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries

from loctelli.database.checks import check_schema


class LoctelliConfig(AppConfig):
    name = "loctelli"
    default = True

    def ready(self) -> None:
        checks.register(check_schema, checks.Tags.database)
        # A connection goes back to the pool when its request ends: none is old when one starts. Caches are in memory.
        request_started.disconnect(close_old_connections)
        request_finished.disconnect(close_caches)
        if not settings.DEBUG:
            # No statements are kept that a request would have to forget.
            request_started.disconnect(reset_queries)


class ConsoleConfig(admin.AdminConfig):
    """Django's admin, with our console as its site."""

    default = False
    default_site = "loctelli.console.site.ConsoleSite"
