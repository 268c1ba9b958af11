from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = _("Sub-accounts")

    def ready(self) -> None:
        from tenants import checks, grants, walls  # noqa: F401

        walls.build_walls()
        post_migrate.connect(grants.grant_after_migrate, sender=self)
