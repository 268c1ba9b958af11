"""The document's section 2: AdminUser, User, SubAccount."""

from loctelli.tests.expected_schema.table import table

TABLES = (
    table(
        "admin_users",
        """
        id             bigint       identity
        name           text
        email          text
        password       text
        role           text         = 'admin'
        is_active      boolean      = true
        permissions    jsonb        null
        last_login_at  timestamptz  null
        created_at     timestamptz  = now()
        updated_at     timestamptz  = now()
        """,
        additions="""
        password_change_required_at  timestamptz  null  # since when nothing but changing the password can be done
        """,
        uniques=("email",),
        choices={"role": "admin super_admin"},
    ),
    table(
        "users",
        """
        id                   bigint       identity
        name                 text
        email                text
        password             text
        role                 text         = 'user'
        is_active            boolean      = true
        company              text         null
        budget               text         null
        bookings_time        jsonb        null
        booking_enabled      integer      = 1
        timezone             text         = 'America/New_York'
        calendar_id          text         null
        location_id          text         null
        assigned_user_id     text         null
        last_login_at        timestamptz  null
        created_at           timestamptz  = now()
        updated_at           timestamptz  = now()
        sub_account_id       bigint       = the bound sub-account
        created_by_admin_id  bigint       null
        """,
        additions="""
        password_change_required_at  timestamptz  null  # since when nothing but changing the password can be done
        """,
        references="""
        sub_account_id -> subaccounts (id) CASCADE
        created_by_admin_id -> admin_users (id) SET NULL
        """,
        uniques=("email",),
        walls=("sub_account_id, id",),
        indexes=("sub_account_id",),
        # DESIGN section 2: `User.role` also takes `system`.
        choices={"role": "admin manager user system", "booking_enabled": "0 1"},
        checks={"users_system_stays": "user 1, the system user, is one, and can't be renamed, moved or deactivated"},
    ),
    table(
        "subaccounts",
        """
        id                   bigint       identity
        name                 text
        description          text         null
        is_active            boolean      = true
        settings             jsonb        null
        created_at           timestamptz  = now()
        updated_at           timestamptz  = now()
        created_by_admin_id  bigint
        """,
        references="created_by_admin_id -> admin_users (id) RESTRICT",
        checks={"subaccounts_onboarding_stays": "sub-account 1, ONBOARDING, can't be renamed or deactivated"},
    ),
)
