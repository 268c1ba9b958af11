"""The formats there are, and the answer that carries a file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.http import StreamingHttpResponse

from loctelli.exports import comma_separated, json_lines, workbook
from loctelli.exports.cells import Row


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: its name, which is its extension, its type, and what writes it."""

    name: str
    content_type: str
    write: Callable[..., Iterator[bytes]]


FORMATS = {
    found.name: found
    for found in (
        Format("csv", "text/csv; charset=utf-8", comma_separated.write),
        Format("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook.write),
        Format("jsonl", "application/jsonl", json_lines.write),
    )
}


def file_response(kind: Format, *, name: str, columns: Sequence[str], rows: Iterable[Row]) -> StreamingHttpResponse:
    """Return an answer that downloads a file called `name`, asking for rows as fast as the client takes them.

    `rows` are asked for after the view has returned, so whatever yields them opens its own scopes, one a chunk, and
    leaves none open while it yields. When the client goes away, no more rows are asked for.
    """
    return StreamingHttpResponse(
        kind.write(columns, rows, title=name),
        content_type=kind.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}.{kind.name}"',
            "Cache-Control": "no-store",
            # Proxies pass it on as it comes.
            "X-Accel-Buffering": "no",
        },
    )
