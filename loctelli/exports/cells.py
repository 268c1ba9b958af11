"""What stands in the cells of a table, taken from rows that nest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from loctelli.api.renderers import dumps

Row = Mapping[str, Any]


def reader(columns: Sequence[str]) -> Callable[[Row], list[Any]]:
    """Return what reads a row's values, in the order of the columns; None where a nested row is missing."""
    paths = [column.split(".") for column in columns]

    def read(row: Row) -> list[Any]:
        return [_at(row, path) for path in paths]

    return read


def _at(row: Any, path: Iterable[str]) -> Any:
    for name in path:
        if row is None:
            return None
        row = row[name]
    return row


def text_of(value: Any) -> str:
    """Return what is not text already as the API writes it, without JSON's quotes; None is empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(UTC)).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else dumps(value).decode()
