"""Who belongs to which sub-account: moving people, and the admin that every sub-account keeps."""

from collections.abc import Iterable

from accounts.choices import UserRole
from accounts.models import User
from loctelli.errors import Conflict, StillReferenced
from tenants.deletion import what_refers_to
from tenants.models import ONBOARDING_ID, FixtureOfThePlatform, SubAccount


class LastAdmin(Conflict):
    """A sub-account was about to lose its last active admin without anybody saying that it may."""

    code = "last_admin"
    detail = (
        "Nobody else is an active admin of this sub-account: make somebody one first, or repeat with ?last_admin=true."
    )


def hold_admins(*sub_account_ids: int) -> None:
    """Keep others from taking admins of these sub-accounts away until the transaction ends.

    Call it before reading or locking a user: of two admins who demote each other at once, the second then sees what the
    first one did.
    """
    list(SubAccount.objects.filter(pk__in=sub_account_ids).order_by("pk").select_for_update(no_key=True))


def left_without_admin(leaving: Iterable[User]) -> list[SubAccount]:
    """Return the sub-accounts that have an active admin and won't have one without these users.

    In ONBOARDING nobody administers anything. Call `hold_admins` before, where the answer decides.
    """
    keys = [user.pk for user in leaving]
    admins = User.objects.filter(role=UserRole.ADMIN, is_active=True).exclude(sub_account_id=ONBOARDING_ID)
    losing = set(admins.filter(pk__in=keys).values_list("sub_account_id", flat=True))
    keeping = set(
        admins.filter(sub_account_id__in=losing).exclude(pk__in=keys).values_list("sub_account_id", flat=True)
    )
    return list(SubAccount.objects.filter(pk__in=losing - keeping).order_by("name", "pk")) if losing - keeping else []


def is_active_admin(user: User) -> bool:
    """Return whether a user, as changed so far, is an admin who can act."""
    return user.role == UserRole.ADMIN and user.is_active


def move_user(user: User, *, to: SubAccount) -> None:
    """Move a user to another sub-account, in the system scope; from ONBOARDING their session goes on.

    Raises StillReferenced with counts when anything is theirs, FixtureOfThePlatform for the system user. That another
    admin remains is the caller's to look after.
    """
    if user.is_system:
        raise FixtureOfThePlatform
    if theirs := what_refers_to(user):
        raise StillReferenced(
            "These belong to this person where they are: reassign them first.",
            counts={count.model._meta.db_table: count.number for count in theirs},
        )
    user.sub_account = to
    user.save(update_fields=["sub_account"])
