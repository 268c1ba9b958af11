"""Lists as files: the ticked rows, or all that match, streamed a chunk at a time."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from loctelli.exports import FORMATS, Format, file_response
from tenants.scope import ensure_scope

ROWS_A_CHUNK = 500


class ExportAction:
    """An action of a list that downloads a file; the columns name fields, or fields of what a row refers to."""

    allowed_permissions = ("view",)

    def __init__(self, kind: Format, description: Any, columns: Sequence[str]) -> None:
        self.__name__ = f"export_{kind.name}"
        self.short_description = description
        self.kind, self.columns = kind, tuple(columns)

    def __call__(self, model_admin: Any, request: HttpRequest, rows: models.QuerySet) -> StreamingHttpResponse:
        """Answer with the file; its rows are asked for once the view has returned."""
        name = f"{model_admin.opts.verbose_name_plural}-{timezone.localdate():%Y-%m-%d}".replace(" ", "-")
        return file_response(self.kind, name=name, columns=self.columns, rows=self.rows(model_admin, request, rows))

    def rows(self, model_admin: Any, request: HttpRequest, rows: models.QuerySet) -> Iterator[dict[str, Any]]:
        """Yield rows by key, each chunk read in a scope of its own, as long as the admin may see them."""
        references = {column.partition(".")[0] for column in self.columns if "." in column}
        chunk = rows.select_related(None).select_related(*references).order_by("pk")
        last = None
        while True:
            with ensure_scope("console: an export"):
                cast(Any, request.user).refresh_from_db()
                if not model_admin.has_view_permission(request):
                    # The file says that it is incomplete.
                    raise PermissionDenied
                found = list((chunk if last is None else chunk.filter(pk__gt=last))[:ROWS_A_CHUNK])
                values = [self.row(row) for row in found]
            yield from values
            if len(found) < ROWS_A_CHUNK:
                return
            last = found[-1].pk

    def row(self, row: models.Model) -> dict[str, Any]:
        """Return a row as nested mappings, as the columns' paths read it."""
        values: dict[str, Any] = {}
        for column in self.columns:
            name, _, attribute = column.partition(".")
            found = getattr(row, name)
            if attribute:
                values.setdefault(name, {})[attribute] = None if found is None else getattr(found, attribute)
            else:
                values[name] = found
        return values


def exports(*columns: str) -> list[ExportAction]:
    """Return the actions that download these columns in each format."""
    names = {
        "csv": gettext_lazy("Export as CSV"),
        "xlsx": gettext_lazy("Export as a spreadsheet (XLSX)"),
        "jsonl": gettext_lazy("Export as JSON lines"),
    }
    return [ExportAction(FORMATS[name], description, columns) for name, description in names.items()]
