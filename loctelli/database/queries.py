"""Statements that travel together."""

from collections.abc import Sequence
from typing import Any


class Query:
    """A statement with its parameters, and its rows once it was run."""

    def __init__(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self.sql, self.parameters = sql, parameters
        self.rows: list[tuple] = []
