from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _


class SecurityConfig(AppConfig):
    name = "security"
    verbose_name = _("Security")

    def ready(self) -> None:
        from security.keys import key_ring

        # Without a ring nothing of a tenant's could be stored or read: rather not start at all.
        key_ring()
        for name in dir(settings):
            if name.endswith("_THROTTLE"):
                check_rate(name)


def check_rate(name: str) -> None:
    """Raise ImproperlyConfigured, in one sentence, when a setting is no rate."""
    from security.throttling import Rate

    try:
        Rate.parse(getattr(settings, name))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error
