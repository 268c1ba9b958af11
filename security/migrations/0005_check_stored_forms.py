from django.db import migrations, models

REFUSED = "Is not of the stored form."


def shaped(model: str, field: str, pattern: str, table: str) -> migrations.AddConstraint:
    return migrations.AddConstraint(
        model_name=model,
        constraint=models.CheckConstraint(
            condition=models.Q((f"{field}__regex", pattern)),
            name=f"{table}_{field}",
            violation_error_message=REFUSED,
        ),
    )


class Migration(migrations.Migration):
    dependencies = [("security", "0004_add_sessions_and_devices")]

    operations = [
        shaped("datakey", "kid", "^[A-Za-z0-9._-]{1,64}$", "data_keys"),
        shaped("datakey", "wrapped_key", "^[A-Za-z0-9+/]{80}$", "data_keys"),
        shaped(
            "conversationmessage",
            "encrypted_content",
            "^([A-Za-z0-9+/]{4}){5,}([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$",
            "conversation_messages",
        ),
        shaped("conversationmessage", "salt", "^[A-Za-z0-9+/]{20}[A-Za-z0-9+/]{2}==$", "conversation_messages"),
        shaped("conversationmessage", "iv", "^[A-Za-z0-9+/]{16}$", "conversation_messages"),
        shaped("conversationmessage", "integrity_hash", "^[0-9a-f]{64}$", "conversation_messages"),
        shaped("refreshtoken", "token_hash", "^[0-9a-f]{64}$", "refresh_tokens"),
    ]
