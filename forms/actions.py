"""What the console does with form submissions, ticked or all that match."""

from crm.actions import submission_actions
from forms.choices import SubmissionStatus
from tenants.console.exporting import exports

SUBMISSION_ACTIONS = [
    *submission_actions(SubmissionStatus, "reviewed_at", "contacted_at"),
    *exports(
        "id", "sub_account.name", "form_template.name", "data", "files", "source", "status", "priority",
        "assigned_to.name", "notes", "submitted_at", "reviewed_at", "contacted_at", "updated_at",
    ),
]  # fmt: skip
