import pytest
from django.core.exceptions import ImproperlyConfigured

from loctelli.database import urls


def test_the_document_s_address_is_understood():
    settings = urls.parse("postgresql://user:password@db.example:5433/loctelli?schema=crm")

    assert settings["ENGINE"] == "loctelli.database"
    assert (settings["USER"], settings["PASSWORD"]) == ("user", "password")
    assert (settings["HOST"], settings["PORT"], settings["NAME"]) == ("db.example", "5433", "loctelli")
    assert settings["SCHEMA"] == "crm"


def test_port_schema_and_pool_have_defaults():
    settings = urls.parse("postgres://user@localhost/loctelli")

    assert (settings["PORT"], settings["SCHEMA"], settings["PASSWORD"]) == ("5432", "public", "")
    assert settings["OPTIONS"]["connect_timeout"] == 5
    assert (settings["OPTIONS"]["pool"]["max_size"], settings["OPTIONS"]["pool"]["timeout"]) == (10, 5.0)


def test_percent_encoded_parts_are_decoded():
    settings = urls.parse("postgresql://us%40er:p%40ss%2F%3A%3Fword%25@localhost/my%20data")

    assert (settings["USER"], settings["PASSWORD"], settings["NAME"]) == ("us@er", "p@ss/:?word%", "my data")


def test_an_ipv6_host_is_understood():
    assert urls.parse("postgresql://user@[::1]:5433/loctelli")["HOST"] == "::1"


def test_parameters_reach_the_connection_and_its_pool():
    settings = urls.parse(
        "postgresql://user@localhost/loctelli?sslmode=verify-full&sslrootcert=/etc/ca.pem&sslcert=/c.pem&sslkey=/k.pem"
        "&application_name=loctelli&connect_timeout=3&connection_limit=7&pool_timeout=2&pgbouncer=true"
    )

    options = settings["OPTIONS"]
    assert (options["sslmode"], options["sslrootcert"]) == ("verify-full", "/etc/ca.pem")
    assert (options["sslcert"], options["sslkey"], options["application_name"]) == ("/c.pem", "/k.pem", "loctelli")
    assert (options["connect_timeout"], options["pool"]["max_size"], options["pool"]["timeout"]) == (3, 7, 2.0)
    assert settings["DISABLE_SERVER_SIDE_CURSORS"] is True


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://user@localhost/loctelli", "DATABASE_URL must start with postgresql://"),
        ("postgresql://localhost/loctelli", "DATABASE_URL must name user, host and database"),
        ("postgresql://user@localhost", "DATABASE_URL must name user, host and database"),
        ("postgresql://user@localhost:port/loctelli", "DATABASE_URL is not a valid address"),
        ("postgresql://user@localhost/loctelli?shema=public", 'unknown parameter "shema"'),
        ("postgresql://user@localhost/loctelli?schema=a&schema=b", 'the parameter "schema" twice'),
        ("postgresql://user@localhost/loctelli?schema=a;b", 'schema="a;b"'),
        ("postgresql://user@localhost/loctelli?connection_limit=0", 'connection_limit="0"'),
        ("postgresql://user@localhost/loctelli?connect_timeout=soon", 'connect_timeout="soon"'),
        ("postgresql://user@localhost/loctelli?pgbouncer=1", 'pgbouncer="1"'),
    ],
)
def test_a_wrong_address_is_refused_with_one_sentence(url, sentence):
    with pytest.raises(ImproperlyConfigured) as refusal:
        urls.parse(url)

    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
