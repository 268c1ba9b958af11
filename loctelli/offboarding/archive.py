"""The archive of a closed sub-account: written part by part, verified, and read as one ZIP of JSON lines.

It stands in the database, so that each web server has it; compressed and sealed, for conversations are in it.
"""

import base64
import binascii
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import orjson
from django.apps import apps
from django.db import models
from django.utils import timezone

from loctelli.errors import DomainError
from loctelli.offboarding.contents import KEPT, SECRET_COLUMNS, archived_models, readable, row_as_archived, rows_of
from loctelli.offboarding.models import ArchivePart, Closing
from security import platform_secrets

ROWS_A_PART = 500

READ_ME = """This is what {name} (number {number}) had in Loctelli when it was closed on {date}.

Each file holds one table, one row a line, as JSON. References are by id. Conversations and what else was encrypted are
readable here: keep it as safe as you kept the account. Passwords, invitation codes and the secrets of integrations are
not in it. What could not be decrypted any more is null, and its column is named under "unreadable".
"""


class ArchiveDamaged(DomainError):
    """A part of an archive doesn't read as it was written: nothing is removed."""

    code = "archive_damaged"
    status = 500
    detail = "A part of the archive can't be read back. Nothing was removed."


def export_part(closing: Closing) -> int:
    """Archive the next rows of a round in the bound system scope; return how many, 0 when there are none left."""
    for model in archived_models():
        rows = rows_of(model, closing.sub_account_number).order_by("pk")
        last = closing.parts.filter(round=closing.round, model=model._meta.label).order_by("number").last()
        if last is not None:
            rows = rows.filter(pk__gt=model._meta.pk.to_python(last.keys[-1]))
        elif closing.round:
            # What stays was archived in the first round.
            rows = rows if model._meta.label not in KEPT else rows.none()
        some = list(readable(rows)[:ROWS_A_PART])
        if some:
            _write(closing, model, some)
            return len(some)
    return 0


def _write(closing: Closing, model: type[models.Model], rows: list[Any]) -> None:
    lines = b"".join(to_line(row_as_archived(row)) for row in rows)
    part = ArchivePart(
        closing=closing,
        number=(closing.parts.aggregate(last=models.Max("number"))["last"] or 0) + 1,
        round=closing.round,
        model=model._meta.label,
        keys=[str(row.pk) for row in rows],
    )
    packed = base64.b64encode(zlib.compress(lines)).decode()
    part.lines = platform_secrets.seal(packed, table=part._meta.db_table, column="lines", row_id=part.pk)
    part.save(force_insert=True)


def to_line(values: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(values, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        # An integer past 64 bits, which jsonb takes.
        return json.dumps(values, default=str, ensure_ascii=False).encode() + b"\n"


def lines_of(part: ArchivePart) -> bytes:
    """Return a part's lines; raise ArchiveDamaged when they can't be read back."""
    try:
        packed = platform_secrets.unseal(part.lines, table=part._meta.db_table, column="lines", row_id=part.pk)
        return zlib.decompress(base64.b64decode(packed, validate=True))
    except (platform_secrets.EncryptionError, binascii.Error, zlib.error) as error:
        raise ArchiveDamaged from error


def verify_part(closing: Closing) -> bool:
    """Read back the next part that was not yet, and note that it holds its rows; return whether there was one."""
    part = closing.parts.filter(verified_at=None).order_by("number").first()
    if part is None:
        return False
    key = apps.get_model(part.model)._meta.pk.attname
    if [str(json.loads(line)[key]) for line in lines_of(part).splitlines()] != part.keys:
        raise ArchiveDamaged
    closing.parts.filter(pk=part.pk).update(verified_at=timezone.now())
    return True


def forget_incomplete_tables(closing: Closing) -> int:
    """Forget this round's parts of tables that hold more or fewer rows than were archived; return how many tables.

    They are archived once more: rows came, or went, while that was done.
    """
    incomplete = 0
    for model in archived_models():
        label = model._meta.label
        if label in KEPT:
            continue  # these go on being written, and nothing of them is removed
        parts = closing.parts.filter(round=closing.round, model=label)
        archived = parts.aggregate(rows=models.Sum("keys__len"))["rows"] or 0
        if archived != rows_of(model, closing.sub_account_number).count():
            incomplete += 1
            closing.exported -= archived
            parts.delete()
    return incomplete


class _Outlet(io.RawIOBase):
    """What a ZIP is written to: it keeps what was written until somebody takes it."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken, self.pieces = b"".join(self.pieces), []
        return taken


def stream_zip(closing: Closing) -> Iterator[bytes]:
    """Yield the archive as a ZIP, a part at a time: each step is done in whichever scope asks for it."""
    outlet, written = _Outlet(), timezone.localtime(closing.created_at).timetuple()[:6]
    counts = {}
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            _member("README.txt", written),
            READ_ME.format(
                name=closing.sub_account_name, number=closing.sub_account_number, date=f"{closing.created_at:%Y-%m-%d}"
            ),
        )
        archive.writestr(_member("subaccounts.jsonl", written), to_line(closing.about))
        for model in archived_models():
            table, number = model._meta.db_table, 0
            counts[table] = 0
            with archive.open(_member(f"{table}.jsonl", written), "w", force_zip64=True) as member:
                while part := _next_part(closing, model, number):
                    number, counts[table] = part.number, counts[table] + len(part.keys)
                    member.write(lines_of(part))
                    yield outlet.take()
        manifest = {
            "rows": counts,
            "left_out_columns": {label: sorted(names) for label, names in SECRET_COLUMNS.items()},
        }
        archive.writestr(_member("manifest.json", written), json.dumps(manifest, indent=2))
    yield outlet.take()


def _next_part(closing: Closing, model: type[models.Model], after: int) -> ArchivePart | None:
    parts = ArchivePart.objects.filter(closing_id=closing.pk, model=model._meta.label, number__gt=after)
    return parts.order_by("number").first()


def _member(name: str, written: Any) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, written)
    member.compress_type = zipfile.ZIP_DEFLATED
    return member
