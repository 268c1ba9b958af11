from django.apps import AppConfig


class SecurityConfig(AppConfig):
    name = "security"
    verbose_name = "Security"

    def ready(self) -> None:
        from security.keys import key_ring

        # Without a ring nothing of a tenant's could be stored or read: rather not start at all.
        key_ring()
