"""XLSX, written as it is read: a ZIP archive whose sheets are compressed while their rows come in.

Text is an inline string, which no spreadsheet calculates; times are dates in UTC. A sheet that is full goes on in the
next. A cell holds 32,767 characters at most: longer text ends in an ellipsis (CSV and JSON lines have all of it).
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from loctelli.exports.cells import Row, reader, text_of
from loctelli.exports.formulas import looks_like_formula

# Excel's own limits; a sheet's first row names the columns.
MAX_ROWS, MAX_TEXT, MAX_TITLE = 1_048_576, 32_767, 31
# Integers that a spreadsheet's floating-point cells hold exactly.
EXACT = range(-(2**53), 2**53 + 1)
# Up to 2 GB a sheet needs no ZIP64, which not every spreadsheet reads.
MAX_BYTES = 1024**3
ROWS_A_PIECE = 100
EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
# The places of the styles below in their list.
TIME, TEXT_LIKE_FORMULA, HEADING = 1, 2, 3

DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"

SHEET_START = (
    f'{DECLARATION}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" '
    'topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
SHEET_END = "</sheetData></worksheet>"
STYLES = (
    f'{DECLARATION}<styleSheet xmlns="{MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    "<borders><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
RELATIONS = (
    f'{DECLARATION}<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)

# What XML can't hold, and text that reads like the escape for it.
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0d\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
MARKUP = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}


class Pipe(io.RawIOBase):
    """A file that is only written to, and whose bytes are taken away as they come."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: Any) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self.pieces)
        self.pieces.clear()
        return taken


def write(columns: Sequence[str], rows: Iterable[Row], *, title: str = "") -> Iterator[bytes]:
    """Yield the file's bytes; `title` names the sheets."""
    pipe, remaining, sheets = Pipe(), Remaining(rows), 0
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        while sheets == 0 or remaining:
            sheets += 1
            with archive.open(f"xl/worksheets/sheet{sheets}.xml", "w") as file:
                for piece in _sheet(columns, remaining):
                    file.write(piece)
                    if taken := pipe.take():
                        yield taken
        for name, text in _parts(_titles(title, sheets)).items():
            archive.writestr(name, text)
    yield pipe.take()


class Remaining:
    """The rows that are not written yet; true while there are any."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = iter(rows)
        self.next = list(islice(self.rows, 1))

    def __bool__(self) -> bool:
        return bool(self.next)

    def take(self) -> Row:
        (row,), self.next = self.next, list(islice(self.rows, 1))
        return row


def _sheet(columns: Sequence[str], remaining: Remaining) -> Iterator[bytes]:
    """Yield one sheet with as many of the rows as it holds."""
    read = reader(columns)
    cells = "".join(_text(column, HEADING) for column in columns)
    piece, number, size = [f"{SHEET_START}<row>{cells}</row>"], 1, 0
    while remaining and number < MAX_ROWS and size < MAX_BYTES:
        piece.append(f"<row>{''.join(map(_cell, read(remaining.take())))}</row>")
        number += 1
        if number % ROWS_A_PIECE == 0:
            yield (written := "".join(piece).encode())
            piece, size = [], size + len(written)
    yield "".join([*piece, SHEET_END]).encode()


def _cell(value: Any) -> str:
    match value:
        case None | "":
            return "<c/>"
        case str():
            return _text(value, TEXT_LIKE_FORMULA if looks_like_formula(value) else 0)
        case bool():
            return f'<c t="b"><v>{value:d}</v></c>'
        case int() if value in EXACT:
            return f"<c><v>{value}</v></c>"
        case float():
            return f"<c><v>{value!r}</v></c>"
        case datetime() if value >= (EPOCH if value.tzinfo else EPOCH.replace(tzinfo=None)):
            days = (value - (EPOCH if value.tzinfo else EPOCH.replace(tzinfo=None))).total_seconds() / 86400
            return f'<c s="{TIME}"><v>{days:.9f}</v></c>'
        case _:
            return _text(text_of(value), 0)


def _text(text: str, style: int) -> str:
    text = text.replace("\r\n", "\n")
    if len(text) > MAX_TEXT:
        text = text[: MAX_TEXT - 1] + "…"
    text = UNWRITABLE.sub(_escaped, text).translate(MARKUP)
    chosen = f' s="{style}"' if style else ""
    return f'<c t="inlineStr"{chosen}><is><t xml:space="preserve">{text}</t></is></c>'


def _escaped(found: re.Match) -> str:
    return f"_x{ord(found[0]):04X}_"


def _titles(title: str, number: int) -> list[str]:
    title = re.sub(r"[\[\]:*?/\\'<>&\"]", " ", title).strip()[: MAX_TITLE - 4] or "Sheet"
    return [title, *(f"{title} {index}" for index in range(2, number + 1))]


def _parts(titles: list[str]) -> dict[str, str]:
    """Return what is in the archive beside the sheets, by its name there."""
    numbered = list(enumerate(titles, 1))
    sheets = "".join(f'<sheet name="{title}" sheetId="{n}" r:id="r{n}"/>' for n, title in numbered)
    targets = [(f"r{n}", "worksheet", f"worksheets/sheet{n}.xml") for n, _ in numbered]
    links = "".join(
        f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for key, kind, target in [*targets, ("styles", "styles", "styles.xml")]
    )
    kinds = {f"/xl/{target}": "worksheet" for _, _, target in targets}
    kinds |= {"/xl/workbook.xml": "sheet.main", "/xl/styles.xml": "styles"}
    overrides = "".join(
        f'<Override PartName="{name}" ContentType="{SPREADSHEET}.{kind}+xml"/>' for name, kind in kinds.items()
    )
    workbook = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>'
    relations = f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>'
    types = (
        f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{overrides}</Types>'
    )
    return {
        "xl/workbook.xml": DECLARATION + workbook,
        "xl/_rels/workbook.xml.rels": DECLARATION + relations,
        "xl/styles.xml": STYLES,
        "_rels/.rels": RELATIONS,
        "[Content_Types].xml": DECLARATION + types,
    }
