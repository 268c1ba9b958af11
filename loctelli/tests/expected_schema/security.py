"""The models the document names in its section 1 without fields; DESIGN section 2 gives these."""

from loctelli.tests.expected_schema.table import table

ACCOUNT_TYPES = "user admin"

TABLES = (
    table(
        "conversation_messages",
        """
        id                 text
        sub_account_id     bigint       = the bound sub-account
        lead_id            bigint
        role               text
        encrypted_content  text
        salt               text
        iv                 text
        integrity_hash     text
        validation_score   double       = 0.0
        message_timestamp  timestamptz
        metadata           jsonb        null
        created_at         timestamptz  = now()
        updated_at         timestamptz  = now()
        """,
        references="""
        sub_account_id -> subaccounts (id) CASCADE
        sub_account_id, lead_id -> leads (sub_account_id, id) CASCADE
        """,
        walls=("sub_account_id, id",),
        indexes=("sub_account_id, lead_id, message_timestamp",),
        choices={"role": "user assistant system"},
        checks={
            "conversation_messages_encrypted_content": "base64 of a ciphertext and its tag",
            "conversation_messages_salt": "base64 of 16 bytes",
            "conversation_messages_iv": "base64 of 12 bytes",
            "conversation_messages_integrity_hash": "an HMAC-SHA-256 in hex",
        },
    ),
    table(
        "security_incidents",
        """
        id              text
        type            text
        severity        text
        description     text
        lead_id         bigint       null
        message_id      text         null
        user_id         bigint       null
        metadata        jsonb        null
        resolved        boolean      = false
        resolved_at     timestamptz  null
        resolved_by     text         null
        created_at      timestamptz  = now()
        updated_at      timestamptz  = now()
        """,
        additions="""
        sub_account_id  bigint  null  # whose incident it is; outlives the sub-account, so it is no foreign key
        """,
        indexes=("sub_account_id, created_at", "type, created_at", "resolved, created_at"),
        choices={"severity": "LOW MEDIUM HIGH CRITICAL"},
    ),
    table(
        "auth_attempts",
        """
        id               text
        email            text
        account_type     text
        success          boolean
        ip_address       text
        user_agent       text         null
        failure_reason   text         null
        geo_location     jsonb        null
        is_new_location  boolean      = false
        is_new_device    boolean      = false
        created_at       timestamptz  = now()
        """,
        indexes=("email, account_type, created_at", "ip_address, created_at", "success, created_at"),
        choices={
            "account_type": ACCOUNT_TYPES,
            "failure_reason": "invalid_credentials account_locked account_inactive",
        },
    ),
    table(
        "account_lockouts",
        """
        id               text
        email            text
        account_type     text
        failed_attempts  integer      = 0
        locked_until     timestamptz  null
        last_attempt_at  timestamptz  = now()
        created_at       timestamptz  = now()
        updated_at       timestamptz  = now()
        """,
        uniques=("email, account_type",),
        indexes=("locked_until", "email, account_type"),
        choices={"account_type": ACCOUNT_TYPES},
    ),
    table(
        "password_history",
        """
        id             text
        user_id        bigint
        account_type   text
        password_hash  text
        created_at     timestamptz  = now()
        """,
        indexes=("user_id, account_type, created_at",),
        choices={"account_type": ACCOUNT_TYPES},
    ),
    table(
        "refresh_tokens",
        """
        id            text
        user_id       bigint
        account_type  text
        token_hash    text
        expires_at    timestamptz
        revoked_at    timestamptz  null
        ip_address    text
        user_agent    text         null
        created_at    timestamptz  = now()
        """,
        additions="""
        family              text                    # the first token of the sign-in: reuse of any member ends it
        stamp               text                    # changes with password and sub-account, which end the session
        remembered          boolean      = false    # rotation keeps how long the session goes on
        rotated_at          timestamptz  null       # when the token was used: it is good for one time
        session_started_at  timestamptz  = now()    # for lists: the row of the first token may be pruned
        session_expires_at  timestamptz             # when the session ends however much it is used
        """,
        uniques=("token_hash", "family WHERE ((revoked_at IS NULL) AND (rotated_at IS NULL))"),
        indexes=("user_id, account_type", "expires_at", "token_hash"),
        choices={"account_type": ACCOUNT_TYPES},
        checks={"refresh_tokens_token_hash": "a SHA-256 in hex"},
    ),
)
