from django.apps import AppConfig


class OffboardingConfig(AppConfig):
    name = "loctelli.offboarding"
    label = "offboarding"
    verbose_name = "Offboarding"
