"""Making an incident of ciphertext that no longer opens: somebody changed the database past Loctelli, or lost a key."""

from collections.abc import Iterator
from contextlib import contextmanager

from security.choices import IncidentType, Severity
from security.keys import Unreadable


@contextmanager
def reporting(
    *, table: str, column: str, row_id: int | str, sub_account_id: int | None = None, admin_id: int | None = None
) -> Iterator[None]:
    """Report what inside the block does not open, of a sub-account or a platform admin, and let it through."""
    try:
        yield
    except Unreadable as error:
        report(error, table=table, column=column, row_id=row_id, sub_account_id=sub_account_id, admin_id=admin_id)
        raise


def report(
    error: Unreadable,
    *,
    table: str,
    column: str,
    row_id: int | str,
    sub_account_id: int | None = None,
    admin_id: int | None = None,
) -> None:
    """Report what does not open, of a sub-account or a platform admin."""
    # Imported here: models read through this, and incidents are a model.
    from security import incidents

    whose = {} if admin_id is None else {"admin_id": admin_id}
    incidents.report(
        IncidentType.INTEGRITY_VIOLATION,
        severity=Severity.CRITICAL,
        description=DESCRIPTIONS[error.code],
        sub_account_id=sub_account_id,
        metadata={"table": table, "column": column, "row": row_id, **whose},
    )


DESCRIPTIONS = {
    "integrity_violation": "Something encrypted was changed in the database: it does not decrypt.",
    "key_unknown": "Something encrypted can't be read: its key is missing.",
}
