"""What every test stands on: the test databases, which the owner of the tables makes and migrates."""

import pytest
from django.db import connection
from django.test.utils import setup_databases, teardown_databases


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment,
    django_db_blocker,
    django_db_keepdb,
    django_db_createdb,
    django_db_modify_db_settings,
):
    """Create and migrate the test database as the owner; the tests themselves connect as the application does."""
    keep = django_db_keepdb and not django_db_createdb
    with django_db_blocker.unblock(), connection.as_owner():
        databases = setup_databases(verbosity=0, interactive=False, keepdb=keep, serialized_aliases=())
    yield
    if not django_db_keepdb:
        with django_db_blocker.unblock(), connection.as_owner():
            teardown_databases(databases, verbosity=0)
    with django_db_blocker.unblock():
        connection.close()
        connection.close_pool()


pytest_plugins = [
    "loctelli.tests.api_cast",
    "loctelli.tests.cast",
    "accounts.tests.authenticator",
    "accounts.tests.onboarding_cast",
    "accounts.tests.sign_in_cast",
]
