"""How an expectation about a table is written down."""

import re
from dataclasses import dataclass, field

TYPES = {"timestamptz": "timestamp with time zone", "double": "double precision"}

# A column's default that is no constant.
NOW = "now()"
BOUND = "the bound sub-account"

COLUMN = re.compile(
    r"(?P<name>\w+) +(?P<type>[\w\[\]]+)(?P<null> +null)?(?P<identity> +identity)?(?P<generated> +generated)?"
    r"(?: += +(?P<default>.+))?"
)
REFERENCE = re.compile(r"(?P<columns>[\w, ]+) -> (?P<target>\w+) \((?P<keys>[\w, ]+)\) +(?P<on_delete>[A-Z][\w ()]+)")


@dataclass(frozen=True)
class Column:
    """One column: PostgreSQL's name of its type, and the SQL of its default (None for none)."""

    name: str
    type: str
    null: bool
    default: str | None
    identity: bool = False
    generated: bool = False

    @property
    def must_be_given(self) -> bool:
        """Whether an INSERT that leaves the column out is refused."""
        return not (self.null or self.identity or self.generated or self.default is not None)


@dataclass(frozen=True)
class Reference:
    """One foreign key; `on_delete` in PostgreSQL's words."""

    columns: tuple[str, ...]
    target: str
    keys: tuple[str, ...]
    on_delete: str

    @property
    def definition(self) -> str:
        """The foreign key as pg_get_constraintdef prints it. DEFERRABLE alone means INITIALLY IMMEDIATE."""
        return (
            f"FOREIGN KEY ({', '.join(self.columns)}) REFERENCES {self.target}({', '.join(self.keys)}) "
            f"ON DELETE {self.on_delete} DEFERRABLE"
        )

    @property
    def field(self) -> str:
        """The column that names the row referred to."""
        return self.columns[-1]

    @property
    def is_composite(self) -> bool:
        return len(self.columns) > 1


@dataclass(frozen=True)
class Table:
    """One table of the document."""

    name: str
    columns: dict[str, Column]
    additions: dict[str, str]
    references: tuple[Reference, ...]
    uniques: tuple[str, ...]
    walls: tuple[str, ...]
    indexes: tuple[str, ...]
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    checks: dict[str, str] = field(default_factory=dict)


def table(
    name: str,
    columns: str,
    *,
    additions: str = "",
    references: str = "",
    uniques: tuple[str, ...] = (),
    walls: tuple[str, ...] = (),
    indexes: tuple[str, ...] = (),
    choices: dict[str, str] | None = None,
    checks: dict[str, str] | None = None,
) -> Table:
    """Return the expectation of one table.

    columns: a line each, `name type [null] [identity] [generated] [= default]`: what the document lists.
    additions: the same with `# why`: what it doesn't list.
    references: a line each, `column, … -> table (column, …) ACTION`.
    uniques, indexes: what the document lists, "column, …", a partial unique with " WHERE …".
    walls: the uniques that composite references need.
    choices: the closed sets, column to "value value …".
    checks: further CHECK constraints, name to reason.
    """
    listed = {column.name: column for column in map(_column, _lines(columns))}
    added, reasons = {}, {}
    for line in _lines(additions):
        declaration, _, reason = line.partition(" # ")
        if not reason:
            raise ValueError(f"{name}: an addition without a reason: {line}")
        column = _column(declaration.strip())
        added[column.name], reasons[column.name] = column, reason
    return Table(
        name=name,
        columns=listed | added,
        additions=reasons,
        references=tuple(map(_reference, _lines(references))),
        uniques=uniques,
        walls=walls,
        indexes=indexes,
        choices={column: tuple(values.split()) for column, values in (choices or {}).items()},
        checks=checks or {},
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def _column(line: str) -> Column:
    match = COLUMN.fullmatch(line)
    if match is None:
        raise ValueError(f"This is no column: {line}")
    return Column(
        name=match["name"],
        type=TYPES.get(match["type"], match["type"]),
        null=bool(match["null"]),
        default=match["default"],
        identity=bool(match["identity"]),
        generated=bool(match["generated"]),
    )


def _reference(line: str) -> Reference:
    match = REFERENCE.fullmatch(line)
    if match is None:
        raise ValueError(f"This is no reference: {line}")
    return Reference(
        columns=tuple(match["columns"].split(", ")),
        target=match["target"],
        keys=tuple(match["keys"].split(", ")),
        on_delete=match["on_delete"],
    )
