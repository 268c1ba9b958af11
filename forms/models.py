"""Forms a stranger fills, and what came in through them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.choices import Priority
from forms.choices import SubmissionStatus
from forms.schema import FORM_SCHEMA
from loctelli.database.constraints import one_of
from loctelli.database.fields import CuidField, ForeignKey, JSONField, StringField
from loctelli.database.models import StampedModel, UpdatedModel
from tenants.access import Access
from tenants.managers import SharedManager
from tenants.models import RecordedModel, SubAccountKey, TenantModel
from tenants.search import SearchGin, SearchIndex, SearchTextField


class FormTemplate(RecordedModel, StampedModel):
    """A form's definition, of one sub-account or, without one, for all of them."""

    access: ClassVar[Access] = Access.SHARED

    id = CuidField()
    name = StringField()
    slug = StringField(unique=True)
    description = models.TextField(null=True, blank=True)

    # RESTRICT, for a SET NULL would turn a client's form into everyone's.
    sub_account = SubAccountKey(
        on_delete=models.RESTRICT, null=True, blank=True, help_text=_("Empty for all sub-accounts.")
    )
    created_by_admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT)
    # What submissions refer to together with the id: whose the form is, 0 for everyone's.
    owner_id = models.GeneratedField(
        expression=Coalesce("sub_account_id", 0), output_field=models.BigIntegerField(), db_persist=True
    )

    schema = JSONField(shape=FORM_SCHEMA, help_text=_("The form's fields, in order."))
    title = StringField()
    subtitle = models.TextField(null=True, blank=True)
    submit_button_text = StringField(default="Submit", db_default="Submit")
    success_message = StringField(default="Thank you for your submission!", db_default="Thank you for your submission!")
    requires_wake_up = models.BooleanField(default=True, db_default=True)
    wake_up_interval = models.IntegerField(default=30, db_default=30, help_text=_("Seconds."))
    is_active = models.BooleanField(default=True, db_default=True)

    objects = SharedManager()

    class Meta:
        db_table = "form_templates"
        default_related_name = "form_templates"
        base_manager_name = "objects"
        default_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["owner_id", "id"], name="form_templates_owner_key")]
        indexes = [
            # The forms of one sub-account, or everyone's.
            models.Index(fields=["sub_account", "created_at", "id"], name="form_templates_newest"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_global(self) -> bool:
        return self.sub_account_id is None


class FormSubmission(TenantModel, UpdatedModel):
    """What one person sent through a form. Captured people are not lost silently: they hold their sub-account."""

    id = CuidField()

    sub_account = SubAccountKey(on_delete=models.RESTRICT)
    form_template = ForeignKey(FormTemplate, on_delete=models.RESTRICT)
    # The form's owner_id: with it the reference can only point at the sub-account's own form or at everyone's.
    form_owner_id = models.BigIntegerField(editable=False)
    assigned_to = ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="assigned_form_submissions"
    )

    data = models.JSONField()
    files = models.JSONField(null=True, blank=True)
    ip_address = StringField(null=True, blank=True)
    user_agent = models.TextField(null=True, blank=True)
    source = StringField(default="website", db_default="website")

    status = StringField(choices=SubmissionStatus, default=SubmissionStatus.NEW, db_default=SubmissionStatus.NEW.value)
    priority = StringField(choices=Priority, default=Priority.MEDIUM, db_default=Priority.MEDIUM.value)
    notes = models.JSONField(null=True, blank=True, editable=False)

    submitted_at = models.DateTimeField(db_default=Now(), editable=False)
    reviewed_at = models.DateTimeField(null=True, blank=True, editable=False)
    contacted_at = models.DateTimeField(null=True, blank=True, editable=False)
    search_text = SearchTextField(answers="data")

    search_index = SearchIndex(searches=("data",))

    class Meta(TenantModel.Meta):
        db_table = "form_submissions"
        default_related_name = "form_submissions"
        constraints = [
            one_of("priority", Priority, name="form_submissions_priority"),
            models.CheckConstraint(
                condition=Q(form_owner_id=0) | Q(form_owner_id=F("sub_account_id")),
                name="form_submissions_own_form",
                violation_error_message=_("The form belongs to another sub-account."),
            ),
        ]
        indexes = [
            # A sub-account's submissions, newest first, by last change, and those of one status.
            models.Index(fields=["sub_account", "submitted_at", "id"], name="submissions_newest"),
            models.Index(fields=["sub_account", "updated_at", "id"], name="submissions_changed"),
            models.Index(fields=["sub_account", "status", "submitted_at", "id"], name="submissions_status"),
            # One form's submissions, also when the form is to be deleted.
            models.Index(fields=["form_template", "submitted_at", "id"], name="submissions_form"),
            # What is assigned to one person, also when that person is deleted.
            models.Index(fields=["assigned_to", "submitted_at", "id"], name="submissions_assigned"),
            # The console's list over all sub-accounts.
            models.Index(fields=["submitted_at", "id"], name="submissions_latest"),
            # Those that were asked for by part of an answer.
            SearchGin(name="submissions_search"),
        ]

    def __str__(self) -> str:
        return gettext("%(form)s at %(at)s") % {
            "form": self.form_template,
            "at": f"{self.submitted_at:%Y-%m-%d %H:%M}",
        }

    def save(self, *args, **kwargs) -> None:
        if self.form_owner_id is None:
            self.form_owner_id = self.form_template.sub_account_id or 0
        super().save(*args, **kwargs)

    def move_to(self, status: SubmissionStatus) -> None:
        """Set the status, and stamp the first time it was reviewed and the person contacted. Doesn't save."""
        self.status = status
        if status != SubmissionStatus.NEW and self.reviewed_at is None:
            self.reviewed_at = timezone.now()
        if status in (SubmissionStatus.CONTACTED, SubmissionStatus.PROCESSED) and self.contacted_at is None:
            self.contacted_at = timezone.now()
