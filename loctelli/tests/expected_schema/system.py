"""The document's section 5: PromptTemplate, SubAccountPromptTemplate, SubAccountInvitation."""

from loctelli.tests.expected_schema.table import table

TABLES = (
    table(
        "prompt_templates",
        """
        id                   bigint       identity
        name                 text
        description          text         null
        category             text         null
        base_system_prompt   text
        temperature          double       null  = 0.7
        max_tokens           integer      null
        is_active            boolean      = false
        tags                 text[]       = '{}'
        created_at           timestamptz  = now()
        updated_at           timestamptz  = now()
        created_by_admin_id  bigint
        """,
        references="created_by_admin_id -> admin_users (id) RESTRICT",
        indexes=("category", "created_by_admin_id"),
    ),
    table(
        "subaccount_prompt_templates",
        """
        id                  bigint       identity
        sub_account_id      bigint       = the bound sub-account
        prompt_template_id  bigint
        is_active           boolean      = false
        created_at          timestamptz  = now()
        updated_at          timestamptz  = now()
        """,
        references="""
        sub_account_id -> subaccounts (id) CASCADE
        prompt_template_id -> prompt_templates (id) CASCADE
        """,
        uniques=("sub_account_id, prompt_template_id", "sub_account_id WHERE is_active"),
        walls=("sub_account_id, id",),
        indexes=("sub_account_id, is_active",),
    ),
    table(
        "subaccount_invitations",
        """
        id                   text
        sub_account_id       bigint
        code                 text
        password             text         null
        max_uses             integer      null
        current_uses         integer      = 0
        expires_at           timestamptz  null
        is_active            boolean      = true
        created_by_admin_id  bigint
        created_at           timestamptz  = now()
        updated_at           timestamptz  = now()
        """,
        references="""
        sub_account_id -> subaccounts (id) CASCADE
        created_by_admin_id -> admin_users (id) RESTRICT
        """,
        uniques=("code",),
        indexes=("code", "sub_account_id"),
    ),
)
