from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_initial")]

    operations = [
        migrations.AddField(
            model_name=name,
            name="password_change_required_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        )
        for name in ("adminuser", "user")
    ]
