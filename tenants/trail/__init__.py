"""The audit trail: who changed what, field by field.

Models and querysets (`rows`) write it in the change's own transaction, one INSERT for all that a call changes. Row
security lets a sub-account add entries about itself alone, and nobody changes one. Who acts is declared with
`tenants.scope.act_as`.

What writes a recorded table with SQL of its own calls `write()` with entries of its own.
"""

from tenants.trail.entries import COLUMNS, TABLE, Entry, insert_sql, write
from tenants.trail.finding import about
from tenants.trail.plans import masked_columns, plan_of, recording_of

__all__ = ["COLUMNS", "TABLE", "Entry", "about", "insert_sql", "masked_columns", "plan_of", "recording_of", "write"]
