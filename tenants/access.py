"""The kinds of table: who may do what with one, so that a mistake is a loud "permission denied"."""

from enum import StrEnum


class Access(StrEnum):
    """What the tenant role may do with a table; the system role may do everything."""

    TENANT = "tenant"  # read and write its own rows
    SUB_ACCOUNT = "sub_account"  # read its own row of `subaccounts`; update name, description and settings
    READABLE = "readable"  # read its own rows; only the system writes
    SHARED = "shared"  # read its own rows and those of nobody; write its own
    CATALOGUE = "catalogue"  # read all rows, which belong to no tenant
    APPENDED = "appended"  # read its own rows and add some; nobody changes one, the system deletes old ones
    SYSTEM = "system"  # nothing

    @property
    def has_policies(self) -> bool:
        """Whether rows of such a table belong to sub-accounts and row security tells them apart."""
        return self not in (Access.CATALOGUE, Access.SYSTEM)

    @property
    def recording(self) -> "Recording":
        """Which changes of such a table the audit trail keeps, unless the model says otherwise."""
        if self == Access.APPENDED:
            return Recording.NEVER
        # The platform's own records change with every sign-in: what an admin does to them by hand is of interest.
        return Recording.BY_ADMINS if self in (Access.READABLE, Access.SYSTEM) else Recording.ALWAYS


class Recording(StrEnum):
    """Which changes of a table's rows the audit trail keeps; a model's `recording`."""

    ALWAYS = "always"
    BY_ADMINS = "by admins"  # those that a platform admin makes
    COUNTED = "counted"  # none; rows that go along with a deleted one are counted with it
    NEVER = "never"
