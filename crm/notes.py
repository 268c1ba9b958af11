"""Notes on submissions: JSON arrays that several people append to at once."""

from typing import TypedDict, TypeVar

from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import AdminUser, User


class Note(TypedDict):
    """One remark: what, when (ISO 8601, UTC) and by whom."""

    content: str
    created_at: str
    author_id: int | None
    author_name: str


Submission = TypeVar("Submission", bound=models.Model)


class Appended(models.Func):
    """Two jsonb values put together by PostgreSQL's ||."""

    template = "%(expressions)s"
    arg_joiner = " || "
    output_field = models.JSONField()


def append_note(submission: Submission, *, content: str, author: User | AdminUser) -> Submission:
    """Append a note to a row's `notes` in one UPDATE, so that two people writing at once lose nothing.

    A platform admin's note has the name alone: the number would be taken for a user's.
    """
    note: Note = {
        "content": content,
        "created_at": timezone.now().isoformat().replace("+00:00", "Z"),
        "author_id": author.pk if isinstance(author, User) else None,
        "author_name": author.name,
    }
    notes = models.JSONField()
    type(submission)._default_manager.filter(pk=submission.pk).update(
        notes=Appended(Coalesce(F("notes"), Value([], notes)), Value([note], notes))
    )
    submission.refresh_from_db(fields=["notes", "updated_at"])
    return submission
