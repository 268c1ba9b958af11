"""How PostgreSQL reads what is asked of it."""

import json
from contextlib import contextmanager

from django.db import connection


@contextmanager
def explained(plans, tables, options="FORMAT JSON"):
    """Collect the plan of each SELECT of one of these tables that Django runs."""

    def explain(execute, sql, parameters, many, context):
        if not sql.startswith("EXPLAIN") and any(f'FROM "{table}"' in sql for table in tables):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN ({options}) {sql}", parameters)
                (answer,) = cursor.fetchone()
            answer = answer if isinstance(answer, list) else json.loads(getattr(answer, "contents", answer))
            plans.append(answer[0]["Plan"])
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(explain):
        yield


def nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)
