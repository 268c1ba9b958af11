from django.db import migrations

from tenants.search.sql import FORWARD, REVERSE


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_add_background_actions")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
