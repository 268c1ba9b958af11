"""Which entries of the audit trail are about a row."""

from django.db.models import Q


def about(key: object) -> Q:
    """Return the condition for the entries of rows with this key: their own, and those of very many that name it."""
    # The keys first, by which the index finds them.
    return Q(object_id__in=["", str(key)]) & (Q(object_id=str(key)) | Q(object_ids__contains=[str(key)]))
