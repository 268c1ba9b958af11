from django.db import migrations

from tenants.search.sql import everywhere


class Migration(migrations.Migration):
    dependencies = [("crm", "0005_index_filters_and_orders")]

    operations = [
        migrations.RunSQL(
            [everywhere("leads", "bigint"), everywhere("contact_submissions", "text")], migrations.RunSQL.noop
        )
    ]
