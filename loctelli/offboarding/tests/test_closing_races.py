"""Closing a sub-account when people click twice and workers are killed."""

import signal
import threading

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from crm.tests.factories import LeadFactory
from loctelli.offboarding.models import Closing
from loctelli.offboarding.tests.closings import again, begin, download, numbers, parsed
from loctelli.tests.alongside import launch
from loctelli.tests.console_cast import fill, signed_in
from tenants.scope import system_scope


@pytest.mark.django_db(transaction=True)
def test_a_double_click_closes_once(transactional_db, cast):
    url, answers = reverse("console:offboarding_closing_close", args=[cast.acme.pk]), []
    barrier = threading.Barrier(4)
    clients = [signed_in(cast.ada) for _ in range(4)]

    def click(client: Client):
        barrier.wait()
        answers.append(client.post(url, {"name": "Acme"}).status_code)
        connection.close()

    threads = [threading.Thread(target=click, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(answers) <= {302, 409}
    assert 302 in answers
    with system_scope("test"):
        assert Closing.objects.filter(sub_account_number=cast.acme.pk).count() == 1


WORKER = """
import sys, time
from loctelli.offboarding import archive, closing
archive.ROWS_A_PART = 2
while closing.step(sys.argv[1]):
    print("step", flush=True)
print("over", flush=True)
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_again_and_again_loses_nothing(transactional_db, cast):
    fill(cast)
    with system_scope("test"):
        LeadFactory.create_batch(24, strategy=cast.acme_strategy)
    before = numbers(cast.acme.pk)
    begun = begin(cast)

    for steps in (2, 5, 9, 12, 1_000):
        worker = launch(WORKER, begun.pk)
        for _ in range(steps):
            if "step" not in worker.stdout.readline():
                break
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        if again(begun).status == "exporting":
            assert numbers(cast.acme.pk) == before

    assert again(begun).status == "closed"
    assert numbers(cast.acme.pk) == {}
    assert len({row["id"] for row in parsed(download(begun)["leads.jsonl"])}) == 25
