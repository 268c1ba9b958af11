"""Every kind of breach of the walls: the statements that make it, and what is to be said of it."""

from django.conf import settings

ROLES = settings.DATABASE_ROLES
OWNER, LOGIN, TENANT, SYSTEM = ROLES.owner, ROLES.login, ROLES.tenant, ROLES.system
OWN_ROWS = "sub_account_id = nullif(current_setting('app.sub_account_id', true), '')::bigint"
PRINTED = "(sub_account_id = (NULLIF(current_setting('app.sub_account_id'::text, true), ''::text))::bigint)"
LEAD_OF_BOOKING = (
    "FOREIGN KEY (sub_account_id, lead_id) REFERENCES leads(sub_account_id, id) ON DELETE SET NULL (lead_id) DEFERRABLE"
)

BREACHES = {
    # Search
    "search without a binding": (
        "CREATE OR REPLACE FUNCTION search_leads(words text[], at_most integer) RETURNS SETOF bigint LANGUAGE plpgsql "
        "STABLE SECURITY DEFINER SET search_path = public, pg_temp AS 'BEGIN RETURN QUERY SELECT id FROM leads; END'",
        ["Function search_leads does not ask for the bound sub-account's rows as it was declared to."],
    ),
    "search of whomever": (
        f"GRANT EXECUTE ON FUNCTION search_leads_of(bigint, text[], integer) TO {TENANT}",
        ["Tenants may call search_leads_of, which takes any sub-account's number."],
    ),
    "search of whomever with the owner's rights": (
        "ALTER FUNCTION search_leads_of SECURITY DEFINER",
        ["Function search_leads_of is SECURITY DEFINER."],
    ),
    "no search": (
        "DROP FUNCTION search_contact_submissions(text[], integer)",
        ["Function search_contact_submissions is missing."],
    ),
    # Roles
    "superuser": (f"ALTER ROLE {LOGIN} SUPERUSER", [f"Role {LOGIN} is a superuser."]),
    "tenant role a superuser": (f"ALTER ROLE {TENANT} SUPERUSER", [f"Role {TENANT} is a superuser."]),
    "BYPASSRLS": (f"ALTER ROLE {TENANT} BYPASSRLS", [f"Role {TENANT} has BYPASSRLS."]),
    "BYPASSRLS of the owner": (f"ALTER ROLE {OWNER} BYPASSRLS", [f"Role {OWNER} has BYPASSRLS."]),
    "CREATEROLE": (f"ALTER ROLE {SYSTEM} CREATEROLE", [f"Role {SYSTEM} has CREATEROLE."]),
    "REPLICATION": (f"ALTER ROLE {LOGIN} REPLICATION", [f"Role {LOGIN} has REPLICATION."]),
    "login becomes owner": (
        f"GRANT {OWNER} TO {LOGIN}",
        [
            f"Role {LOGIN} may become {OWNER}.",
            f"Role {LOGIN} may become pg_database_owner.",
        ],
    ),
    "tenant becomes system": (f"GRANT {SYSTEM} TO {TENANT}", [f"Role {TENANT} may become {SYSTEM}."]),
    "tenant reads everything": (
        f"GRANT pg_read_all_data TO {TENANT}",
        [f"Role {LOGIN} may become pg_read_all_data.", f"Role {TENANT} may become pg_read_all_data."],
    ),
    "sessions start as system": (
        f"ALTER ROLE {LOGIN} SET role = '{SYSTEM}'",
        [f"Sessions of {LOGIN} start as {SYSTEM} instead of {TENANT}."],
    ),
    "sessions start as nobody": (
        f"ALTER ROLE {LOGIN} RESET role",
        [f"Sessions of {LOGIN} don't start as {TENANT}: run manage.py provision."],
    ),
    "sessions start bound": (
        f"ALTER ROLE {LOGIN} SET app.sub_account_id = '7'",
        [f"Sessions of {LOGIN} start with app.sub_account_id = 7."],
    ),
    "sessions start without foreign keys": (
        f"ALTER ROLE {LOGIN} SET session_replication_role = 'replica'",
        [f"Sessions of {LOGIN} start with session_replication_role = replica."],
    ),
    "missing role": (
        f"ALTER ROLE {TENANT} RENAME TO {TENANT}_renamed",
        [f"Role {TENANT} is missing: run manage.py provision."],
    ),
    # Row security
    "dropped policy": ("DROP POLICY tenant ON leads", ["Policy tenant is missing on leads."]),
    "altered policy": (
        "ALTER POLICY tenant ON leads USING (true)",
        [f"Policy tenant on leads is 'TO {TENANT} USING (true)' instead of \"TO {TENANT} USING ({OWN_ROWS})\"."],
    ),
    "policy for everybody": (
        "ALTER POLICY tenant ON leads TO PUBLIC",
        [f'Policy tenant on leads is "TO PUBLIC USING ({PRINTED})" instead of "TO {TENANT} USING ({OWN_ROWS})".'],
    ),
    "policy with another check": (
        "ALTER POLICY tenant ON leads WITH CHECK (true)",
        [
            f'Policy tenant on leads is "TO {TENANT} USING ({PRINTED}) WITH CHECK (true)" instead of '
            f'"TO {TENANT} USING ({OWN_ROWS})".'
        ],
    ),
    "policy for writing alone": (
        f"DROP POLICY tenant ON leads; CREATE POLICY tenant ON leads FOR INSERT TO {TENANT} WITH CHECK (true)",
        [
            f"Policy tenant on leads is 'FOR INSERT TO {TENANT} WITH CHECK (true)' instead of "
            f'"TO {TENANT} USING ({OWN_ROWS})".'
        ],
    ),
    "restrictive policy": (
        f"DROP POLICY tenant ON leads; CREATE POLICY tenant ON leads AS RESTRICTIVE TO {TENANT} USING ({OWN_ROWS})",
        [
            f'Policy tenant on leads is "AS RESTRICTIVE TO {TENANT} USING ({PRINTED})" instead of '
            f'"TO {TENANT} USING ({OWN_ROWS})".'
        ],
    ),
    "additional policy": (
        f"CREATE POLICY friends ON leads TO {TENANT} USING (true)",
        ["Policy friends on leads is none of ours."],
    ),
    "row security off": ("ALTER TABLE leads DISABLE ROW LEVEL SECURITY", ["Row security is off on leads."]),
    "row security off on sub-accounts": (
        "ALTER TABLE subaccounts DISABLE ROW LEVEL SECURITY",
        ["Row security is off on subaccounts."],
    ),
    "row security not forced": (
        "ALTER TABLE leads NO FORCE ROW LEVEL SECURITY",
        ["Row security is not forced on leads."],
    ),
    "another owner": (
        "ALTER TABLE leads OWNER TO CURRENT_USER",
        [f"Table leads is owned by {{administrator}} instead of {OWNER}."],
    ),
    "table without a model": (
        f"CREATE TABLE stray (sub_account_id bigint); ALTER TABLE stray OWNER TO {OWNER}",
        [
            "Table stray has sub_account_id but no model declares its row security.",
            "Row security is off on stray.",
            "Row security is not forced on stray.",
        ],
    ),
    "partition without a model": (
        f"CREATE TABLE stray (LIKE leads) INHERITS (leads); ALTER TABLE stray OWNER TO {OWNER};"
        "ALTER TABLE stray ENABLE ROW LEVEL SECURITY; ALTER TABLE stray FORCE ROW LEVEL SECURITY",
        ["Table stray has sub_account_id but no model declares its row security."],
    ),
    "rows of nobody": (
        "ALTER TABLE leads ALTER sub_account_id DROP NOT NULL",
        ["Column sub_account_id of leads may be null."],
    ),
    "view": ("CREATE VIEW all_leads AS SELECT * FROM leads", ["View all_leads lacks security_invoker."]),
    "view whose security_invoker is off": (
        "CREATE VIEW all_leads WITH (security_invoker = off) AS SELECT * FROM leads",
        ["View all_leads lacks security_invoker."],
    ),
    "view of a view in another schema": (
        "CREATE SCHEMA elsewhere;"
        "CREATE VIEW elsewhere.inner_leads WITH (security_invoker = on) AS SELECT * FROM leads;"
        "CREATE VIEW elsewhere.outer_leads AS SELECT * FROM elsewhere.inner_leads",
        ["View elsewhere.outer_leads lacks security_invoker."],
    ),
    "materialised view": (
        "CREATE MATERIALIZED VIEW lead_counts AS SELECT sub_account_id, count(*) FROM leads GROUP BY 1",
        ["Materialised view lead_counts bypasses row security."],
    ),
    "rule": (
        "CREATE RULE copy AS ON INSERT TO leads DO ALSO NOTIFY copied",
        ["Table leads has the rule copy."],
    ),
    # References
    "unpaired foreign key": (
        "ALTER TABLE bookings ADD CONSTRAINT loose FOREIGN KEY (lead_id) REFERENCES leads (id)",
        ["Foreign key loose of bookings points at leads without the sub-account beside it."],
    ),
    "foreign key from a table of nobody": (
        f"CREATE TABLE stray (lead_id bigint REFERENCES leads (id)); ALTER TABLE stray OWNER TO {OWNER}",
        ["Foreign key stray_lead_id_fkey of stray points at leads without the sub-account beside it."],
    ),
    "foreign key to another sub-account": (
        "ALTER TABLE leads ADD partner_id bigint CONSTRAINT loose REFERENCES subaccounts (id)",
        ["Foreign key loose of leads points at subaccounts without the sub-account beside it."],
    ),
    "missing foreign key": (
        "ALTER TABLE bookings DROP CONSTRAINT bookings_lead_id_fk",
        ["Foreign key bookings_lead_id_fk is missing on bookings."],
    ),
    "foreign key that was never validated": (
        "ALTER TABLE bookings DROP CONSTRAINT bookings_lead_id_fk;"
        f"ALTER TABLE bookings ADD CONSTRAINT bookings_lead_id_fk {LEAD_OF_BOOKING} NOT VALID",
        [
            f"Foreign key bookings_lead_id_fk of bookings is '{LEAD_OF_BOOKING} NOT VALID' instead of "
            f"'{LEAD_OF_BOOKING}'."
        ],
    ),
    "foreign keys switched off": (
        "ALTER TABLE bookings DISABLE TRIGGER ALL",
        ["Foreign keys of bookings are switched off."],
    ),
    # The audit trail
    "trigger": (
        "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
        "CREATE TRIGGER meddle BEFORE INSERT ON leads FOR EACH ROW EXECUTE FUNCTION meddle()",
        ["Table leads has the trigger meddle."],
    ),
    "entries the system changes": (
        f"GRANT UPDATE ON audit_entries TO {SYSTEM}",
        [f"{SYSTEM} holds UPDATE on audit_entries, which is appended to only."],
    ),
    "entries the system dates": (
        f"GRANT INSERT ON audit_entries TO {SYSTEM}; GRANT INSERT (created_at) ON audit_entries TO {SYSTEM}",
        [
            f"{SYSTEM} holds INSERT on audit_entries, which is appended to only.",
            f"{SYSTEM} holds INSERT on audit_entries (created_at), which is appended to only.",
        ],
    ),
    "entries a tenant changes": (
        f"GRANT UPDATE, DELETE ON audit_entries TO {TENANT}",
        [f"{TENANT} holds DELETE on audit_entries.", f"{TENANT} holds UPDATE on audit_entries."],
    ),
    "entries a tenant dates": (
        f"GRANT INSERT ON audit_entries TO {TENANT}",
        [f"{TENANT} holds INSERT on audit_entries."],
    ),
    "entries a tenant forges": (
        "ALTER POLICY tenant_insert ON audit_entries WITH CHECK (true)",
        [
            f"Policy tenant_insert on audit_entries is 'FOR INSERT TO {TENANT} WITH CHECK (true)' instead of "
            f'"FOR INSERT TO {TENANT} WITH CHECK ({OWN_ROWS})".'
        ],
    ),
    "young entries deleted": (
        "ALTER POLICY system_prune ON audit_entries USING (true)",
        [
            f"Policy system_prune on audit_entries is 'FOR DELETE TO {SYSTEM} USING (true)' instead of "
            f"\"FOR DELETE TO {SYSTEM} USING (created_at < now() - '90 days'::interval)\"."
        ],
    ),
    "form of another sub-account": (
        "ALTER TABLE form_submissions DROP CONSTRAINT form_submissions_own_form",
        ["Column form_owner_id of form_submissions may name another sub-account."],
    ),
    # Privileges
    "truncate": (f"GRANT TRUNCATE ON leads TO {TENANT}", [f"{TENANT} holds TRUNCATE on leads."]),
    "system table": (f"GRANT SELECT ON admin_users TO {TENANT}", [f"{TENANT} holds SELECT on admin_users."]),
    "catalogue": (f"GRANT UPDATE ON prompt_templates TO {TENANT}", [f"{TENANT} holds UPDATE on prompt_templates."]),
    "table to PUBLIC": ("GRANT SELECT ON leads TO PUBLIC", ["PUBLIC holds SELECT on leads."]),
    "table to the login role": (f"GRANT SELECT ON leads TO {LOGIN}", [f"{LOGIN} holds SELECT on leads."]),
    "column": (
        f"GRANT UPDATE (is_active) ON subaccounts TO {TENANT}",
        [f"{TENANT} holds UPDATE on subaccounts (is_active)."],
    ),
    "column of a system table": (
        f"GRANT SELECT (password) ON admin_users TO {TENANT}",
        [f"{TENANT} holds SELECT on admin_users (password)."],
    ),
    "column to PUBLIC": ("GRANT SELECT (name) ON leads TO PUBLIC", ["PUBLIC holds SELECT on leads (name)."]),
    "all columns of sub-accounts": (
        f"GRANT UPDATE ON subaccounts TO {TENANT}",
        [f"{TENANT} holds UPDATE on subaccounts."],
    ),
    "grant option": (
        f"GRANT SELECT ON leads TO {TENANT} WITH GRANT OPTION",
        [f"{TENANT} may grant SELECT on leads to others."],
    ),
    "sequence": (
        f"GRANT SELECT ON SEQUENCE leads_id_seq TO {TENANT}",
        [f"{TENANT} holds SELECT on the sequence leads_id_seq."],
    ),
    "sequence of a system table": (
        f"GRANT USAGE ON SEQUENCE admin_users_id_seq TO {TENANT}",
        [f"{TENANT} holds USAGE on the sequence admin_users_id_seq."],
    ),
    "sequence to PUBLIC": (
        "GRANT USAGE ON SEQUENCE leads_id_seq TO PUBLIC",
        ["PUBLIC holds USAGE on the sequence leads_id_seq."],
    ),
    "tables yet to be made": (
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT SELECT ON TABLES TO {TENANT}",
        [f"{TENANT} would hold SELECT on tables that {OWNER} makes."],
    ),
    "sequences yet to be made": (
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT USAGE ON SEQUENCES TO PUBLIC",
        [f"PUBLIC would hold USAGE on sequences that {OWNER} makes."],
    ),
    "tables of tenants' own": (
        f"GRANT TEMPORARY ON DATABASE {{database}} TO {TENANT}",
        [f"Role {TENANT} may create temporary tables."],
    ),
    "schema": (
        f"GRANT CREATE ON SCHEMA {{schema}} TO {TENANT}",
        [f"Role {TENANT} may create in the schema."],
    ),
    "function that runs as its owner": (
        "CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp "
        f"AS 'SELECT 1'; ALTER FUNCTION peek OWNER TO {OWNER}",
        ["Tenants may call peek, which is SECURITY DEFINER."],
    ),
    "function without a search_path": (
        "ALTER FUNCTION throttle_hit RESET search_path",
        ["Function throttle_hit is SECURITY DEFINER without a fixed search_path that ends with pg_temp."],
    ),
    "function whose temporary tables come first": (
        "ALTER FUNCTION throttle_hit SET search_path = pg_catalog",
        ["Function throttle_hit is SECURITY DEFINER without a fixed search_path that ends with pg_temp."],
    ),
    "function of a superuser": (
        "ALTER FUNCTION throttle_hit OWNER TO CURRENT_USER",
        [f"Function throttle_hit is SECURITY DEFINER and owned by {{administrator}} instead of {OWNER}."],
    ),
    "leakproof function": (
        "CREATE FUNCTION peek(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'",
        ["Function peek is leakproof."],
    ),
}
