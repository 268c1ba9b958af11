"""Who acts, as the audit trail is told."""

from django.db import connection

from tenants.scope import act_as, system_scope


def test_who_acts_outside_of_a_request_is_forgotten_with_the_scope(cast):
    def actor() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.actor', true)::jsonb ->> 'name'")
            return cursor.fetchone()[0]

    with system_scope("first"):
        act_as(type="admin", id=cast.ada.pk, name="Ada")
        named = actor()
    with system_scope("second"):
        assert (named, actor()) == ("Ada", "second")
