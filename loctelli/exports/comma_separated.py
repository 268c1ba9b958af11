"""CSV after RFC 4180, for spreadsheets: UTF-8 that says so, and no formulas.

The byte order mark is there because Excel takes a file without one for an old code page; Python reads it as
"utf-8-sig". Whatever is text is neutralised (`loctelli.exports.formulas`); numbers stay numbers.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from loctelli.exports.cells import Row, reader, text_of
from loctelli.exports.formulas import neutralised

PIECE = 64 * 1024


def write(columns: Sequence[str], rows: Iterable[Row], *, title: str = "") -> Iterator[bytes]:
    """Yield the file's bytes."""
    read, buffer = reader(columns), io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(map(_cell, columns))
    for row in rows:
        writer.writerow(map(_cell, read(row)))
        if buffer.tell() >= PIECE:
            yield _take(buffer)
    yield _take(buffer)


def _cell(value: Any) -> str:
    return neutralised(value) if isinstance(value, str) else text_of(value)


def _take(buffer: io.StringIO) -> bytes:
    piece = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return piece
