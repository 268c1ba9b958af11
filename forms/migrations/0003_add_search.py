from django.db import migrations

import tenants.search.index
from tenants.search.sql import ANSWERS, functions, no_functions


class Migration(migrations.Migration):
    dependencies = [
        ("forms", "0002_index_filters_and_orders"),
        ("tenants", "0003_add_search_functions"),
    ]

    operations = [
        migrations.RunSQL(ANSWERS, "DROP FUNCTION search_answers(jsonb)"),
        migrations.AddField(
            model_name="formsubmission",
            name="search_text",
            field=tenants.search.index.SearchTextField(answers="data"),
        ),
        migrations.AddIndex(
            model_name="formsubmission", index=tenants.search.index.SearchGin(name="submissions_search")
        ),
        migrations.RunSQL(functions("form_submissions", "text"), no_functions("form_submissions")),
    ]
