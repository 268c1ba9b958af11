"""The formats there are, and the answer that carries a file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.http import StreamingHttpResponse

from loctelli.exports import comma_separated, json_lines, workbook
from loctelli.exports.cells import Row

# A server may well end a stream that failed as if it were complete, so that the file itself has to say it is not.
BROKEN_OFF = "This export broke off here: the file is incomplete."


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: its name, which is its extension, its type, what writes it, and how it ends if it breaks off."""

    name: str
    content_type: str
    write: Callable[..., Iterator[bytes]]
    broken_off: bytes


FORMATS = {
    found.name: found
    for found in (
        Format("csv", "text/csv; charset=utf-8", comma_separated.write, f"\r\n{BROKEN_OFF}\r\n".encode()),
        # Half a ZIP archive is none: nothing opens it.
        Format("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook.write, b""),
        Format("jsonl", "application/jsonl", json_lines.write, f'{{"error":"{BROKEN_OFF}"}}\n'.encode()),
    )
}


def file_response(kind: Format, *, name: str, columns: Sequence[str], rows: Iterable[Row]) -> StreamingHttpResponse:
    """Return an answer that downloads a file called `name`, asking for rows as fast as the client takes them.

    `rows` are asked for after the view has returned, so whatever yields them opens its own scopes, one a chunk, and
    leaves none open while it yields. When the client goes away no more rows are asked for, and `rows` is closed.
    """
    return StreamingHttpResponse(
        File(kind, kind.write(columns, rows, title=name), rows),
        content_type=kind.content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}.{kind.name}"', "Cache-Control": "no-store"},
    )


@dataclass(frozen=True, slots=True)
class File:
    """What an answer iterates over, once, and closes however that ends."""

    kind: Format
    pieces: Iterator[bytes]
    rows: Iterable[Row]

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.pieces
        except Exception:  # whatever it is, it is raised again: the file is only told first that it is incomplete
            yield self.kind.broken_off
            raise

    def close(self) -> None:
        # Rows that were never asked for would not learn of it by the end of whoever asks.
        if hasattr(self.rows, "close"):
            self.rows.close()
