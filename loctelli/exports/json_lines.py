"""JSON lines, for programs: one row as one JSON object a line, nested as it is, with nothing changed or left out."""

from collections.abc import Iterable, Iterator, Sequence

from loctelli.api.renderers import dumps
from loctelli.exports.cells import Row

PIECE = 64 * 1024


def write(columns: Sequence[str], rows: Iterable[Row], *, title: str = "") -> Iterator[bytes]:
    """Yield the file's bytes; the rows themselves say what is in them."""
    pieces, size = [], 0
    for row in rows:
        line = dumps(row) + b"\n"
        pieces.append(line)
        size += len(line)
        if size >= PIECE:
            yield b"".join(pieces)
            pieces, size = [], 0
    yield b"".join(pieces)
