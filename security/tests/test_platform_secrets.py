"""Secrets of the platform itself open only where they were sealed, with a key that is in the ring."""

import re

import pytest

from security.keys import DecryptionFailed, EncryptionError, KeyUnknown, encode
from security.platform_secrets import SEALED_PATTERN, PlatformSecretField, key_id, seal, unseal

PLACE = {"table": "totp_devices", "column": "secret", "row_id": 7}
OLD, NEW = (f"{kid}:{encode(bytes(range(start, start + 32)))}" for kid, start in (("old", 0), ("new", 100)))


def test_a_secret_is_sealed_under_the_first_key_and_opens_again(settings):
    settings.ENCRYPTION_KEYS = [OLD, NEW]

    sealed = seal("JBSWY3DP", **PLACE)

    assert unseal(sealed, **PLACE) == "JBSWY3DP"
    assert key_id(sealed) == "old"
    assert re.fullmatch(SEALED_PATTERN, sealed)
    assert "JBSWY3DP" not in sealed


def test_the_same_secret_is_sealed_differently_each_time():
    assert len({seal("", **PLACE) for _ in range(20)}) == 20


def test_a_secret_opens_while_its_key_is_in_the_ring_and_not_after(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    sealed = seal("JBSWY3DP", **PLACE)

    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert unseal(sealed, **PLACE) == "JBSWY3DP"

    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(KeyUnknown, match="old"):
        unseal(sealed, **PLACE)


@pytest.mark.parametrize("elsewhere", [{"table": "users"}, {"column": "code"}, {"row_id": 8}])
def test_a_secret_opens_in_no_other_place(elsewhere):
    with pytest.raises(DecryptionFailed):
        unseal(seal("JBSWY3DP", **PLACE), **{**PLACE, **elsewhere})


@pytest.mark.parametrize(
    "text", ["", "JBSWY3DP", "ring:v1:", "ring:v1:k1", "ring:v1:k1:AAAA", "ring:v1:k1:ä", "enc:v1:AA"]
)
def test_what_is_no_ciphertext_is_refused(text):
    with pytest.raises(DecryptionFailed):
        unseal(text, **PLACE)


def test_another_key_named_in_the_ciphertext_does_not_open_it(settings):
    settings.ENCRYPTION_KEYS = [OLD, NEW]
    sealed = seal("JBSWY3DP", **PLACE)

    with pytest.raises(DecryptionFailed):
        unseal(sealed.replace(":old:", ":new:"), **PLACE)


def test_the_column_takes_ciphertext_only():
    field = PlatformSecretField(name="secret")
    field.model = type("Device", (), {"_meta": type("Meta", (), {"label": "security.Device"})})

    with pytest.raises(EncryptionError, match="seal"):
        field.get_db_prep_value("JBSWY3DP", None)
    sealed = seal("JBSWY3DP", **PLACE)
    assert field.get_db_prep_value(sealed, None) == sealed
