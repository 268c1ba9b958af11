"""What the platform itself stands on: its first admin, ONBOARDING and the system user."""

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, models
from django.db.models import Max

from accounts.choices import AdminRole, UserRole
from accounts.models import SYSTEM_USER_EMAIL, SYSTEM_USER_ID, AdminUser, User
from loctelli.database.fields import normalize_email
from loctelli.management.seeds.passwords import SeedRefused, generate_password, require_strong
from tenants.models import ONBOARDING_ID, SubAccount

DEFAULT_ADMIN_EMAIL = "admin@loctelli.com"


def first_admin() -> AdminUser | None:
    """Return the super_admin who has been here longest, active ones first; None on a new database."""
    return AdminUser.objects.filter(role=AdminRole.SUPER_ADMIN).order_by("-is_active", "pk").first()


def create_first_admin(*, email: str, password: str, may_generate: bool) -> tuple[AdminUser, str | None]:
    """Create the first super_admin; return it and the password if that was made up, which nobody can read again.

    Raises SeedRefused when address or password is missing and may not be made up, or is no good.
    """
    if not email and (password or not may_generate):
        raise SeedRefused("ADMIN_EMAIL is missing: set it to the e-mail address of the first platform admin.")
    if not password and not may_generate:
        raise SeedRefused("ADMIN_PASSWORD is missing: set it to 12 or more characters for the first platform admin.")
    email = normalize_email(email or DEFAULT_ADMIN_EMAIL)
    try:
        validate_email(email)
    except ValidationError as error:
        raise SeedRefused("ADMIN_EMAIL is no e-mail address: set it to that of the first platform admin.") from error
    if AdminUser.objects.filter(email=email).exists():
        raise SeedRefused("ADMIN_EMAIL belongs to an admin who is no super_admin: set it to another address.")
    generated = None if password else generate_password()
    if password:
        require_strong(password, source="ADMIN_PASSWORD", account=AdminUser(name="Admin", email=email))
    admin = AdminUser.objects.create_superuser(email, password or generated, name="Platform admin")
    return admin, generated


def create_onboarding(admin: AdminUser) -> bool:
    """Create sub-account 1, where people wait who have joined none yet; return whether it was missing."""
    missing = not SubAccount.objects.filter(pk=ONBOARDING_ID).exists()
    if missing:
        SubAccount.objects.create(
            pk=ONBOARDING_ID,
            name="ONBOARDING",
            description="Where people who have signed up wait until they join a business by invitation.",
            created_by_admin=admin,
        )
    advance_sequence(SubAccount)
    return missing


def create_system_user(admin: AdminUser) -> bool:
    """Create user 1, who acts in ONBOARDING for the console and can't sign in; return whether it was missing."""
    missing = not User.objects.filter(pk=SYSTEM_USER_ID).exists()
    if missing:
        if User.objects.filter(email=SYSTEM_USER_EMAIL).exists():
            raise SeedRefused(
                f"{SYSTEM_USER_EMAIL}, the system user's address, belongs to somebody else: give that user another one."
            )
        User.objects.create(
            pk=SYSTEM_USER_ID,
            name="System",
            email=SYSTEM_USER_EMAIL,
            password=make_password(None),
            role=UserRole.SYSTEM,
            sub_account_id=ONBOARDING_ID,
            created_by_admin=admin,
        )
    advance_sequence(User)
    return missing


def advance_sequence(model: type[models.Model]) -> None:
    """Leave a table's identity sequence past its greatest id; numbers that are past it already stay as they are.

    By nextval(), not setval(): a row that somebody inserts meanwhile can't be overtaken by a sequence set back.
    """
    meta = model._meta
    greatest = model._base_manager.aggregate(greatest=Max("pk"))["greatest"] or 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_serial_sequence(%s, %s)", [connection.ops.quote_name(meta.db_table), meta.pk.column]
        )
        (sequence,) = cursor.fetchone()
        cursor.execute(
            f"SELECT max(nextval(%s)) FROM {sequence}, generate_series(last_value + is_called::int, %s)",
            [sequence, greatest],
        )
