"""Rotation of the key ring: nothing becomes unreadable, whoever writes meanwhile and wherever it is cut short."""

import json
import os
import time
from base64 import b64encode
from io import StringIO

import psycopg
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.tests.factories import AdminUserFactory
from integrations.models import Integration
from integrations.tests.factories import IntegrationTemplateFactory
from loctelli.tests.alongside import finish, launch
from security import platform_secrets
from security.key_rotation import keys_in_use, platform_columns, rotate
from security.keys import KeyRing, data_keys
from security.models import DataKey
from tenants.models import SubAccount
from tenants.scope import system_scope, tenant_scope

OLD, NEW = (f"{kid}:{b64encode(os.urandom(32)).decode()}" for kid in ("old", "new"))

# Reads and writes webhook secrets of sub-accounts, each "secret of <name>", until it has written so many; prints how
# many it has read and how many of those were not what they should be.
WORKER = """
import json, random, sys
from integrations.models import Integration
from security.encryption import EncryptionError
from security.keys import data_keys
from tenants.models import SubAccount
from tenants.scope import system_scope, tenant_scope
number, todo, template, admin = (int(argument) for argument in sys.argv[1:5])
with system_scope("which"):
    owners = list(SubAccount.objects.values_list("pk", flat=True))
read = unreadable = written = 0
chance = random.Random(number)
while written < todo:
    if chance.random() < 0.5:
        data_keys.clear()
    with tenant_scope(chance.choice(owners)):
        names = [f"{number}-{written + each}" for each in range(min(25, todo - written))]
        Integration.objects.bulk_create(
            Integration(name=name, config={}, webhook_secret=f"secret of {name}",
                        integration_template_id=template, created_by_admin_id=admin)
            for name in names
        )
        written += len(names)
        for found in Integration.objects.order_by("?")[:25]:
            read += 1
            try:
                unreadable += found.webhook_secret != f"secret of {found.name}"
            except EncryptionError:
                unreadable += 1
print(json.dumps([read, unreadable]))
"""

READER = """
from integrations.models import Integration
from security.encryption import EncryptionError
from tenants.scope import system_scope
read = unreadable = 0
with system_scope("reading everything"):
    for found in Integration.objects.all():
        read += 1
        try:
            unreadable += found.webhook_secret != f"secret of {found.name}"
        except EncryptionError:
            unreadable += 1
print([read, unreadable])
"""


@pytest.fixture
def ring(settings):
    """Return a function that sets the key ring."""

    def put(*entries: str) -> None:
        settings.ENCRYPTION_KEYS = list(entries)

    put(OLD)
    return put


def make_sub_accounts(admin, number: int) -> list[SubAccount]:
    with system_scope("test"):
        return SubAccount.objects.bulk_create(
            SubAccount(name=f"Client {each}", created_by_admin=admin) for each in range(number)
        )


def make_data_keys(owners: list[SubAccount]) -> dict[int, bytes]:
    """Make a data key for each sub-account; return them, unwrapped."""
    with system_scope("test"):
        return {owner.pk: data_keys.get_or_create(owner.pk) for owner in owners}


def kids() -> dict[str, int]:
    with system_scope("test"):
        return dict(keys_in_use())


