"""The kinds of table: who may do what with one, so that a mistake is a loud "permission denied"."""

from enum import StrEnum


class Access(StrEnum):
    """What the tenant role may do with a table; the system role may do everything."""

    TENANT = "tenant"  # read and write its own rows
    SUB_ACCOUNT = "sub_account"  # read its own row of `subaccounts`; update name, description and settings
    READABLE = "readable"  # read its own rows; only the system writes
    SHARED = "shared"  # read its own rows and those of nobody; write its own
    CATALOGUE = "catalogue"  # read all rows, which belong to no tenant
    SYSTEM = "system"  # nothing

    @property
    def has_policies(self) -> bool:
        """Whether rows of such a table belong to sub-accounts and row security tells them apart."""
        return self not in (Access.CATALOGUE, Access.SYSTEM)
