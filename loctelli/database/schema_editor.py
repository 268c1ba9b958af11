"""What migrations write SQL with."""

from django.db import models
from django.db.backends.postgresql.schema import DatabaseSchemaEditor


class SchemaEditor(DatabaseSchemaEditor):
    """PostgreSQL's, less the second index that Django gives each unique text column for `LIKE 'prefix%'`.

    No query of ours asks that of a cuid, an e-mail address, a slug or a token, and every INSERT would pay for it.
    """

    def _create_like_index_sql(self, model: type[models.Model], field: models.Field) -> None:
        return None