def rotate_keys(*arguments: str) -> str:
    out = StringIO()
    call_command("rotate_keys", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_of_ten_thousand_values_none_becomes_unreadable_while_processes_write_and_read(ring):
    with system_scope("test"):
        admin = AdminUserFactory()
        template = IntegrationTemplateFactory(created_by_admin=admin)
    owners = make_sub_accounts(admin, 40)
    for owner in owners[:25]:  # the others get their data key while the keys rotate
        with tenant_scope(owner.pk):
            Integration.objects.bulk_create(
                Integration(
                    name=f"0-{owner.pk}-{each}",
                    config={},
                    webhook_secret=f"secret of 0-{owner.pk}-{each}",
                    integration_template=template,
                    created_by_admin=admin,
                )
                for each in range(160)
            )
    assert kids() == {"old": 25}

    workers = [launch(WORKER, number, 3000, template.pk, admin.pk, ENCRYPTION_KEYS=f"{NEW},{OLD}") for number in (1, 2)]
    rotations = 0
    while any(worker.poll() is None for worker in workers):
        ring(*((OLD, NEW) if rotations % 2 else (NEW, OLD)))
        rotate(batch=7)
        rotations += 1
    tallies = [json.loads(finish(worker)) for worker in workers]
    ring(NEW, OLD)
    said = rotate_keys()

    assert rotations > 10
    assert [unreadable for _, unreadable in tallies] == [0, 0]
    assert all(read >= 2000 for read, _ in tallies)
    assert 'Nothing stored needs "old" any more' in said
    assert kids() == {"new": 40}
    # A process that has never known the old key reads all of it.
    assert finish(launch(READER, ENCRYPTION_KEYS=NEW)).strip() == "[10000, 0]"


@pytest.mark.django_db(transaction=True)
def test_a_rotation_that_was_killed_is_finished_by_the_next(ring, ada):
    before = make_data_keys(make_sub_accounts(ada, 400))

    with psycopg.connect(**connection.system_connection_params()) as holder:
        # Which it can't get past, however long it is let go on.
        holder.execute("SELECT FROM data_keys ORDER BY id DESC LIMIT 1 FOR UPDATE")
        process = launch(
            "from django.core.management import call_command; call_command('rotate_keys', '--batch-size', '1')",
            ENCRYPTION_KEYS=f"{NEW},{OLD}",
        )
        while kids().get("new", 0) < 20 and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        process.communicate()
        halfway = kids()
    ring(NEW, OLD)
    said = rotate_keys()

    assert 20 <= halfway["new"] < 400
    assert halfway["new"] + halfway["old"] == 400
    assert f"Wrapped {halfway['old']} data keys" in said
    assert kids() == {"new": 400}
    ring(NEW)
    data_keys.clear()
    with system_scope("test"):
        assert {pk: data_keys.get(pk) for pk in before} == before


@pytest.mark.django_db
def test_a_process_goes_on_with_the_keys_it_has_unwrapped(ring, acme):
    before = make_data_keys([acme])

    ring(NEW, OLD)
    rotate()
    ring(NEW)

    with tenant_scope(acme.pk):
        from_memory = data_keys.get(acme.pk)
        data_keys.clear()
        from_the_row = data_keys.get(acme.pk)
    assert from_memory == from_the_row == before[acme.pk]


@pytest.mark.django_db
def test_a_dry_run_says_what_would_be_done_and_does_nothing(ring, acme, globex):
    make_data_keys([acme, globex])
    ring(NEW, OLD)

    assert rotate_keys("--dry-run") == 'Would wrap 2 data keys and 0 secrets of the platform under "new".\n'
    assert kids() == {"old": 2}


@pytest.mark.django_db
def test_what_is_under_the_first_key_already_is_left_alone(ring, acme):
    make_data_keys([acme])
    with system_scope("test"):
        before = DataKey.objects.values_list("wrapped_key", flat=True).get()

    said = rotate_keys()

    with system_scope("test"):
        assert DataKey.objects.values_list("wrapped_key", flat=True).get() == before
    assert said == (
        'Wrapped 0 data keys and 0 secrets of the platform under "old".\n'
        "It is the only key, and everything is wrapped by it.\n"
    )


@pytest.mark.django_db
def test_a_key_that_is_gone_is_told_and_the_rest_is_rotated(ring, acme, globex):
    make_data_keys([acme, globex])
    with system_scope("test"):
        lost, wrapped = KeyRing.parse((f"lost:{b64encode(os.urandom(32)).decode()}",)).wrap(
            os.urandom(32), sub_account_id=globex.pk
        )
        DataKey.objects.filter(sub_account=globex).update(kid=lost, wrapped_key=wrapped)
    ring(NEW, OLD)

    with pytest.raises(CommandError) as refused:
        rotate_keys()

    assert "1 row can't be opened" in str(refused.value)
    assert f"data key of sub-account {globex.pk}" in str(refused.value)
    assert kids() == {"new": 1, "lost": 1}


@pytest.mark.django_db
def test_while_another_process_wraps_under_the_old_key_it_must_stay(ring, acme, globex, monkeypatch):
    make_data_keys([acme])
    ring(NEW, OLD)

    def keys_in_use_when_somebody_has_just_added_one():
        ring(OLD, NEW)
        data_keys.get_or_create(globex.pk)
        ring(NEW, OLD)
        return keys_in_use()

    monkeypatch.setattr("security.key_rotation.keys_in_use", keys_in_use_when_somebody_has_just_added_one)

    assert '"old" must stay in ENCRYPTION_KEYS' in rotate_keys()


@pytest.mark.django_db
def test_secrets_of_the_platform_rotate_too(ring, ada):
    factor = apps.get_model("security.SecondFactor")
    archive = apps.get_model("offboarding.ArchivePart")
    assert {column.model for column in platform_columns()} == {factor, archive}
    place = {"table": "second_factors", "column": "secret"}
    with system_scope("test"):
        row = factor(admin=ada)
        row.secret = platform_secrets.seal("JBSWY3DP", **place, row_id=row.pk)
        row.save()
    ring(NEW, OLD)

    said = rotate_keys()

    assert said.startswith('Wrapped 0 data keys and 1 secret of the platform under "new".')
    assert kids() == {"new": 1}
    ring(NEW)
    with system_scope("test"):
        assert platform_secrets.unseal(factor.objects.get().secret, **place, row_id=row.pk) == "JBSWY3DP"


@pytest.mark.django_db
def test_a_secret_of_the_platform_that_does_not_open_is_told(ring, ada):
    factor = apps.get_model("security.SecondFactor")
    with system_scope("test"):
        elsewhere = platform_secrets.seal("JBSWY3DP", table="second_factors", column="secret", row_id="another")
        row = factor.objects.create(admin=ada, secret=elsewhere)
    ring(NEW, OLD)

    with pytest.raises(CommandError, match=f"second_factors.secret of row {row.pk}"):
        rotate_keys()
    with system_scope("test"):
        assert factor.objects.get().secret == elsewhere
