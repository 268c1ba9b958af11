from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("offboarding", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="closing", name="subaccount_closings_rows"),
        migrations.RemoveConstraint(model_name="closing", name="subaccount_closings_once"),
        migrations.RenameField(model_name="closing", old_name="sub_account_id", new_name="sub_account_number"),
        migrations.AddConstraint(
            model_name="closing",
            constraint=models.UniqueConstraint(fields=("sub_account_number",), name="subaccount_closings_once"),
        ),
    ]
