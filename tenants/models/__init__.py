"""The tenants themselves, the way into them, and the base of every model whose rows belong to one."""

from tenants.models.background import BackgroundAction, BackgroundActionPart
from tenants.models.idempotency import IdempotencyKey
from tenants.models.invitations import SubAccountInvitation
from tenants.models.rows import CurrentSubAccount, SubAccountKey, TenantModel
from tenants.models.sub_accounts import ONBOARDING_ID, FixtureOfThePlatform, SubAccount
from tenants.trail.rows import RecordedModel, RecordedQuerySet

__all__ = [
    "ONBOARDING_ID",
    "BackgroundAction",
    "BackgroundActionPart",
    "CurrentSubAccount",
    "FixtureOfThePlatform",
    "IdempotencyKey",
    "RecordedModel",
    "RecordedQuerySet",
    "SubAccount",
    "SubAccountInvitation",
    "SubAccountKey",
    "TenantModel",
]
