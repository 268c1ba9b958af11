from django.db import migrations

import tenants.search.index
from tenants.search.sql import functions, no_functions


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0003_index_the_latest"),
        ("tenants", "0003_add_search_functions"),
    ]

    operations = [
        migrations.AddField(
            model_name="lead",
            name="search_text",
            field=tenants.search.index.SearchTextField(
                codes=("email", "custom_id"), names=("name", "company"), phone="phone"
            ),
        ),
        migrations.AddField(
            model_name="contactsubmission",
            name="search_text",
            field=tenants.search.index.SearchTextField(
                codes=("email",), names=("full_name", "services", "message"), phone="phone"
            ),
        ),
        migrations.AddIndex(model_name="lead", index=tenants.search.index.SearchGin(name="leads_search")),
        migrations.AddIndex(
            model_name="contactsubmission", index=tenants.search.index.SearchGin(name="contacts_search")
        ),
        migrations.RunSQL(functions("leads", "bigint"), no_functions("leads")),
        migrations.RunSQL(functions("contact_submissions", "text"), no_functions("contact_submissions")),
    ]
