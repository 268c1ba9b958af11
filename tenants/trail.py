"""The audit trail: a trigger on every table that people change writes who changed what, field by field.

PostgreSQL does it in the change's own transaction, so no way of writing can forget it: a form, an UPDATE of many rows,
a reassignment, a deletion. Nobody else can write entries, change them, or delete young ones. Who acts is declared with
the scope (`tenants.scope.act_as`). Triggers and functions are put up after every migration, as grants are.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from psycopg import sql

from tenants.access import Access, Recording

TABLE = "audit_entries"
# Columns whose values show up as MASK; ciphertext does, wherever it stands.
SECRET = re.compile(r"password$|secret|token|hash|salt|^iv$|^code$|_code$|_key$|encrypted")
# What is written along with everything else, or by merely being there.
STAMPS = {"created_at", "updated_at", "last_login_at", "last_used_at", "expire_date", "session_data", "last_step"}
NAMES = ("name", "full_name", "email")

FUNCTION = """
CREATE OR REPLACE FUNCTION {schema}.audit_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    recording text := TG_ARGV[1];
    masked text[] := TG_ARGV[5]::text[];
    skipped text[] := TG_ARGV[6]::text[];
    actor jsonb := coalesce(nullif(current_setting('app.actor', true), ''), '{{}}')::jsonb;
    along jsonb := nullif(current_setting('app.deleted_along', true), '')::jsonb;
    before jsonb := '{{}}';
    after jsonb := '{{}}';
    known jsonb;
    changes jsonb;
    owner bigint;
    former bigint;
