"""What the database must look like, written by hand from the document and DESIGN section 2, not from the models.

`updated_at` has a default in every table, so that bare SQL, too, leaves no row without a stamp; the document asks for
one on Booking only.
"""

from loctelli.tests.expected_schema import business, core, integration, security, system
from loctelli.tests.expected_schema.table import BOUND, NOW, Column, Reference, Table

__all__ = ["BOUND", "NOW", "TABLES", "Column", "Reference", "Table"]

TABLES: dict[str, Table] = {
    table.name: table for section in (core, business, integration, system, security) for table in section.TABLES
}
