"""Files of rows: what comes out can be read again just as it went in, nothing calculates, and memory stays flat."""

import csv
import io
import json
import tracemalloc
import zipfile
from datetime import UTC, datetime
from itertools import repeat

import openpyxl
import pytest
from django.core.signals import request_finished
from django.db import close_old_connections
from openpyxl.utils.escape import unescape

from loctelli.exports import FORMATS, file_response, neutralised, restored, workbook

NASTY = [
    "=1+1", "+1 212 555 0142", "-5", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "''+1", "'t Hooft", "O'Hara",
    "", " ", "plain", 'say "hi", twice', "two\nlines", "=HYPERLINK(\"http://x\",\"y\")", "<b>&amp;</b>", "😀 Ünïcode",
    "_x0041_", "bell \x07",
]  # fmt: skip
MOMENT = datetime(2026, 11, 22, 17, 1, 12, 345000, UTC)


def written(kind: str, columns, rows, title="leads") -> bytes:
    return b"".join(FORMATS[kind].write(columns, iter(rows), title=title))


def cells_of_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def sheets_of(content: bytes) -> dict[str, list[tuple]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: list(sheet.values) for sheet in book}


@pytest.mark.parametrize("text", NASTY)
def test_text_made_harmless_comes_back_as_it_was(text):
    cell = neutralised(text)

    assert restored(cell) == text
    assert not cell.startswith(tuple("=+-@\t\r\n＝"))


def test_csv_opens_in_spreadsheets_as_what_was_written():
    content = written("csv", ["text"], [{"text": text} for text in NASTY])

    heading, *cells = [row[0] if row else "" for row in cells_of_csv(content)]
    assert content.startswith(b"\xef\xbb\xbf")
    assert heading == "text"
    assert [restored(cell) for cell in cells] == NASTY
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []


def test_a_workbook_holds_text_that_nothing_calculates():
    content = written("xlsx", ["text"], [{"text": text} for text in NASTY])

    rows = openpyxl.load_workbook(io.BytesIO(content))["leads"]
    cells = [cell for (cell,) in rows.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert [unescape(cell.value or "") for cell in cells] == NASTY
    assert [cell.quotePrefix for cell in cells if cell.value == "=1+1"] == [True]
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")


def test_values_keep_their_kind():
    row = {
        "int": 5, "negative": -1.5, "big": 2**60, "yes": True, "none": None, "at": MOMENT, "object": {"a": [1]},
        "strategy": {"name": "Home"}, "missing": None,
    }  # fmt: skip
    columns = [*list(row)[:7], "strategy.name", "missing.name"]

    assert cells_of_csv(written("csv", columns, [row]))[1] == [
        "5", "-1.5", str(2**60), "true", "", "2026-11-22T17:01:12.345000Z", '{"a":[1]}', "Home", "",
    ]  # fmt: skip
    assert sheets_of(written("xlsx", columns, [row]))["leads"][1] == (
        5, -1.5, str(2**60), True, None, MOMENT.replace(tzinfo=None), '{"a":[1]}', "Home", None,
    )  # fmt: skip
    assert json.loads(written("jsonl", columns, [row])) == {**row, "at": "2026-11-22T17:01:12.345000Z"}


@pytest.mark.parametrize("kind", FORMATS)
def test_no_rows_are_a_file_with_just_its_columns(kind):
    content = written(kind, ["id", "name"], [])

    if kind == "csv":
        assert cells_of_csv(content) == [["id", "name"]]
    elif kind == "xlsx":
        assert sheets_of(content) == {"leads": [("id", "name")]}
    else:
        assert content == b""


@pytest.mark.parametrize("rows", [1, 9, 10, 25])
def test_a_full_sheet_goes_on_in_the_next(rows, monkeypatch):
    monkeypatch.setattr(workbook, "MAX_ROWS", 10)

    sheets = sheets_of(written("xlsx", ["id"], [{"id": number} for number in range(rows)]))

    assert all(sheet[0] == ("id",) and len(sheet) <= 10 for sheet in sheets.values())
    assert [value for sheet in sheets.values() for (value,) in sheet[1:]] == list(range(rows))
    assert list(sheets) == ["leads", *(f"leads {number}" for number in range(2, len(sheets) + 1))]


def test_a_sheet_ends_before_it_would_need_zip64(monkeypatch):
    monkeypatch.setattr(workbook, "MAX_BYTES", 10_000)

    sheets = sheets_of(written("xlsx", ["text"], [{"text": "x" * 100}] * 1000))

    assert len(sheets) > 1
    assert sum(len(rows) - 1 for rows in sheets.values()) == 1000


def test_text_longer_than_a_cell_is_cut_and_says_so():
    text = "x" * 40_000

    (_, (cell,)) = sheets_of(written("xlsx", ["text"], [{"text": text}]))["leads"]

    assert (len(cell), cell[-1]) == (32_767, "…")
    assert cells_of_csv(written("csv", ["text"], [{"text": text}]))[1] == [text]


@pytest.mark.parametrize("title", ["", "a/b:c*[d]?", "x" * 50, "<&'\">"])
def test_any_title_is_one_a_workbook_takes(title):
    assert len(sheets_of(written("xlsx", ["id"], [{"id": 1}], title=title))) == 1


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_of_many_rows_takes_no_more_memory_than_one_of_few(kind):
    row = {"id": 1, "name": "Joan Reed", "email": "joan@customer.example", "at": MOMENT, "state": {"stage": "x"}}

    def peak(number: int) -> int:
        tracemalloc.start()
        for _ in FORMATS[kind].write(list(row), repeat(row, number), title="leads"):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)

    assert peak(20_000) < peak(2_000) + 500_000


@pytest.mark.parametrize("kind", FORMATS)
def test_the_first_bytes_come_long_before_the_last_row(kind):
    asked = 0

    def rows():
        nonlocal asked
        for number in range(100_000):
            asked += 1
            yield {"id": number, "name": f"{number * 7919 % 100_003}" * 20}

    pieces = FORMATS[kind].write(["id", "name"], rows(), title="leads")
    next(pieces), next(pieces)

    assert asked < 10_000


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_breaks_off_says_so_itself(kind):
    def rows():
        yield from [{"id": number} for number in range(10_000)]
        raise RuntimeError("the database went away")

    pieces = []
    with pytest.raises(RuntimeError):
        pieces.extend(file_response(FORMATS[kind], name="leads", columns=["id"], rows=rows()))

    content = b"".join(pieces)
    if kind == "xlsx":
        assert not zipfile.is_zipfile(io.BytesIO(content))
    else:
        assert "This export broke off here" in content.decode().splitlines()[-1]


def test_an_answer_that_is_closed_closes_its_rows():
    closed = []

    def rows():
        try:
            for number in range(1_000_000):
                yield {"id": number}
        finally:
            closed.append(True)

    response = file_response(FORMATS["jsonl"], name="leads", columns=["id"], rows=rows())
    next(iter(response))
    request_finished.disconnect(close_old_connections)  # which asks for a database, and there is none here
    response.close()
    request_finished.connect(close_old_connections)

    assert closed == [True]
    assert response["Content-Disposition"] == 'attachment; filename="leads.jsonl"'
