"""The document's section 3: Strategy, Lead, Booking, ContactSubmission, FormTemplate, FormSubmission."""

from loctelli.tests.expected_schema.table import table

CONTACT_STATUSES = "NEW CONTACTED QUALIFIED PROPOSAL_SENT CLOSED_WON CLOSED_LOST UNRESPONSIVE"
PRIORITIES = "LOW MEDIUM HIGH URGENT"

TABLES = (
    table(
        "strategies",
        """
        id                       bigint       identity
        regular_user_id          bigint
        sub_account_id           bigint       = the bound sub-account
        prompt_template_id       bigint
        name                     text
        description              text         null
        tag                      text         null
        industry_context         text         null
        ai_name                  text
        ai_role                  text
        company_background       text         null
        conversation_tone        text
        communication_style      text         null
        qualification_questions  text
        disqualification_rules   text         null
        objection_handling       text
        closing_strategy         text
        booking_instructions     text         null
        output_guidelines        text         null
        prohibited_behaviors     text         null
        delay_min                integer      null
        delay_max                integer      null
        metadata                 jsonb        null
        is_active                boolean      = true
        created_at               timestamptz  = now()
        updated_at               timestamptz  = now()
        """,
        references="""
        sub_account_id -> subaccounts (id) CASCADE
        sub_account_id, regular_user_id -> users (sub_account_id, id) CASCADE
        prompt_template_id -> prompt_templates (id) RESTRICT
        """,
        walls=("sub_account_id, id",),
        indexes=("sub_account_id", "regular_user_id", "prompt_template_id"),
    ),
    table(
        "leads",
        """
        id                  bigint       identity
        regular_user_id     bigint
        strategy_id         bigint
        sub_account_id      bigint       = the bound sub-account
        name                text
        email               text         null
        phone               text         null
        company             text         null
        position            text         null
        custom_id           text         null
        timezone            text         null
        message_history     jsonb        null
        conversation_state  jsonb        null
        status              text         = 'lead'
        notes               text         null
        last_message        text         null
        last_message_date   text         null
        created_at          timestamptz  = now()
        updated_at          timestamptz  = now()
        """,
        additions="""
        search_text  text  null  generated  # what search finds a row by, folded
        """,
        references="""
        sub_account_id -> subaccounts (id) CASCADE
        sub_account_id, regular_user_id -> users (sub_account_id, id) CASCADE
        sub_account_id, strategy_id -> strategies (sub_account_id, id) CASCADE
        """,
        walls=("sub_account_id, id",),
        indexes=("sub_account_id", "regular_user_id", "strategy_id"),
        checks={
            "leads_last_message_sealed": "DESIGN section 7: no message is stored in plaintext",
            "leads_message_history_sealed": "DESIGN section 7: no message is stored in plaintext",
        },
    ),
    table(
        "bookings",
        """
        id               bigint       identity
        regular_user_id  bigint
        lead_id          bigint       null
        sub_account_id   bigint       = the bound sub-account
        booking_type     text
        details          jsonb
        status           text         = 'pending'
        created_at       timestamptz  = now()
        updated_at       timestamptz  = now()
        """,
        references="""
        sub_account_id -> subaccounts (id) CASCADE
        sub_account_id, regular_user_id -> users (sub_account_id, id) CASCADE
        sub_account_id, lead_id -> leads (sub_account_id, id) SET NULL (lead_id)
        """,
        walls=("sub_account_id, id",),
        indexes=("sub_account_id", "regular_user_id"),
    ),
    table(
        "contact_submissions",
        """
        id              text
        full_name       text
        email           text
        phone           text
        services        text
        message         text         null
        source          text         = 'website'
        status          text         = 'NEW'
        priority        text         = 'MEDIUM'
        submitted_at    timestamptz  = now()
        updated_at      timestamptz  = now()
        followed_up_at  timestamptz  null
        closed_at       timestamptz  null
        assigned_to_id  bigint       null
        notes           jsonb        null
        sub_account_id  bigint       = the bound sub-account
        """,
        additions="""
        search_text  text  null  generated  # what search finds a row by, folded
        """,
        references="""
        sub_account_id -> subaccounts (id) RESTRICT
        sub_account_id, assigned_to_id -> users (sub_account_id, id) SET NULL (assigned_to_id)
        """,
        walls=("sub_account_id, id",),
        choices={"status": CONTACT_STATUSES, "priority": PRIORITIES},
    ),
    table(
        "form_templates",
        """
        id                   text
        name                 text
        slug                 text
        description          text         null
        is_active            boolean      = true
        schema               jsonb
        title                text
        subtitle             text         null
        submit_button_text   text         = 'Submit'
        success_message      text         = 'Thank you for your submission!'
        requires_wake_up     boolean      = true
        wake_up_interval     integer      = 30
        sub_account_id       bigint       null  = the bound sub-account
        created_at           timestamptz  = now()
        updated_at           timestamptz  = now()
        created_by_admin_id  bigint
        """,
        additions="""
        owner_id             bigint  null  generated  # sub_account_id or 0: what submissions refer to beside the id
        """,
        references="""
        sub_account_id -> subaccounts (id) RESTRICT
        created_by_admin_id -> admin_users (id) RESTRICT
        """,
        uniques=("slug",),
        walls=("owner_id, id",),
    ),
    table(
        "form_submissions",
        """
        id                text
        form_template_id  text
        data              jsonb
        files             jsonb        null
        ip_address        text         null
        user_agent        text         null
        source            text         = 'website'
        status            text         = 'new'
        priority          text         = 'MEDIUM'
        assigned_to_id    bigint       null
        notes             jsonb        null
        submitted_at      timestamptz  = now()
        updated_at        timestamptz  = now()
        reviewed_at       timestamptz  null
        contacted_at      timestamptz  null
        sub_account_id    bigint       = the bound sub-account
        """,
        additions="""
        form_owner_id     bigint  # the form's owner_id: keeps the reference to the own form or everyone's
        search_text       text  null  generated  # what search finds a row by, folded
        """,
        references="""
        sub_account_id -> subaccounts (id) RESTRICT
        form_owner_id, form_template_id -> form_templates (owner_id, id) RESTRICT
        sub_account_id, assigned_to_id -> users (sub_account_id, id) SET NULL (assigned_to_id)
        """,
        walls=("sub_account_id, id",),
        choices={"priority": PRIORITIES},
        checks={"form_submissions_own_form": "DESIGN section 3: form_owner_id is 0 or the sub-account itself"},
    ),
)
