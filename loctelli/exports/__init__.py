"""Tables as files of any length: rows in, bytes out, a piece at a time and never more of it in memory.

Rows are mappings; a column is a key, or a path of keys into nested ones ("strategy.name"). Values are what models and
answers hold: text, numbers, true and false, times, None; objects and arrays become JSON text in cells.
"""

from loctelli.exports.files import FORMATS, Format, file_response
from loctelli.exports.formulas import neutralised, restored

__all__ = ["FORMATS", "Format", "file_response", "neutralised", "restored"]
