import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models

import loctelli.database.fields
from security.session_sql import FORWARD, REVERSE

STRING = loctelli.database.fields.StringField
ACCOUNT_TYPES = [("user", "User"), ("admin", "Admin")]


class Migration(migrations.Migration):
    dependencies = [("security", "0003_throttle_several_at_once")]

    operations = [
        migrations.CreateModel(
            name="KnownDevice",
            fields=[
                (
                    "id",
                    loctelli.database.fields.CuidField(
                        default=loctelli.database.fields.cuid, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("user_id", models.BigIntegerField()),
                ("account_type", STRING(choices=ACCOUNT_TYPES)),
                ("user_agent", models.TextField(blank=True, null=True)),
                ("ip_address", STRING()),
                ("failed_attempts", models.IntegerField(db_default=0, default=0)),
                ("locked_until", models.DateTimeField(blank=True, null=True)),
                ("last_attempt_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "db_table": "known_devices",
                "default_related_name": "known_devices",
                "indexes": [
                    models.Index(fields=["user_id", "account_type"], name="known_devices_account"),
                    models.Index(fields=["last_used_at"], name="known_devices_use"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("account_type__in", ["user", "admin"])),
                        name="known_devices_account_type",
                        violation_error_message="Must be one of: user, admin.",
                    )
                ],
            },
        ),
        # Tokens of before could not be renewed: they fit no account and have ended.
        migrations.AddField(
            "refreshtoken",
            "stamp",
            STRING(default="", help_text="Changes with the account's password and sub-account, which end the session."),
            preserve_default=False,
        ),
        migrations.AddField("refreshtoken", "remembered", models.BooleanField(db_default=False, default=False)),
        migrations.AddField("refreshtoken", "rotated_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "refreshtoken",
            "session_started_at",
            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            "refreshtoken",
            "session_expires_at",
            models.DateTimeField(
                default=django.utils.timezone.now, help_text="When the session ends however much it is used."
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(
            "UPDATE refresh_tokens SET revoked_at = now() WHERE revoked_at IS NULL", migrations.RunSQL.noop
        ),
        migrations.AddConstraint(
            "refreshtoken",
            models.UniqueConstraint(
                condition=models.Q(("revoked_at", None), ("rotated_at", None)),
                fields=("family",),
                name="refresh_tokens_one_chain",
            ),
        ),
        migrations.RunSQL(FORWARD, REVERSE),
    ]
