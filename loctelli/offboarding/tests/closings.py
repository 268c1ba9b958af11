"""A closing on its way, and what an archive and a sub-account hold."""

import io
import json
import zipfile

from loctelli.offboarding import archive, closing
from loctelli.offboarding.contents import KEPT, tables_of_sub_accounts
from loctelli.offboarding.models import Closing
from tenants.models import SubAccount
from tenants.scope import system_scope


def begin(cast):
    with system_scope("test"):
        return closing.start_closing(cast.acme, by=cast.ada)


def again(begun):
    with system_scope("test"):
        return Closing.objects.get(pk=begun.pk)


def numbers(sub_account_id):
    """How many rows of which table belong to a sub-account."""
    with system_scope("test"):
        found = {
            model._meta.label: model._base_manager.filter(sub_account_id=sub_account_id).count()
            for model in tables_of_sub_accounts()
        }
        found["tenants.SubAccount"] = SubAccount.objects.filter(pk=sub_account_id).count()
    return {label: number for label, number in found.items() if number and label not in KEPT}


def download(begun):
    """Return the archive's files, each table's rows by its name."""
    with system_scope("test"):
        data = b"".join(archive.stream_zip(again_inside(begun)))
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.testzip() is None
        return {name: found.read(name).decode() for name in found.namelist()}


def again_inside(begun):
    return Closing.objects.get(pk=begun.pk)


def parsed(text):
    return [json.loads(line) for line in text.splitlines()]
