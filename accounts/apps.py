from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from accounts import locations, signals

        locations.check_database()

        # Django's own receiver writes outside of any scope.
        user_logged_in.disconnect(dispatch_uid="update_last_login")
        user_logged_in.connect(signals.stamp_last_login, dispatch_uid="stamp_last_login")
        user_logged_in.connect(signals.open_session, dispatch_uid="open_session")
