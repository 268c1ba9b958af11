"""The PostgreSQL roles that the walls of isolation stand on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Roles:
    """Names of the four roles.

    owner: owns every table and runs migrations. login: what the application connects as; NOINHERIT, its default role
    is tenant. tenant: sees one sub-account's rows. system: sees all rows. None is a superuser or bypasses row security.
    """

    owner: str
    login: str
    tenant: str
    system: str

    @classmethod
    def from_prefix(cls, prefix: str) -> "Roles":
        return cls(f"{prefix}_owner", f"{prefix}_login", f"{prefix}_tenant", f"{prefix}_system")
