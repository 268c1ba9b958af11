"""Contact submissions: people who wrote through a website's contact form."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from crm.choices import ContactStatus, Priority
from loctelli.database.constraints import one_of
from loctelli.database.fields import CuidField, EmailField, ForeignKey, StringField
from loctelli.database.models import UpdatedModel
from tenants.models import SubAccountKey, TenantModel
from tenants.search import SearchGin, SearchIndex, SearchTextField


class ContactSubmission(TenantModel, UpdatedModel):
    """Somebody who asked to be contacted. Captured people are not lost silently: they hold their sub-account."""

    id = CuidField()
    full_name = StringField()
    email = EmailField()
    phone = StringField()

    sub_account = SubAccountKey(on_delete=models.RESTRICT)
    assigned_to = ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="assigned_contacts"
    )

    services = StringField()
    message = models.TextField(null=True, blank=True)
    source = StringField(default="website", db_default="website")

    status = StringField(choices=ContactStatus, default=ContactStatus.NEW, db_default=ContactStatus.NEW.value)
    priority = StringField(choices=Priority, default=Priority.MEDIUM, db_default=Priority.MEDIUM.value)
    notes = models.JSONField(null=True, blank=True, editable=False)

    submitted_at = models.DateTimeField(db_default=Now(), editable=False)
    followed_up_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    search_text = SearchTextField(names=["full_name", "services", "message"], codes=["email"], phone="phone")

    search_index = SearchIndex(searches=("full_name", "email", "phone", "services", "message"))

    class Meta(TenantModel.Meta):
        db_table = "contact_submissions"
        default_related_name = "contact_submissions"
        constraints = [
            one_of("status", ContactStatus, name="contact_submissions_status"),
            one_of("priority", Priority, name="contact_submissions_priority"),
        ]
        indexes = [
            # A sub-account's submissions, newest first, by last change, and those of one status.
            models.Index(fields=["sub_account", "submitted_at", "id"], name="contacts_newest"),
            models.Index(fields=["sub_account", "updated_at", "id"], name="contacts_changed"),
            models.Index(fields=["sub_account", "status", "submitted_at", "id"], name="contacts_status"),
            # Those that were asked for by part of a name, an address, a number or what was written.
            SearchGin(name="contacts_search"),
            # What is assigned to one person, also when that person is deleted.
            models.Index(fields=["assigned_to", "submitted_at", "id"], name="contacts_assigned"),
            # The console's list over all sub-accounts.
            models.Index(fields=["submitted_at", "id"], name="contacts_latest"),
        ]

    def __str__(self) -> str:
        return self.full_name

    def move_to(self, status: ContactStatus) -> None:
        """Set the status, stamp the first time somebody was in touch and when it was closed. Doesn't save."""
        self.status = status
        if status.is_followed_up and self.followed_up_at is None:
            self.followed_up_at = timezone.now()
        if not status.is_closed:
            self.closed_at = None
        elif self.closed_at is None:
            self.closed_at = timezone.now()
