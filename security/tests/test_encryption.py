import pytest

from security.encryption import DecryptionFailed, KeyUnknown, seal, unseal
from security.keys import decode, encode
from tenants.scope import system_scope, tenant_scope

pytestmark = pytest.mark.django_db


def place(sub_account, **changes) -> dict:
    return {"sub_account_id": sub_account.pk, "table": "leads", "column": "last_message", "row_id": 1, **changes}


@pytest.mark.parametrize("text", ["", "hello", "ünï 🙂 \n", "enc:v1:AAAA", "x" * 100_000])
def test_what_is_sealed_is_unsealed(acme, text):
    with tenant_scope(acme.pk):
        sealed = seal(text, **place(acme))

        assert sealed.startswith("enc:v1:")
        assert unseal(sealed, **place(acme)) == text


def test_the_same_text_is_never_sealed_alike(acme):
    with tenant_scope(acme.pk):
        assert len({seal("same", **place(acme)) for _ in range(100)}) == 100


@pytest.mark.parametrize("change", [{"table": "users"}, {"column": "notes"}, {"row_id": 2}, {"row_id": "1x"}])
def test_a_ciphertext_opens_nowhere_else(acme, change):
    with tenant_scope(acme.pk):
        sealed = seal("secret", **place(acme))

        with pytest.raises(DecryptionFailed):
            unseal(sealed, **place(acme, **change))


def test_a_ciphertext_of_another_sub_account_does_not_open(acme, globex):
    with system_scope("test"):
        seal("theirs", **place(globex))
        sealed = seal("secret", **place(acme))

        with pytest.raises(DecryptionFailed):
            unseal(sealed, **place(globex))
    with tenant_scope(globex.pk), pytest.raises(KeyUnknown):
        unseal(sealed, **place(acme))


def test_every_changed_byte_is_noticed(acme):
    with tenant_scope(acme.pk):
        raw = decode(seal("secret", **place(acme)).removeprefix("enc:v1:"))
        for position in range(len(raw)):
            changed = bytearray(raw)
            changed[position] ^= 1

            with pytest.raises(DecryptionFailed):
                unseal("enc:v1:" + encode(bytes(changed)), **place(acme))


@pytest.mark.parametrize("stored", ["", "secret", "enc:v1:", "enc:v1:%%%", "enc:v1:AAAA", "enc:v2:" + "A" * 80])
def test_what_is_no_ciphertext_is_refused(acme, stored):
    with tenant_scope(acme.pk):
        seal("makes the key", **place(acme))

        with pytest.raises(DecryptionFailed):
            unseal(stored, **place(acme))