BEGIN
    IF TG_OP = 'DELETE' AND pg_trigger_depth() > 1 THEN
        -- A foreign key carries out a deletion: the row is counted with the one it goes along with.
        PERFORM set_config('app.deleted_along', jsonb_set(coalesce(along, '{{}}'), ARRAY[TG_TABLE_NAME::text],
            to_jsonb(coalesce((along ->> TG_TABLE_NAME)::bigint, 0) + 1))::text, true);
        RETURN OLD;
    END IF;
    IF TG_OP = 'DELETE' THEN
        PERFORM {schema}.audit_complete();
    END IF;
    IF recording = 'counted' OR recording = 'by admins' AND actor ->> 'type' IS DISTINCT FROM 'admin' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;

    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD); END IF;
    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW); END IF;
    known := CASE TG_OP WHEN 'DELETE' THEN before ELSE after END;
    owner := (known ->> TG_ARGV[3])::bigint;
    former := (before ->> TG_ARGV[3])::bigint;
    SELECT jsonb_object_agg(key, jsonb_build_array(
        CASE WHEN key = ANY (masked) AND b.value <> 'null' THEN '"***"' ELSE b.value END,
        CASE WHEN key = ANY (masked) AND a.value <> 'null' THEN '"***"' ELSE a.value END))
    INTO changes
    FROM jsonb_each(before - skipped) b FULL JOIN jsonb_each(after - skipped) a USING (key)
    WHERE coalesce(b.value, 'null') <> coalesce(a.value, 'null');
    IF TG_OP = 'UPDATE' AND changes IS NULL THEN
        RETURN NEW;
    END IF;
    changes := regexp_replace(coalesce(changes, '{{}}')::text, '"(enc|ring):v1:[^"]*"', '"***"', 'g')::jsonb;

    IF TG_OP = 'UPDATE' AND former IS DISTINCT FROM owner AND former IS NOT NULL THEN
        -- Neither sub-account learns of the other: each is told its own half.
        PERFORM {schema}.audit_entry(actor, former, 'update', TG_ARGV[0], before ->> TG_ARGV[2], before ->> TG_ARGV[4],
            jsonb_build_object(TG_ARGV[3], jsonb_build_array(former, NULL)));
        changes := changes || jsonb_build_object(TG_ARGV[3], jsonb_build_array(NULL, owner));
    END IF;
    PERFORM {schema}.audit_entry(actor, owner,
        CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE 'delete' END, TG_ARGV[0],
        CASE WHEN TG_ARGV[2] = ANY (masked) THEN '***' ELSE known ->> TG_ARGV[2] END, known ->> TG_ARGV[4], changes);
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$function$
"""

# The random part keeps keys apart; the time before it keeps them together in the index.
ENTRY = """
CREATE OR REPLACE FUNCTION {schema}.audit_entry(actor jsonb, owner bigint, action text, model text, object_id text,
    object_name text, changes jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    entry text := 'c' || lpad(to_hex((date_part('epoch', clock_timestamp()) * 1000)::bigint), 12, '0')
        || left(replace(gen_random_uuid()::text, '-', ''), 12);
BEGIN
    INSERT INTO {schema}.{table} (id, sub_account_id, actor_type, actor_id, actor_name, action, model, object_id,
        object_name, changes, request_id, address, created_at)
    VALUES (entry, owner, coalesce(actor ->> 'type', 'system'), actor ->> 'id', coalesce(actor ->> 'name', ''), action,
        model, coalesce(object_id, ''), left(coalesce(object_name, ''), 200), changes, actor ->> 'request_id',
        actor ->> 'address', clock_timestamp());
    IF action = 'delete' THEN
        PERFORM set_config('app.deletion', entry, true);
    END IF;
END
$function$
"""

# What goes along with a row is deleted after it: once it is all gone, its entry is completed with the counts.
COMPLETE = """
CREATE OR REPLACE FUNCTION {schema}.audit_complete() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    along jsonb := nullif(current_setting('app.deleted_along', true), '')::jsonb;
BEGIN
    IF along IS NOT NULL THEN
        UPDATE {schema}.{table} SET deleted_along = along
        WHERE id = current_setting('app.deletion', true) AND deleted_along IS NULL;
        PERFORM set_config('app.deleted_along', '', true);
    END IF;
END
$function$
"""
COMPLETION = """
CREATE OR REPLACE FUNCTION {schema}.audit_completion() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
    PERFORM {schema}.audit_complete();
    RETURN NULL;
END
$function$
"""
FUNCTIONS = (ENTRY, COMPLETE, COMPLETION, FUNCTION)
SIGNATURES = (
    "audit_row()",
    "audit_completion()",
    "audit_complete()",
    "audit_entry(jsonb, bigint, text, text, text, text, jsonb)",
)
TRIGGERS = """
    SELECT c.relname, t.tgname, t.tgtype::int, string_to_array(encode(t.tgargs, 'escape'), '\\000'),
           t.tgenabled = 'O' AND p.pronamespace = c.relnamespace AND p.proname IN ('audit_row', 'audit_completion')
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgname IN ('audit', 'audit_deletion', 'audit_completion') AND NOT t.tgisinternal
      AND c.relnamespace = quote_ident(current_schema())::regnamespace
"""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger of a table: its name, what it fires on (pg_trigger's tgtype), and what it tells the function."""

    name: str
    kind: int
    arguments: tuple[str, ...] = ()

    @property
    def definition(self) -> str:
        """What stands before and after the table in CREATE TRIGGER, up to the arguments."""
        return {
            "audit": "CREATE TRIGGER audit AFTER INSERT OR UPDATE ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION {schema}.audit_row({arguments})",
            # Before: only then does PostgreSQL tell that a foreign key deletes the row.
            "audit_deletion": "CREATE TRIGGER audit_deletion BEFORE DELETE ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION {schema}.audit_row({arguments})",
            "audit_completion": "CREATE CONSTRAINT TRIGGER audit_completion AFTER INSERT ON {table} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.action = 'delete') "
            "EXECUTE FUNCTION {schema}.audit_completion()",
        }[self.name]


def declared_triggers() -> dict[tuple[str, str], Trigger]:
    """Map (table, name) of every trigger that is to be there to that."""
    triggers = {(TABLE, "audit_completion"): Trigger("audit_completion", 5)}
    for model in apps.get_models():
        recording = recording_of(model)
        if recording == Recording.NEVER or model._meta.proxy:
            continue
        table, arguments = model._meta.db_table, _arguments(model, recording)
        triggers[table, "audit_deletion"] = Trigger("audit_deletion", 11, arguments)
        if recording != Recording.COUNTED:
            triggers[table, "audit"] = Trigger("audit", 21, arguments)
    return triggers


def recording_of(model: type[models.Model]) -> Recording:
    """Return what of a table is recorded: what the model says, or else what its kind of table calls for."""
    access = getattr(model, "access", None)
    if access is None:
        return Recording.NEVER
    return getattr(model, "recording", Access(access).recording)


def masked_columns(model: type[models.Model]) -> list[str]:
    """Return the columns whose values are not recorded."""
    return sorted(column for column in _columns(model) if SECRET.search(column))


def _columns(model: type[models.Model]) -> set[str]:
    return {str(field.column) for field in model._meta.local_fields}


def _arguments(model: type[models.Model], recording: Recording) -> tuple[str, ...]:
    columns = _columns(model)
    owner = "id" if getattr(model, "access", None) == Access.SUB_ACCOUNT else "sub_account_id"
    generated = {str(field.column) for field in model._meta.local_fields if getattr(field, "generated", False)}
    skipped = (STAMPS & columns) | generated | set(getattr(model, "not_recorded", ()))
    return (
        model._meta.label_lower,
        recording.value,
        str(model._meta.pk.column),
        owner if owner in columns else "",
        next((name for name in NAMES if name in columns), ""),
        "{" + ",".join(masked_columns(model)) + "}",
        "{" + ",".join(sorted(skipped)) + "}",
    )


def present_triggers(cursor: Any) -> dict[tuple[str, str], Trigger | None]:
    """Map (table, name) of each trigger that is there to that; None for one that is off or calls something else."""
    cursor.execute(TRIGGERS, [])
    return {
        # Each argument ends with a zero byte.
        (table, name): Trigger(name, kind, tuple(arguments[:-1])) if ours else None
        for table, name, kind, arguments, ours in cursor.fetchall()
    }


def apply(cursor: Any, schema: str, tables: set[str]) -> None:
    """Put up functions and triggers as the owner, leaving alone what is there already: a trigger locks its table.

    Without the table, which a backward migration has removed, none is left.
    """
    names = {"schema": sql.Identifier(schema), "table": sql.Identifier(TABLE)}
    if TABLE not in tables:
        for signature in SIGNATURES:
            cursor.execute(sql.SQL("DROP FUNCTION IF EXISTS {schema}." + signature + " CASCADE").format(**names))
        return
    for function in FUNCTIONS:
        cursor.execute(sql.SQL(function).format(**names))
    for signature in SIGNATURES:
        cursor.execute(sql.SQL("REVOKE ALL ON FUNCTION {schema}." + signature + " FROM PUBLIC").format(**names))
    declared, present = declared_triggers(), present_triggers(cursor)
    for key in sorted(present.keys() | declared.keys()):
        table, name = key
        if table not in tables or present.get(key) == declared.get(key):
            continue
        on = {"schema": names["schema"], "table": sql.Identifier(schema, table)}
        cursor.execute(sql.SQL(f"DROP TRIGGER IF EXISTS {name} ON {{table}}").format(**on))
        if key in declared:
            arguments = sql.SQL(", ").join(map(sql.Literal, declared[key].arguments))
            cursor.execute(sql.SQL(declared[key].definition).format(**on, arguments=arguments))
