"""Text that a spreadsheet would take for a formula, made harmless in a way that can be taken back.

After OWASP's "CSV Injection": an apostrophe stands before such text, which spreadsheets take as the sign for text. Text
that has apostrophes before such a beginning gets one more, so that every value comes back just as it was.
"""

import re

# The full-width forms count as the plain ones in East Asian spreadsheets.
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def looks_like_formula(text: str) -> bool:
    """Return whether a spreadsheet might do something else with the text than show it."""
    return FORMULA.match(text) is not None


def neutralised(text: str) -> str:
    """Return the text as a cell of a CSV file may hold it."""
    return f"'{text}" if looks_like_formula(text) else text


def restored(cell: str) -> str:
    """Return the text that `neutralised` made this cell of."""
    return cell[1:] if cell.startswith("'") and looks_like_formula(cell) else cell
