"""The document's section 4: IntegrationTemplate, Integration."""

from loctelli.tests.expected_schema.table import table

TABLES = (
    table(
        "integration_templates",
        """
        id                   bigint       identity
        name                 text
        display_name         text
        description          text         null
        category             text
        icon                 text         null
        is_active            boolean      = true
        config_schema        jsonb
        setup_instructions   text         null
        webhook_url          text         null
        api_version          text         null
        created_at           timestamptz  = now()
        updated_at           timestamptz  = now()
        created_by_admin_id  bigint
        """,
        references="created_by_admin_id -> admin_users (id) RESTRICT",
    ),
    table(
        "integrations",
        """
        id                       bigint       identity
        sub_account_id           bigint       = the bound sub-account
        integration_template_id  bigint
        name                     text
        description              text         null
        is_active                boolean      = false
        config                   jsonb
        status                   text         = 'pending'
        last_sync_at             timestamptz  null
        error_message            text         null
        webhook_secret           text         null
        created_at               timestamptz  = now()
        updated_at               timestamptz  = now()
        created_by_admin_id      bigint
        """,
        references="""
        sub_account_id -> subaccounts (id) CASCADE
        integration_template_id -> integration_templates (id) RESTRICT
        created_by_admin_id -> admin_users (id) RESTRICT
        """,
        walls=("sub_account_id, id",),
        choices={"status": "pending active error disconnected"},
        checks={"integrations_webhook_secret_sealed": "DESIGN section 7: no secret is stored in plaintext"},
    ),
)
