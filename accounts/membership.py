"""Who belongs to which sub-account: moving people, and the admin that every sub-account keeps."""

from collections.abc import Iterable

from accounts import refresh_tokens
from accounts.choices import UserRole
from accounts.models import User
from loctelli.errors import Conflict, StillReferenced
from security.choices import AccountType
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


def check_movable(user: User) -> None:
    """Raise FixtureOfThePlatform for the system user, StillReferenced, with counts, when anything is the user's."""
    if user.is_system:
        raise FixtureOfThePlatform
    if theirs := what_refers_to(user):
        raise StillReferenced(
            f"{user} can't be moved while these are theirs: {', '.join(map(str, theirs))}.",
            counts={count.model._meta.db_table: count.number for count in theirs},
        )


def move_user(user: User, *, to: SubAccount) -> None:
    """Move a user, to whom nothing may belong, to another sub-account, in the system scope.

    Sessions end with it, but for those begun in ONBOARDING, for that is how people join. That an admin remains where
    they were is the caller's to look after.
    """
    check_movable(user)
    if user.sub_account_id != ONBOARDING_ID:
        refresh_tokens.end_sessions(AccountType.USER, user.pk)
    user.sub_account = to
    user.save(update_fields=["sub_account"])
