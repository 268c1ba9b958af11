"""What an admin has set up in the console for themselves."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from loctelli.database.fields import CuidField, ForeignKey
from tenants.access import Access, Recording


class ConsolePreference(models.Model):
    """To which sub-account an admin has narrowed the console. It is theirs rather than a session's: it stays."""

    access: ClassVar[Access] = Access.SYSTEM
    recording: ClassVar[Recording] = Recording.NEVER

    id = CuidField()
    admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    # Without a foreign key: what became of the sub-account is seen when it is looked up.
    sub_account_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "console_preferences"
        default_related_name = "console_preferences"
        constraints = [models.UniqueConstraint(fields=["admin"], name="console_preferences_admin")]

    def __str__(self) -> str:
        return f"Preferences of {self.admin}"
