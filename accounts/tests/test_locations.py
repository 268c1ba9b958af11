"""Places of sign-in by a real GeoIP2 database file, and what is said when it is none."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from mmdb_writer import MMDBWriter
from netaddr import IPSet
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import jobs, locations, signing_in
from accounts.devices import Client
from accounts.tests.factories import PASSWORD
from security.choices import AccountType
from security.models import AuthAttempt
from tenants.scope import system_scope

SPRINGFIELD = {"city": "Springfield", "region_name": "Illinois", "country_code": "US"}
SHELBYVILLE = {"city": "Shelbyville", "region_name": "Indiana", "country_code": "US"}
NETWORKS = {
    "198.51.100.0/24": SPRINGFIELD,
    "203.0.113.0/24": SPRINGFIELD,
    "192.0.2.0/24": SHELBYVILLE,
    "2001:db8:5::/48": SHELBYVILLE,
    "100.64.1.0/24": {"country_code": "US"},
    "100.64.2.0/24": {"country_code": "US"},
}


def write_database(path: Path, networks: dict, kind: str = "GeoLite2-City") -> None:
    writer = MMDBWriter(6, kind, ipv4_compatible=True)
    for network, place in networks.items():
        record = {"country": {"iso_code": place["country_code"]}}
        if "city" in place:
            record["city"] = {"names": {"en": place["city"]}}
            record["subdivisions"] = [{"names": {"en": place["region_name"]}}]
        writer.insert_network(IPSet([network]), record)
    beside = path.with_suffix(".new")
    writer.to_db_file(str(beside))
    os.replace(beside, path)


@pytest.fixture
def database(tmp_path, settings) -> Path:
    path = tmp_path / "city.mmdb"
    write_database(path, NETWORKS)
    settings.GEOIP_PATH = str(path)
    return path


def enter(account, address: str, agent: str = "tests") -> AuthAttempt:
    signing_in.sign_in(AccountType.USER, account.email, password=PASSWORD, client=Client(address, agent))
    with system_scope("test"):
        return AuthAttempt.objects.latest("created_at")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.7", SPRINGFIELD),
        ("2001:db8:5::9", SHELBYVILLE),
        ("100.64.1.1", {"city": None, "region_name": None, "country_code": "US"}),
        ("8.8.8.8", None),
        ("10.0.0.7", None),
        ("::1", None),
        ("unknown", None),
        ("localhost", None),
        ("", None),
    ],
)
def test_an_address_is_where_the_database_has_it_or_nowhere(database, address, place):
    assert locations.locate(address) == place


@pytest.mark.django_db
def test_another_network_of_a_known_city_is_no_new_place_and_another_city_is(alice, database):
    attempts = [
        enter(alice, address) for address in ("203.0.113.7", "198.51.100.7", "192.0.2.7", "8.8.8.8", "10.0.0.7")
    ]

    assert [(attempt.geo_location, attempt.is_new_location) for attempt in attempts] == [
        (SPRINGFIELD, True),
        (SPRINGFIELD, False),
        (SHELBYVILLE, True),
        (None, True),
        (None, True),
    ]


@pytest.mark.django_db
def test_two_places_of_which_the_country_alone_is_known_are_not_one(alice, database):
    assert [enter(alice, address).is_new_location for address in ("100.64.1.1", "100.64.2.1")] == [True, True]


@pytest.mark.django_db
def test_the_notice_of_a_new_device_says_where_it_is(alice, database):
    enter(alice, "203.0.113.7")
    enter(alice, "192.0.2.7", agent="Safari")

    with system_scope("test"):
        job = ProcrastinateJob.objects.get(task_name="accounts.mail_new_device")
    jobs.mail_new_device.func(**job.args)

    assert "192.0.2.7 (Shelbyville, Indiana, US)" in mail.outbox[0].body


def test_a_new_file_in_its_place_is_read_without_a_restart_and_a_broken_one_is_not(database):
    before = locations.locate("203.0.113.7")
    write_database(database, {"203.0.113.0/24": SHELBYVILLE})
    replaced = locations.locate("203.0.113.7")
    beside = database.with_suffix(".new")
    beside.write_bytes(b"no database")
    os.replace(beside, database)
    broken = locations.locate("203.0.113.7")
    database.unlink()
    gone = locations.locate("203.0.113.7")

    assert (before, replaced, broken, gone) == (SPRINGFIELD, SHELBYVILLE, SHELBYVILLE, SHELBYVILLE)


@pytest.mark.django_db
def test_a_file_that_is_broken_inside_keeps_nobody_from_signing_in(alice, database):
    whole = database.read_bytes()
    # The search tree stays, what it leads to does not.
    start, end = whole.index(b"\x00" * 16) + 16, whole.rindex(b"\xab\xcd\xefMaxMind.com")
    database.write_bytes(whole[:start] + b"\xff" * (end - start) + whole[end:])

    assert enter(alice, "203.0.113.7").geo_location is None


def missing(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(5000))


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def of_countries(path: Path) -> None:
    write_database(path, {"203.0.113.0/24": {"country_code": "US"}}, "GeoLite2-Country")


def of_something_else(path: Path) -> None:
    write_database(path, {"203.0.113.0/24": {"country_code": "US"}}, "GeoLite2-ASN")


def a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [missing, empty, garbage, cut_short, of_countries, of_something_else, a_directory])
def test_a_database_that_can_not_be_read_is_told_in_a_sentence(database, spoil):
    spoil(database)

    with pytest.raises(ImproperlyConfigured, match=f'GEOIP_PATH is "{re.escape(str(database))}", which .*'):
        locations.check_database()


def test_nothing_starts_with_a_database_that_can_not_be_read(tmp_path):
    path = tmp_path / "city.mmdb"
    garbage(path)

    answer = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=os.environ | {"GEOIP_PATH": str(path)},
        cwd=site_settings.BASE_DIR,
        capture_output=True,
        text=True,
    )

    assert answer.returncode == 1
    assert f'GEOIP_PATH is "{path}", which can\'t be read' in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.django_db
def test_without_a_database_places_are_networks(alice, settings):
    settings.GEOIP_PATH = ""

    assert enter(alice, "203.0.113.7").geo_location is None
    assert enter(alice, "203.0.113.99").is_new_location is False
