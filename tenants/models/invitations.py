"""The way into a sub-account."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loctelli.database.fields import CuidField, ForeignKey, StringField
from loctelli.database.models import StampedModel
from tenants.access import Access, Recording
from tenants.models.sub_accounts import ONBOARDING_ID, SubAccount
from tenants.trail.rows import RecordedModel, RecordedQuerySet


class InvitationQuerySet(RecordedQuerySet):
    """Invitations, and which of them still let somebody in."""

    def usable(self) -> "InvitationQuerySet":
        """Keep what is active, unexpired, not used up, and of a sub-account that one can work in.

        Free of joins, so that an UPDATE that had to wait for another one looks at the row again.
        """
        return self.filter(
            Q(expires_at=None) | Q(expires_at__gt=Now()),
            Q(max_uses=None) | Q(current_uses__lt=F("max_uses")),
            sub_account__in=SubAccount.objects.filter(is_active=True).exclude(pk=ONBOARDING_ID),
            is_active=True,
        )


class SubAccountInvitation(RecordedModel, StampedModel):
    """A code that lets people join a sub-account, as often and as long as it says."""

    access: ClassVar[Access] = Access.SYSTEM
    recording: ClassVar[Recording] = Recording.ALWAYS

    id = CuidField()
    code = StringField(unique=True)

    sub_account = ForeignKey(SubAccount, on_delete=models.CASCADE)
    created_by_admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT)

    password = StringField(null=True, blank=True)
    max_uses = models.IntegerField(null=True, blank=True, help_text=_("Empty for unlimited."))
    current_uses = models.IntegerField(default=0, db_default=0, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True, db_default=True)

    objects: ClassVar[models.Manager] = models.Manager.from_queryset(InvitationQuerySet)()

    class Meta:
        db_table = "subaccount_invitations"
        default_related_name = "invitations"
        verbose_name = _("invitation")
        indexes = [
            # The invitations of one sub-account, newest first.
            models.Index(fields=["sub_account", "-created_at"], name="invitations_sub_account"),
        ]

    def __str__(self) -> str:
        return gettext("Invitation to %(name)s") % {"name": self.sub_account}
