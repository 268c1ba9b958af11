"""Making an incident of ciphertext that no longer opens: somebody changed the database past Loctelli."""

from collections.abc import Iterator
from contextlib import contextmanager

from security.choices import IncidentType, Severity
from security.encryption import DecryptionFailed


@contextmanager
def reporting(*, sub_account_id: int, table: str, column: str, row_id: int | str) -> Iterator[None]:
    """Report a DecryptionFailed inside the block as an incident and let it through."""
    try:
        yield
    except DecryptionFailed:
        # Imported here: models read through this, and incidents are a model.
        from security import incidents

        incidents.report(
            IncidentType.INTEGRITY_VIOLATION,
            severity=Severity.CRITICAL,
            description="Something encrypted was changed in the database: it does not decrypt.",
            sub_account_id=sub_account_id,
            metadata={"table": table, "column": column, "row": row_id},
        )
        raise
