"""The tenants themselves."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from loctelli.database.fields import ForeignKey, JSONField, StringField
from loctelli.database.models import StampedModel
from loctelli.errors import Conflict
from tenants.access import Access
from tenants.managers import SubAccountManager
from tenants.shapes import SETTINGS
from tenants.trail.rows import RecordedModel

ONBOARDING_ID = 1


class FixtureOfThePlatform(Conflict):
    """ONBOARDING and its system user are part of the platform: new people wait there."""

    code = "fixture_of_the_platform"
    detail = "ONBOARDING and the system user can't be deleted."


class SubAccount(RecordedModel, StampedModel):
    """A client business: the tenant. Number 1 is ONBOARDING, where people wait who have joined none yet."""

    access: ClassVar[Access] = Access.SUB_ACCOUNT

    name = StringField()
    description = models.TextField(null=True, blank=True)

    created_by_admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT)

    settings = JSONField(shape=SETTINGS, null=True, blank=True)
    is_active = models.BooleanField(default=True, db_default=True)

    objects: ClassVar[SubAccountManager] = SubAccountManager()

    class Meta:
        db_table = "subaccounts"
        default_related_name = "sub_accounts"
        base_manager_name = "objects"
        default_manager_name = "objects"
        verbose_name = _("sub-account")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(pk=ONBOARDING_ID) | models.Q(name="ONBOARDING", is_active=True),
                name="subaccounts_onboarding_stays",
                violation_error_message=_("ONBOARDING can't be renamed or deactivated."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_onboarding(self) -> bool:
        return self.pk == ONBOARDING_ID

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        if self.is_onboarding:
            raise FixtureOfThePlatform
        return super().delete(*args, **kwargs)
